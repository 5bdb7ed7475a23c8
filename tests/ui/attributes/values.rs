//! Values where none belong, and none where one does.
use nnx::{Module, Param};

#[derive(Module)]
struct Model {
    #[module(static = true)]
    //~ #[module(static)]
    width: usize,
    #[module(skip = "always")]
    //~ #[module(skip)]
    note: String,
    #[module(rename)]
    //~ #[module(rename = "weight")]
    kernel: Param,
    #[module(rename = kernel)]
    //~ #[module(rename = "kernel")]
    scale: Param,
    #[module(rename = 3)]
    //~ #[module(rename = "third")]
    bias: Param,
}

#[derive(Module)]
#[module(crate)]
//~ #[module(crate = nnx)]
struct NoPath;

#[derive(Module)]
#[module(crate = "my::nnx")]
//~ #[module(crate = ::nnx)]
struct QuotedPath;

fn main() {}
