use nnx::{Array, Module, Param};

#[derive(Module)]
struct Model {
    #[module(skip)]
    //~
    frozen: Param,
    #[module(skip)]
    //~
    cache: Vec<Array>,
}

fn main() {}
