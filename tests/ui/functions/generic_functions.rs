//! Missing bounds of generic jitted functions.
use nnx::{Array, Module};

#[nnx::jit(graph = false)]
fn bound_by_another<L: Clone>(layer: &L, x: &Array) -> Array {
    //~ fn bound_by_another<L: Clone + Module>(layer: &L, x: &Array) -> Array {
    let _ = layer.clone();
    x.clone()
}

#[nnx::jit(graph = false)]
fn with_a_closure<F: Fn(&Array) -> Array>(f: F, x: &Array) -> Array {
    //~ fn with_a_closure(#[nnx(static)] f: fn(&Array) -> Array, x: &Array) -> Array {
    f(x)
}

fn main() {}
