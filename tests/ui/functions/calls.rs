//! Calls of jitted functions with other arguments than they take.
use nnx::{Array, Module, Param};

#[derive(Module)]
struct Model {
    kernel: Param,
}

#[nnx::jit(graph = false)]
fn step(model: &mut Model, x: &Array, #[nnx(static)] n: usize) -> Array {
    let _ = n;
    x * &model.kernel
}

fn one_too_few(model: &mut Model, x: &Array) -> Array {
    step(model, x)
    //~ step(model, x, 1)
}

fn not_mutable(model: &Model, x: &Array) -> Array {
    //~ fn not_mutable(model: &mut Model, x: &Array) -> Array {
    step(model, x, 1)
}

fn owned(model: &mut Model, x: Array) -> Array {
    step(model, x, 1)
    //~ step(model, &x, 1)
}

fn an_array_as_a_static(model: &mut Model, x: &Array) -> Array {
    step(model, x, x)
    //~ step(model, x, x.size())
}

fn no_such_method(x: &Array) -> String {
    step.lower(x)
    //~ format!("{x}")
}

fn main() {}
