// How transforms take their arguments, and what they give to the function.
use nnx::{Array, Module, Param};

#[derive(Module)]
struct Model {
    kernel: Param,
}

fn by_value(model: Model) -> Model {
    nnx::grad(|m: &Model| m.kernel.sum(..), model)
    //~ nnx::grad(|m: &Model| m.kernel.sum(..), &model)
}

fn not_a_tuple(model: &Model, x: &Array) -> Array {
    nnx::remat(|m: &Model, x: &Array| &m.kernel * x, (model, x))
    //~ nnx::remat(|(m, x): (&Model, &Array)| &m.kernel * x, (model, x))
}

fn mutable_of_a_shared(model: &Model) -> Model {
    nnx::grad(|m: &mut Model| m.kernel.sum(..), model)
    //~ nnx::grad(|m: &Model| m.kernel.sum(..), model)
}

fn number_as_loss(model: &Model) -> Model {
    nnx::grad(|m: &Model| m.kernel.sum(..).item::<f32>(), model)
    //~ nnx::grad(|m: &Model| m.kernel.sum(..), model)
}

fn axes(x: &Array) -> Array {
    nnx::vmap(|x: &Array| x.sum(..), x, "batch")
    //~ nnx::vmap(|x: &Array| x.sum(..), x, 0)
}

fn inputs(x: Array) -> Array {
    nnx::scan(|h: Array, x: &Array| (h + x, ()), Array::scalar(0.0_f32), x).0
    //~ nnx::scan(|h: Array, x: &Array| (h + x, ()), Array::scalar(0.0_f32), &x).0
}

fn borrowed_carry(x: &Array) -> Array {
    nnx::fori_loop(0, 10, |_, x: Array| x * 2, x)
    //~ nnx::fori_loop(0, 10, |_, x: Array| x * 2, x.clone())
}

fn main() {}
