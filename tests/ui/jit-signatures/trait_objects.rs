//! What is behind `dyn` is not known when Rust compiles.

use nnx::Array;

trait Layer {
    fn forward(&self, x: &Array) -> Array;
}

#[nnx::jit(graph = false)]
fn borrowed(layer: &dyn Layer, x: &Array) -> Array {
    layer.forward(x)
}

#[nnx::jit(graph = false)]
fn boxed(layers: &mut Vec<Box<dyn Layer + Send>>, x: &Array) -> Array {
    layers[0].forward(x)
}

fn main() {}
