//! Numbers that change.
use nnx::Array;

#[nnx::jit(graph = false)]
fn by_mutable_reference(x: &Array, step: &mut usize) -> Array {
    //~ fn by_mutable_reference(x: &Array, step: &mut Array) -> Array {
    *step += 1;
    x.clone()
}

#[nnx::jit(graph = false)]
fn option(x: &Array, rate: Option<f64>) -> Array {
    //~ fn option(x: &Array, rate: Option<Array>) -> Array {
    let _ = rate;
    x.clone()
}

fn main() {}
