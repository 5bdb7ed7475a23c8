//! A handle to a parent.
use nnx::Module;
use std::rc::Weak;

#[derive(Module)]
struct Child {
    parent: Weak<Parent>,
    //~ #[module(skip)]
    //~ parent: Weak<()>,
}

#[derive(Module)]
struct Parent {
    children: Vec<Child>,
}

fn main() {}
