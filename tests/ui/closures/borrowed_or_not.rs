//! A closure gets an argument in the form in which it was lent.
use nnx::{Array, Module, Param};

#[derive(Module)]
struct Model {
    kernel: Param,
}

fn owned(model: &Model) -> Model {
    nnx::grad(|m: Model| m.kernel.sum(..), model)
    //~ nnx::grad(|m: &Model| m.kernel.sum(..), model)
}

fn shared_of_a_mutable(model: &mut Model) -> (Array, Model) {
    nnx::value_and_grad(|m: &Model| m.kernel.sum(..), model)
    //~ nnx::value_and_grad(|m: &mut Model| m.kernel.sum(..), model)
}

fn owned_of_a_pair(model: &Model, x: &Array) -> Array {
    nnx::vmap(|(m, x): (&Model, Array)| &m.kernel * x, (model, x), (None::<isize>, 0))
    //~ nnx::vmap(|(m, x): (&Model, &Array)| &m.kernel * x, (model, x), (None::<isize>, 0))
}

fn borrowed_carry(x: Array) -> Array {
    nnx::while_loop(|x: &Array| x.lt(9.0), |x: &Array| x * 2, x)
    //~ nnx::while_loop(|x: &Array| x.lt(9.0), |x: Array| x * 2, x)
}

fn owned_condition(x: Array) -> Array {
    nnx::while_loop(|x: Array| x.lt(9.0), |x: Array| x * 2, x)
    //~ nnx::while_loop(|x: &Array| x.lt(9.0), |x: Array| x * 2, x)
}

fn another_model(model: &Model) -> Model {
    nnx::grad(|m: &Array| m.sum(..), model)
    //~ nnx::grad(|m: &Model| m.kernel.sum(..), model)
}

fn main() {}
