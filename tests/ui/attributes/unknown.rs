use nnx::{Module, Param};

#[derive(Module)]
#[module(tree)]
struct Model {
    #[module(statc)]
    width: usize,
    #[module(default = 3, skip)]
    depth: usize,
    kernel: Param,
}

fn main() {}
