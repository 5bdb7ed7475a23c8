//! `static(…)` names parameters.

use nnx::{Array, Module, Param};

#[derive(Module)]
struct Linear {
    kernel: Param,
}

#[nnx::jit(graph = false, static(layer, depth))]
fn unknown(x: &Array, layers: usize, width: usize) -> Array {
    x * layers * width
}

#[nnx::jit(graph = false, static(layers, layers))]
fn twice(x: &Array, layers: usize) -> Array {
    x * layers
}

#[nnx::jit(graph = false, static(layers))]
fn marked_too(x: &Array, #[nnx(static)] layers: usize) -> Array {
    x * layers
}

#[nnx::jit(graph = false, static(n))]
fn no_parameters() -> Array {
    Array::scalar(1.0_f32)
}

#[nnx::jit(graph = false, static(a))]
fn patterns((a, b): (Array, Array), _: usize) -> Array {
    a + b
}

impl Linear {
    #[nnx::jit(graph = false, static(self))]
    fn forward(&self, x: &Array) -> Array {
        x * &self.kernel
    }
}

fn main() {}
