//! Variants are checked like structs.
use nnx::{Module, Param};
use std::rc::Rc;

#[derive(Module)]
enum Layer {
    Linear { kernel: Rc<Param>, bias: &'static Param },
    //~ Linear { kernel: Param, bias: Param },
    Scale(Param, std::cell::RefCell<Param>),
    //~ Scale(Param, Param),
    Flatten,
}

fn main() {}
