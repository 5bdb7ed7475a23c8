//! Graph mode is the default, as in NNX, and must not be meant by accident.

use nnx::Array;

#[nnx::jit]
fn bare(x: &Array) -> Array {
    x.clone()
}

#[nnx::jit()]
fn empty(x: &Array) -> Array {
    x.clone()
}

#[nnx::jit(donate = false)]
fn other_options(x: &Array) -> Array {
    x.clone()
}

#[nnx::jit(graph = true)]
fn on(x: &Array) -> Array {
    x.clone()
}

fn main() {
    bare(&empty(&other_options(&on(&Array::scalar(1.0_f32)))));
}
