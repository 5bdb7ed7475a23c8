//! Variants are checked like structs.
use nnx::{Module, Param};
use std::rc::Rc;

#[derive(Module)]
enum Layer {
    Linear { kernel: Rc<Param>, bias: &'static Param },
    Scale(Param, std::cell::RefCell<Param>),
    Flatten,
}

fn main() {}
