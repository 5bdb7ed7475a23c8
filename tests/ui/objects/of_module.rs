//! There are no objects of `Module` itself. Of the field rustc says so too.
use nnx::{Array, Module, Param};

#[derive(Module)]
struct Model {
    kernel: Param,
    layers: Vec<Box<dyn Module>>,
    //~ layers: nnx::nn::List,
    //~2 layers: Vec<Box<dyn nnx::nn::AnyLayer>>,
}

#[nnx::jit]
fn borrowed(model: &dyn Module, x: &Array) -> Array {
//~ fn borrowed<M: Module>(model: &M, x: &Array) -> Array {
    let _ = model;
    x.clone()
}

#[nnx::jit]
fn boxed(x: &Array) -> Box<dyn Module> {
//~ fn boxed(x: &Array) -> Param {
    Box::new(Param::new(x.clone()))
    //~ Param::new(x.clone())
}

fn main() {}
