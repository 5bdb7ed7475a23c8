//! The choice of parameters that are differentiated.
use nnx::module::{BatchStat, LoRAParam};
use nnx::{Array, Module, Param, Variable, of_type};

#[derive(Module)]
struct Model {
    kernel: Param,
    mean: Variable<BatchStat>,
}

fn argnums(model: &Model) -> Model {
    nnx::grad(|m: &Model| m.kernel.sum(..), model, 0)
    //~ nnx::grad(|m: &Model| m.kernel.sum(..), model)
}

fn filter_as_a_third(model: &Model) -> Model {
    nnx::grad(|m: &Model| m.kernel.sum(..), model, of_type::<LoRAParam>())
    //~ nnx::grad(|m: &Model| m.kernel.sum(..), nnx::wrt(of_type::<LoRAParam>(), model))
}

fn has_aux(model: &Model) -> Model {
    let (grads, _) = nnx::grad(|m: &Model| (m.kernel.sum(..), m.kernel.mean(..)), model);
    //~ let grads = nnx::grad(|m: &Model| (m.kernel.sum(..), m.kernel.mean(..)), model);
    grads
}

fn of_a_number(x: f32) -> f32 {
    nnx::grad(|x: &f32| x * x, &x)
    //~ nnx::grad(|x: &Array| x * x, &Array::scalar(x)).item()
}

fn field_alone(model: &Model) -> Param {
    nnx::grad(|m: &Model| m.kernel.sum(..), model.kernel)
    //~ nnx::grad(|kernel: &Param| kernel.sum(..), &model.kernel)
}

fn main() {}
