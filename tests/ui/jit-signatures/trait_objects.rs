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
//~2 fn borrowed(layer: &Layers, x: &Array) -> Array {
//~3 fn borrowed<L: Layer + nnx::Module>(layer: &L, x: &Array) -> Array {
    layer.forward(x)
}
//+2 #[derive(nnx::Module)]
//+2 enum Layers {
//+2     Scale(nnx::Param),
//+2     Same,
//+2 }
//+2 impl Layers {
//+2     fn forward(&self, x: &Array) -> Array {
//+2         match self {
//+2             Layers::Scale(scale) => x * scale,
//+2             Layers::Same => x.clone(),
//+2         }
//+2     }
//+2 }

#[nnx::jit(graph = false)]
fn boxed(layers: &mut Vec<Box<dyn Layer + Send>>, x: &Array) -> Array {
//~ fn boxed(layers: &mut Vec<Box<dyn Layer>>, x: &Array) -> Array {
//~2 fn boxed(layers: &mut nnx::nn::List, x: &Array) -> Array {
//~4 fn boxed<L: Layer + nnx::Module>(layers: &mut Vec<L>, x: &Array) -> Array {
    layers[0].forward(x)
    //~ layers[0].forward(x)
    //~2 nnx::nn::Layer::forward(&mut layers[0], x)
    //~4 layers[0].forward(x)
}

fn main() {}
