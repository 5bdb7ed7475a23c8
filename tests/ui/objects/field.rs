use nnx::{Array, Module};

trait Layer {
    fn forward(&self, x: &Array) -> Array;
}

#[derive(Module)]
struct Sequential {
    layers: Vec<Box<dyn Layer + Send>>,
}

fn main() {}
