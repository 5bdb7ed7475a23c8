//! The item with the mistake is a Module all the same for whatever uses it.
use nnx::{Module, Param};
use std::rc::Rc;

#[derive(Module)]
struct Inner {
    kernel: Rc<Param>,
    //~ kernel: Param,
}

#[derive(Module)]
struct Outer {
    inner: Inner,
    inners: Vec<Inner>,
}

fn takes<M: Module>(_: &M) {}

fn check(outer: &Outer) {
    takes(outer);
    println!("{:?}", Inner::SCHEMA);
}

fn main() {}
