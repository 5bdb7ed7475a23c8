//! Several mistakes in one item are all reported.
use nnx::{Module, Param};
use std::rc::Rc;

#[derive(Module)]
#[module(version = 2)]
struct Model<'a> {
    tied: Rc<Param>,
    #[module(frozen)]
    bias: Param,
    borrowed: &'a Param,
    #[module(rename = "a.b")]
    scale: Param,
}

fn main() {}
