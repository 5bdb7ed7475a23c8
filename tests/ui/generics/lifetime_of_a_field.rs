//! One mistake: the reference is reported, not its lifetime as well.
use nnx::{Module, Param};

#[derive(Module)]
struct Model<'a> {
//~ struct Model {
    kernel: &'a Param,
    //~ kernel: Param,
}

fn main() {}
