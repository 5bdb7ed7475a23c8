//! A generic Module is a Module only for parameters that are.
use nnx::{Module, Param};
use std::rc::Rc;

#[derive(Module)]
struct Wrap<T> {
    inner: T,
}

#[derive(Module)]
struct Model {
    tied: Wrap<Rc<Param>>,
    //~ tied: Wrap<Param>,
}

fn main() {}
