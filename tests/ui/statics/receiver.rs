//! `self` has arrays in it.

use nnx::{Array, Module, Param};

#[derive(Module)]
struct Linear {
    kernel: Param,
}

impl Linear {
    #[nnx::jit(graph = false)]
    fn forward(#[nnx(static)] &self, x: &Array) -> Array {
    //~ fn forward(&self, x: &Array) -> Array {
        x * &self.kernel
    }
}

fn main() {}
