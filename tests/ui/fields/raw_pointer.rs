use nnx::{Module, Param};

#[derive(Module)]
struct Model {
    first: *const Param,
    //~ first: Param,
    second: Option<*mut Param>,
    //~ second: Option<Box<Param>>,
}

fn main() {}
