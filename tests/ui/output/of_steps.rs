//! Results of jitted steps.
use nnx::{Array, Module, Param};

#[derive(Module)]
struct Model {
    kernel: Param,
}

#[nnx::jit(graph = false)]
fn closure(x: &Array) -> Box<dyn Fn(&Array) -> Array> {
    //~ fn closure(x: &Array) -> Array {
    let x = x.clone();
    Box::new(move |y| &x * y)
    //~ x
}

#[nnx::jit(graph = false)]
fn iterator(model: &Model) -> impl Iterator<Item = Array> {
    //~ fn iterator(model: &Model) -> Vec<Array> {
    std::iter::once(model.kernel.sum(..))
    //~ vec![model.kernel.sum(..)]
}

#[nnx::jit(graph = false)]
fn error(x: &Array) -> Result<Array, String> {
    //~2 fn error(x: &Array) -> Result<Array, nnx::Error> {
    Ok(x.clone())
}

fn main() {}
