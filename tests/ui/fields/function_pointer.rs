use nnx::{Array, Module, Param};

#[derive(Module)]
struct Layer {
    kernel: Param,
    activation: fn(&Array) -> Array,
    //~ #[module(static)]
    //~ activation: fn(&Array) -> Array,
}

fn main() {}
