//! `impl Module` as an argument and as the result.

use nnx::module::Shared;
use nnx::{Array, Module, Param};

#[nnx::jit(graph = false)]
//~ #[nnx::jit]
fn read(model: &impl Module, x: &Array) -> Array {
    let _ = model;
    x.clone()
}

#[nnx::jit(graph = false)]
//~ #[nnx::jit]
fn make(x: &Array) -> impl Module {
    (x.clone(), Shared::new(Param::new(x.clone())))
}

fn main() {
    let x = Array::scalar(1.0_f32);
    read(&[Shared::new(Param::new(x.clone()))], &x);
    make(&x);
}
