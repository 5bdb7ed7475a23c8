//! The closure of a transform takes one argument, which is a tuple if there are several.
use nnx::{Array, Module, Param};

#[derive(Module)]
struct Model {
    kernel: Param,
}

fn none(model: &Model) -> Model {
    nnx::grad(|| Array::scalar(1.0_f32), model)
    //~ nnx::grad(|_: &Model| Array::scalar(1.0_f32), model)
}

fn two_of_a_tuple(model: &mut Model, x: &Array) -> (Array, (Model, Array)) {
    nnx::value_and_grad(|m: &mut Model, x: &Array| (&m.kernel * x).sum(..), (model, x))
    //~ nnx::value_and_grad(|(m, x): (&mut Model, &Array)| (&m.kernel * x).sum(..), (model, x))
}

fn tuple_of_one(x: &Array) -> Array {
    nnx::vmap(|(x,): (&Array,)| x * 2, x, 0)
    //~ nnx::vmap(|x: &Array| x * 2, x, 0)
}

fn a_loop_without_its_number(x: Array) -> Array {
    nnx::fori_loop(0, 3, |x: Array| x * 2, x)
    //~ nnx::fori_loop(0, 3, |_, x: Array| x * 2, x)
}

fn a_step_without_its_input(x: &Array) -> Array {
    nnx::scan(|sum: Array| (&sum + 1, sum), Array::scalar(0.0_f32), x).1
    //~ nnx::scan(|sum: Array, x: &Array| (&sum + x, sum), Array::scalar(0.0_f32), x).1
}

fn main() {}
