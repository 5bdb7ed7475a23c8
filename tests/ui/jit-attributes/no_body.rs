//! On a method that has no body to trace.

use nnx::{Array, Module};

trait Forward: Module {
    #[nnx::jit(graph = false)]
    //~
    fn forward(&self, x: &Array) -> Array;

    #[nnx::jit(graph = false)]
    //~
    fn named(x: &Array, #[nnx(static)] name: String) -> Array;
    //~ fn named(x: &Array, name: String) -> Array;
}

fn main() {}
