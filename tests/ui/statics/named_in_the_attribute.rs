//! `static(…)` names parameters.

use nnx::{Array, Module, Param};

#[derive(Module)]
struct Linear {
    kernel: Param,
}

#[nnx::jit(graph = false, static(layer, depth))]
//~ #[nnx::jit(graph = false, static(layers))]
fn unknown(x: &Array, layers: usize, width: usize) -> Array {
    x * layers * width
}

#[nnx::jit(graph = false, static(layers, layers))]
//~ #[nnx::jit(graph = false, static(layers))]
fn twice(x: &Array, layers: usize) -> Array {
    x * layers
}

#[nnx::jit(graph = false, static(layers))]
fn marked_too(x: &Array, #[nnx(static)] layers: usize) -> Array {
//~ fn marked_too(x: &Array, layers: usize) -> Array {
    x * layers
}

#[nnx::jit(graph = false, static(n))]
//~ #[nnx::jit(graph = false)]
fn no_parameters() -> Array {
    Array::scalar(1.0_f32)
}

#[nnx::jit(graph = false, static(a))]
//~ #[nnx::jit(graph = false)]
fn patterns((a, b): (Array, Array), _: usize) -> Array {
    a + b
}

impl Linear {
    #[nnx::jit(graph = false, static(self))]
    //~ #[nnx::jit(graph = false)]
    fn forward(&self, x: &Array) -> Array {
        x * &self.kernel
    }
}

fn main() {}
