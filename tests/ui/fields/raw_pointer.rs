use nnx::{Module, Param};

#[derive(Module)]
struct Model {
    first: *const Param,
    second: Option<*mut Param>,
}

fn main() {}
