//! Several mistakes in one item are all reported.
use nnx::{Module, Param};
use std::rc::Rc;

#[derive(Module)]
#[module(version = 2)]
//~
struct Model<'a> {
//~ struct Model {
    tied: Rc<Param>,
    //~ tied: nnx::Shared<Param>,
    #[module(frozen)]
    //~
    bias: Param,
    borrowed: &'a Param,
    //~ borrowed: Param,
    #[module(rename = "a.b")]
    //~ #[module(rename = "b")]
    scale: Param,
}

fn main() {}
