use nnx::{Array, Module};

trait Layer {
//~ #[nnx::dyn_module]
//~ trait Layer: Send {
    fn forward(&self, x: &Array) -> Array;
}

#[derive(Module)]
struct Sequential {
    layers: Vec<Box<dyn Layer + Send>>,
    //~ layers: Vec<Box<dyn Layer>>,
}

fn main() {}
