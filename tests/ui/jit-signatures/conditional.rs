//! A parameter that may not be there.

use nnx::Array;

#[nnx::jit(graph = false)]
fn step(x: &Array, #[cfg(not(test))] mask: &Array) -> Array {
//~ fn step(x: &Array, mask: &Array) -> Array {
    x.clone()
}

fn main() {}
