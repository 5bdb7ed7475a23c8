//! Functions in the place of closures.
use nnx::nn::Linear;
use nnx::{Array, Module, Param};

#[derive(Module)]
struct Model {
    kernel: Param,
}

impl Model {
    fn loss(&self, x: &Array) -> Array {
        (&self.kernel * x).sum(..)
    }
}

fn method_of_two(model: &Model, x: &Array) -> Model {
    nnx::grad(Model::loss, (model, x)).0
    //~ nnx::grad(|(m, x): (&Model, &Array)| m.loss(x), (model, x)).0
}

fn called(model: &Model, x: &Array) -> Model {
    nnx::grad(model.loss(x), model)
    //~ nnx::grad(|m: &Model| m.loss(x), model)
}

fn layer(linear: &Linear, xs: &Array) -> Array {
    nnx::vmap(Linear::forward, (linear, xs), (None::<isize>, 0))
    //~ nnx::vmap(|(linear, x): (&Linear, &Array)| linear.forward(x), (linear, xs), (None::<isize>, 0))
}

fn main() {}
