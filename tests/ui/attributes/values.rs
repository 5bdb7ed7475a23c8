//! Values where none belong, and none where one does.
use nnx::{Module, Param};

#[derive(Module)]
struct Model {
    #[module(static = true)]
    width: usize,
    #[module(skip = "always")]
    note: String,
    #[module(rename)]
    kernel: Param,
    #[module(rename = kernel)]
    scale: Param,
    #[module(rename = 3)]
    bias: Param,
}

#[derive(Module)]
#[module(crate)]
struct NoPath;

#[derive(Module)]
#[module(crate = "my::nnx")]
struct QuotedPath;

fn main() {}
