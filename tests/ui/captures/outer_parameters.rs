//! Nor the parameters and type parameters of the function around it.

use nnx::{Array, Module};

fn train<M: Module>(model: &mut M, x: &Array) -> Array {
//~ fn train<M: Module>(model: &mut M, bias: &Array, x: &Array) -> Array {
    #[nnx::jit(graph = false)]
    fn step(x: &Array, other: &mut M) -> Array {
    //~ fn step<M: Module>(x: &Array, bias: &Array, other: &mut M) -> Array {
        let _ = other;
        x + model.bias()
        //~ x + bias
    }
    step(x, model)
    //~ step(x, bias, model)
}

fn main() {}
