//! Threads and jitted functions.
use nnx::{Array, Module, Param};

#[derive(Module)]
struct Model {
    kernel: Param,
}

#[nnx::jit(graph = false)]
fn step(model: &mut Model, x: &Array) -> Array {
    x * &model.kernel
}

fn two_at_once(model: &mut Model, x: &Array) {
    std::thread::scope(|scope| {
        scope.spawn(|| step(model, x));
        scope.spawn(|| step(model, x));
        //~
    });
}

fn a_constant() -> Array {
    const ONE: Array = Array::scalar(1.0_f32);
    //~ let one = Array::scalar(1.0_f32);
    ONE
    //~ one
}

fn main() {}
