//! Only a Module can be an object of such a trait.
use nnx::{Array, Module, Param};

#[nnx::dyn_module]
trait Layer {
    fn forward(&mut self, x: &Array) -> Array;
}

struct Scale(Param);
//~ #[derive(Module)]
//~ struct Scale(Param);

impl Layer for Scale {
    fn forward(&mut self, x: &Array) -> Array {
        x * &self.0
    }
}

#[derive(Module)]
struct Model {
    layers: Vec<Box<dyn Layer>>,
}

fn main() {}
