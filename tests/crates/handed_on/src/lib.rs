//! A crate that has nnx from the library, and says so once, in its Cargo.toml.

use library::nnx::{Array, Module, Param, dyn_module, jit};

#[derive(Module)]
pub struct Layer {
    kernel: Param,
}

#[jit(graph = false)]
pub fn forward(layer: &Layer, x: &Array) -> Array {
    x * &*layer.kernel
}

#[dyn_module]
pub trait Forward {
    fn forward(&self, x: &Array) -> Array;
}
