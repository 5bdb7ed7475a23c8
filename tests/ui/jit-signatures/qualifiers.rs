//! Qualifiers that a jitted function cannot have.

use nnx::Array;

#[nnx::jit(graph = false)]
async fn asynchronous(x: &Array) -> Array {
//~ fn asynchronous(x: &Array) -> Array {
    x.clone()
}

#[nnx::jit(graph = false)]
const fn constant(x: &Array) -> Array {
//~ fn constant(x: &Array) -> Array {
    x.clone()
}

#[nnx::jit(graph = false)]
unsafe fn not_safe(x: &Array) -> Array {
//~ fn not_safe(x: &Array) -> Array {
    x.clone()
}

#[nnx::jit(graph = false)]
extern "C" fn foreign(x: &Array) -> Array {
//~ fn foreign(x: &Array) -> Array {
    x.clone()
}

#[nnx::jit(graph = false)]
unsafe extern "C" fn variadic(x: &Array, _: ...) -> Array {
//~ fn variadic(x: &Array, _: Vec<Array>) -> Array {
    x.clone()
}

fn main() {}
