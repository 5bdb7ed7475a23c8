use nnx::{Module, Param};

#[derive(Module)]
struct Model {
    kernel: Param,
    #[module(static, skip)]
    //~ #[module(static)]
    width: usize,
    #[module(skip)]
    //~
    #[module(static)]
    depth: usize,
}

fn main() {}
