//! Functions and closures cannot be arguments; functions can be static.

use nnx::Array;

#[nnx::jit(graph = false)]
fn pointer(f: fn(&Array) -> Array, x: &Array) -> Array {
//~ fn pointer(#[nnx(static)] f: fn(&Array) -> Array, x: &Array) -> Array {
    f(x)
}

#[nnx::jit(graph = false)]
fn closure(f: impl Fn(&Array) -> Array, x: &Array) -> Array {
//~ fn closure(#[nnx(static)] f: fn(&Array) -> Array, x: &Array) -> Array {
    f(x)
}

#[nnx::jit(graph = false)]
fn borrowed_closure(f: &mut impl FnMut(&Array) -> Array, x: &Array) -> Array {
//~ fn borrowed_closure(#[nnx(static)] f: fn(&Array) -> Array, x: &Array) -> Array {
    f(x)
}

#[nnx::jit(graph = false)]
fn boxed(f: Option<Box<dyn Fn(&Array) -> Array>>, x: &Array) -> Option<Array> {
//~ fn boxed(#[nnx(static)] f: Option<fn(&Array) -> Array>, x: &Array) -> Option<Array> {
    f.map(|f| f(x))
}

#[nnx::jit(graph = false)]
fn parameter<F: Fn(&Array) -> Array>(f: F, x: &Array) -> Array {
//~ fn parameter(#[nnx(static)] f: fn(&Array) -> Array, x: &Array) -> Array {
    f(x)
}

fn main() {}
