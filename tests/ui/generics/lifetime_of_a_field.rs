//! One mistake: the reference is reported, not its lifetime as well.
use nnx::{Module, Param};

#[derive(Module)]
struct Model<'a> {
    kernel: &'a Param,
}

fn main() {}
