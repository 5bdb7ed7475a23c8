//! Borrowed data.
use nnx::{Array, Module, Param};

#[derive(Module)]
struct Model {
    kernel: &'static Param,
    table: &'static mut Array,
    name: &'static str,
    names: Vec<&'static [usize]>,
}

fn main() {}
