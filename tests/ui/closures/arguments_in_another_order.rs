//! The function of a transform comes first.
use nnx::{Array, Module, Param};

#[derive(Module)]
struct Model {
    kernel: Param,
}

fn model_first(model: &Model) -> Model {
    nnx::grad(model, |m: &Model| m.kernel.sum(..))
    //~ nnx::grad(|m: &Model| m.kernel.sum(..), model)
}

fn grad_as_in_jax(model: &Model) -> Model {
    nnx::grad(|m: &Model| m.kernel.sum(..))(model)
    //~ nnx::grad(|m: &Model| m.kernel.sum(..), model)
}

fn main() {}
