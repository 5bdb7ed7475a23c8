//! `impl Module` as an argument and as the result.

use nnx::module::Shared;
use nnx::{Array, Module, Param};

#[nnx::jit(graph = false)]
//~ #[nnx::jit]
//~2 #[nnx::jit(graph = false)]
fn read(model: &impl Module, x: &Array) -> Array {
    let _ = model;
    x.clone()
}

#[nnx::jit(graph = false)]
//~ #[nnx::jit]
//~2 #[nnx::jit(graph = false)]
fn make(x: &Array) -> impl Module {
    (x.clone(), Shared::new(Param::new(x.clone())))
    //~2 (x.clone(), Param::new(x.clone()))
}

fn main() {
    let x = Array::scalar(1.0_f32);
    read(&[Shared::new(Param::new(x.clone()))], &x);
    //~2 read(&[Param::new(x.clone())], &x);
    make(&x);
}
