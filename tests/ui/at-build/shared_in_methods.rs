//! In the Module whose method is jitted, and in its other arguments.

use nnx::module::Shared;
use nnx::{Array, Module, Param};

#[derive(Module)]
struct Model {
    tied: (Shared<Param>, Shared<Param>),
}

impl Model {
    #[nnx::jit(graph = false)]
    //~ #[nnx::jit]
    fn forward(&self, x: &Array) -> Array {
        x * &*self.tied.0.read()
    }

    #[nnx::jit(graph = false)]
    //~ #[nnx::jit]
    fn step(x: &Array, other: &mut Self) -> Array {
        x * &*other.tied.0.read()
    }
}

fn main() {
    let node = || Shared::new(Param::new(Array::scalar(1.0_f32)));
    let mut model = Model { tied: (node(), node()) };
    let x = Array::scalar(1.0_f32);
    model.forward(&x);
    Model::step(&x, &mut model);
}
