//! The results of the function of a transform.
use nnx::{Array, Module, Param};

#[derive(Module)]
struct Model {
    kernel: Param,
}

fn nothing(model: &Model) -> Model {
    nnx::grad(
        |m: &Model| {
            let _ = m.kernel.sum(..);
            //~ m.kernel.sum(..)
        },
        model,
    )
}

fn aux_without_grad(model: &Model) -> Model {
    nnx::grad(|m: &Model| (m.kernel.sum(..), m.kernel.shape().to_vec().len() as f32), model)
    //~ nnx::grad(|m: &Model| (m.kernel.sum(..), m.kernel.shape().to_vec().len()), model)
}

fn option_as_loss(model: &Model) -> Model {
    nnx::grad(|m: &Model| Some(m.kernel.sum(..)), model)
    //~ nnx::grad(|m: &Model| m.kernel.sum(..), model)
}

fn carry_alone(xs: &Array) -> Array {
    nnx::scan(|sum: Array, x: &Array| sum + x, Array::scalar(0.0_f32), xs).0
    //~ nnx::scan(|sum: Array, x: &Array| (sum + x, ()), Array::scalar(0.0_f32), xs).0
}

fn branches_that_differ(x: &Array) -> Array {
    nnx::cond(&x.gt(0.0), |x: &Array| x.clone(), |x: &Array| x.sum(..).item::<f32>(), x)
    //~ nnx::cond(&x.gt(0.0), |x: &Array| x.clone(), |x: &Array| x.sum(..), x)
}

fn bool_as_condition(x: Array) -> Array {
    nnx::while_loop(|x: &Array| x.item::<f32>() < 9.0, |x: Array| x * 2, x)
    //~ nnx::while_loop(|x: &Array| x.lt(9.0), |x: Array| x * 2, x)
}

fn main() {}
