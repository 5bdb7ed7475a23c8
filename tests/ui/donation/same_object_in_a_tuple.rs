//! Nor can one object be in two places of one argument: a tree owns its parts.

use nnx::{Array, Module, Param};

#[derive(Module)]
struct Linear {
    kernel: Param,
}

#[nnx::jit(graph = false)]
fn step(layers: &mut (Linear, Linear)) {
    let next = &layers.0.kernel + 1.0;
    layers.1.kernel.set(next);
}

fn main() {
    let linear = Linear { kernel: Param::new(Array::scalar(1.0_f32)) };
    //~ let linear = || Linear { kernel: Param::new(Array::scalar(1.0_f32)) };
    step(&mut (linear, linear));
    //~ step(&mut (linear(), linear()));
    let kernel = Param::new(Array::scalar(1.0_f32));
    nnx::eval_shape(|pair: &(Param, Param)| pair.0.sum(..), &(kernel, kernel));
    //~ nnx::eval_shape(|pair: &(Param, Param)| pair.0.sum(..), &(kernel.clone(), kernel));
}
