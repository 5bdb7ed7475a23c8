//! In tuples, options, lists and results.

use nnx::{Array, Error, Param};

#[nnx::jit(graph = false)]
fn tuple(kernel: &Param) -> (Array, &Param) {
    (kernel.value().clone(), kernel)
}

#[nnx::jit(graph = false)]
fn option(kernel: &Param) -> Option<&Array> {
    Some(kernel.value())
}

#[nnx::jit(graph = false)]
fn list(kernel: &mut Param) -> Vec<&mut Param> {
    vec![kernel]
}

#[nnx::jit(graph = false)]
fn result(kernel: &Param) -> Result<&[Array], Error> {
    Ok(std::slice::from_ref(kernel.value()))
}

fn main() {}
