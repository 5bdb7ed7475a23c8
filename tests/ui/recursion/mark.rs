//! `recursive` where there is nothing to end.
use nnx::{Module, Param};

#[derive(Module)]
struct Model {
    kernel: Param,
    #[module(recursive, skip)]
    //~ #[module(skip)]
    note: String,
    #[module(recursive = true)]
    //~ #[module(recursive)]
    inner: Option<Box<Model>>,
}

fn main() {}
