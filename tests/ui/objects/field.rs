use nnx::{Array, Module};

trait Layer {
//~ #[nnx::dyn_module]
//~ trait Layer: Send {
//~2 trait Layer {
//~3 trait Layer {
//~4 trait Layer {
    fn forward(&self, x: &Array) -> Array;
}

#[derive(Module)]
struct Sequential {
    layers: Vec<Box<dyn Layer + Send>>,
    //~ layers: Vec<Box<dyn Layer>>,
    //~2 layers: nnx::nn::List,
    //~3 layers: Vec<Layers>,
    //~4 #[module(static)]
    //~4 layers: Vec<fn(&Array) -> Array>,
    //~4 activation: nnx::nn::Activation,
}
//+3 #[derive(Module)]
//+3 enum Layers {
//+3     Linear(nnx::nn::Linear),
//+3     Dropout(nnx::nn::Dropout),
//+3 }

fn main() {}
