use nnx::{Module, Param};

#[derive(Module)]
#[module(tree)]
//~
struct Model {
    #[module(statc)]
    //~ #[module(static)]
    width: usize,
    #[module(default = 3, skip)]
    //~ #[module(skip)]
    depth: usize,
    kernel: Param,
}

fn main() {}
