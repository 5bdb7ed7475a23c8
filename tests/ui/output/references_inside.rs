//! In tuples, options, lists and results.

use nnx::{Array, Error, Param};

#[nnx::jit(graph = false)]
fn tuple(kernel: &Param) -> (Array, &Param) {
//~ fn tuple(kernel: &Param) -> (Array, Param) {
    (kernel.value().clone(), kernel)
    //~ (kernel.value().clone(), kernel.clone())
}

#[nnx::jit(graph = false)]
fn option(kernel: &Param) -> Option<&Array> {
//~ fn option(kernel: &Param) -> Option<Array> {
    Some(kernel.value())
    //~ Some(kernel.value().clone())
}

#[nnx::jit(graph = false)]
fn list(kernel: &mut Param) -> Vec<&mut Param> {
//~ fn list(kernel: &mut Param) -> Vec<Param> {
    vec![kernel]
    //~ vec![kernel.clone()]
}

#[nnx::jit(graph = false)]
fn result(kernel: &Param) -> Result<&[Array], Error> {
//~ fn result(kernel: &Param) -> Result<Vec<Array>, Error> {
    Ok(std::slice::from_ref(kernel.value()))
    //~ Ok(vec![kernel.value().clone()])
}

fn main() {}
