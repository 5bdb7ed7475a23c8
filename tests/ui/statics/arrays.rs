//! A value that changes from call to call cannot be part of the program.

use nnx::{Array, Param};

#[nnx::jit(graph = false)]
fn array(#[nnx(static)] x: Array) -> Array {
//~3 fn array(x: Array) -> Array {
    x
}

#[nnx::jit(graph = false)]
fn param(x: &Array, #[nnx(static)] kernel: Vec<Param>) -> Array {
//~3 fn param(x: &Array, kernel: Vec<Param>) -> Array {
    x * &kernel[0]
}

#[nnx::jit(graph = false)]
fn with_a_float(x: &Array, #[nnx(static)] scale: (f32, Array)) -> Array {
//~3 fn with_a_float(x: &Array, scale: (Array, Array)) -> Array {
    x * scale.0 + scale.1
}

fn main() {}
