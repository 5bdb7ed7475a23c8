//! Options of fields on the item, and the other way round.
use nnx::{Module, Param};

#[derive(Module)]
#[module(static)]
//~
struct Config {
    width: usize,
}

#[derive(Module)]
#[module(skip, rename = "config")]
//~
struct Model {
    #[module(crate = nnx)]
    //~
    kernel: Param,
}

fn main() {}
