//! There are no objects of `Module` itself. Of the field rustc says so too.
use nnx::{Array, Module, Param};

#[derive(Module)]
struct Model {
    kernel: Param,
    layers: Vec<Box<dyn Module>>,
    //~ layers: nnx::nn::List,
    //~2 layers: Vec<Box<dyn Layer>>,
    //~3 layers: Vec<Layers>,
}
//+2 #[nnx::dyn_module]
//+2 trait Layer: Send {
//+2     fn forward(&mut self, x: &Array) -> Array;
//+2 }
//+3 #[derive(Module)]
//+3 enum Layers {
//+3     Linear(nnx::nn::Linear),
//+3     Dropout(nnx::nn::Dropout),
//+3 }

#[nnx::jit]
fn borrowed(model: &dyn Module, x: &Array) -> Array {
//~3 fn borrowed<M: Module>(model: &M, x: &Array) -> Array {
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
