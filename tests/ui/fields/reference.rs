//! Borrowed data.
use nnx::{Array, Module, Param};

#[derive(Module)]
struct Model {
    kernel: &'static Param,
    //~ kernel: Param,
    table: &'static mut Array,
    //~ table: Array,
    name: &'static str,
    names: Vec<&'static [usize]>,
    //~ #[module(static)]
    //~ names: Vec<&'static [usize]>,
}

fn main() {}
