//! On a method that has no body to trace.

use nnx::{Array, Module};

trait Forward: Module {
    #[nnx::jit(graph = false)]
    //~
    //~2 #[nnx::jit(graph = false)]
    fn forward(&self, x: &Array) -> Array;
    //~2 fn forward(&self, x: &Array) -> Array { x.clone() }

    #[nnx::jit(graph = false)]
    //~
    //~2 #[nnx::jit(graph = false)]
    fn named(x: &Array, #[nnx(static)] name: String) -> Array;
    //~ fn named(x: &Array, name: String) -> Array;
    //~2 fn named(x: &Array, #[nnx(static)] name: String) -> Array { x * name.len() }
}

fn main() {}
