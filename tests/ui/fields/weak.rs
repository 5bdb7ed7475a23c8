//! A handle to a parent.
use nnx::Module;
use std::rc::Weak;

#[derive(Module)]
struct Child {
    parent: Weak<Parent>,
    //~ parent: nnx::module::SharedWeak<Parent>,
}

#[derive(Module)]
struct Parent {
    children: Vec<Child>,
    //~ children: Vec<nnx::module::Shared<Child>>,
}

fn main() {}
