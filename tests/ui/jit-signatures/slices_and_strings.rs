//! Borrowed lists and strings.

use nnx::{Array, Param};

#[nnx::jit(graph = false)]
fn slice(xs: &[Array]) -> Array {
//~ fn slice(xs: &Vec<Array>) -> Array {
    xs[0].clone()
}

#[nnx::jit(graph = false)]
fn mutable(kernels: &mut [Param], x: &Array) {
//~ fn mutable(kernels: &mut Vec<Param>, x: &Array) {
    kernels[0].set(x.clone());
}

#[nnx::jit(graph = false)]
fn boxed(xs: Box<[Array]>) -> Array {
//~ fn boxed(xs: Vec<Array>) -> Array {
    xs[0].clone()
}

#[nnx::jit(graph = false)]
fn text(x: &Array, mode: &str) -> Array {
//~ fn text(x: &Array, mode: &'static str) -> Array {
    assert_eq!(mode, "same");
    x.clone()
}

fn main() {}
