//! Nor the parameters and type parameters of the function around it.

use nnx::{Array, Module};

fn train<M: Module>(model: &mut M, x: &Array) -> Array {
    #[nnx::jit(graph = false)]
    fn step(x: &Array, other: &mut M) -> Array {
        let _ = other;
        x + model.bias()
    }
    step(x, model)
}

fn main() {}
