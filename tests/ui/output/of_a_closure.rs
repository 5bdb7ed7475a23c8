//! The result of a transform's closure is new as well: it cannot point into the argument.

use nnx::{Array, Module, Param};

#[derive(Module)]
struct Linear {
    kernel: Param,
}

fn main() {
    let mut linear = Linear { kernel: Param::new(Array::scalar(1.0_f32)) };
    nnx::eval_shape(|linear: &Linear| &linear.kernel, &linear);
    //~ nnx::eval_shape(|linear: &Linear| linear.kernel.clone(), &linear);
    nnx::eval_shape(|linear: &mut Linear| linear, &mut linear);
    //~ nnx::eval_shape(|linear: &mut Linear| nnx::module::clone(linear), &mut linear);
    nnx::make_graph(|kernel: &Param| kernel, &linear.kernel);
    //~ nnx::make_graph(|kernel: &Param| kernel.clone(), &linear.kernel);
    nnx::value_and_grad(|linear: &Linear| (linear.kernel.sum(..), linear), &linear);
    //~ nnx::value_and_grad(|linear: &Linear| linear.kernel.sum(..), &linear);
    nnx::vmap(|linear: &mut Linear| linear, &mut linear, 0);
    //~ nnx::vmap(|linear: &mut Linear| linear.kernel.clone(), &mut linear, 0);
}
