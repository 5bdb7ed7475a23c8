use nnx::{Array, Module};

trait Layer {
//~ #[nnx::dyn_module]
//~ trait Layer: Send {
//~2 trait Layer {
    fn forward(&self, x: &Array) -> Array;
}

#[derive(Module)]
struct Sequential {
    layers: Vec<Box<dyn Layer + Send>>,
    //~ layers: Vec<Box<dyn Layer>>,
    //~2 layers: nnx::nn::List,
}

fn main() {}
