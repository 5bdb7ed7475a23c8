use nnx::{Module, Param};

struct Logger;
//~ #[derive(Clone)]
//~ struct Logger;

#[derive(Module)]
struct Model {
    kernel: Param,
    #[module(skip)]
    logger: Logger,
}

fn main() {}
