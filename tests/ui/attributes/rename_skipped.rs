use nnx::{Module, Param};

#[derive(Module)]
struct Model {
    kernel: Param,
    #[module(skip, rename = "remark")]
    //~ #[module(skip)]
    note: String,
}

fn main() {}
