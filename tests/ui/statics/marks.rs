//! Marks that do not exist, and the one that does in other forms.

use nnx::Array;

#[nnx::jit(graph = false)]
fn unknown(x: &Array, #[nnx(statics)] n: usize, #[nnx(donate)] y: Array) -> Array {
//~ fn unknown(x: &Array, #[nnx(static)] n: usize, y: Array) -> Array {
    x * n + y
}

#[nnx::jit(graph = false)]
fn forms(x: &Array, #[nnx] a: usize, #[nnx = "static"] b: usize, #[nnx(static = true)] c: usize) -> Array {
//~ fn forms(x: &Array, #[nnx(static)] a: usize, #[nnx(static)] b: usize, #[nnx(static)] c: usize) -> Array {
    x * a * b * c
}

#[nnx::jit(graph = false)]
fn twice(x: &Array, #[nnx(static)] #[nnx(static)] n: usize) -> Array {
//~ fn twice(x: &Array, #[nnx(static)] n: usize) -> Array {
    x * n
}

fn main() {}
