//! The type behind `dyn` is not known when Rust compiles.

use nnx::Array;

trait Layer {
//~ #[nnx::dyn_module]
//~ trait Layer: Send {
    fn forward(&self, x: &Array) -> Array;
}

#[nnx::jit(graph = false)]
fn borrowed(layer: &dyn Layer, x: &Array) -> Array {
//~ fn borrowed(layer: &Box<dyn Layer>, x: &Array) -> Array {
    layer.forward(x)
}

#[nnx::jit(graph = false)]
fn boxed(layers: &mut Vec<Box<dyn Layer + Send>>, x: &Array) -> Array {
//~ fn boxed(layers: &mut Vec<Box<dyn Layer>>, x: &Array) -> Array {
    layers[0].forward(x)
}

fn main() {}
