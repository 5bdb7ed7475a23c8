use nnx::{Module, Param};

#[derive(Module)]
struct Model {
    kernel: Param,
    #[module(skip, rename = "remark")]
    note: String,
}

fn main() {}
