// The body ends with a value, and the signature does not say so.
use nnx::{Array, Module, Param};

#[derive(Module)]
struct Model {
    kernel: Param,
}

#[nnx::jit(graph = false)]
fn sum(x: &Array, y: &Array) {
//~ fn sum(x: &Array, y: &Array) -> Array {
    x + y
}

#[nnx::jit(graph = false)]
fn pair(x: &Array) {
//~ fn pair(x: &Array) -> (Array, Array) {
    let y = x * 2;
    (x.clone(), y)
}

impl Model {
    #[nnx::jit(graph = false)]
    fn forward(&self, x: &Array) {
    //~ fn forward(&self, x: &Array) -> Array {
        x.matmul(&self.kernel)
    }
}

fn main() {}
