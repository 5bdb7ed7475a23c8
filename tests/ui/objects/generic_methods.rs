//! Methods that objects cannot have.
use nnx::{Array, Module, Param};

#[nnx::dyn_module]
trait Layer {
    fn forward<T: Into<Array>>(&self, x: T) -> Array;
    //~ fn forward(&self, x: Array) -> Array;
    fn shown(&self, x: impl Into<Array>) -> Array;
    //~ fn shown(&self, x: Array) -> Array;
    //~2 fn shown(&self, x: impl Into<Array>) -> Array
    //~2 where
    //~2     Self: Sized;
    fn make(x: &Array) -> Self;
    //~ fn make(&self, x: &Array) -> Array;
    //~2 fn make(x: &Array) -> Self
    //~2 where
    //~2     Self: Sized;
    fn copy(&self) -> Self;
    //~ fn copy(&self) -> Box<dyn Layer>;
    async fn fetch(&self) -> Array;
    //~ fn fetch(&self) -> Array;
}

#[derive(Module)]
struct Model {
    layers: Vec<Box<dyn Layer>>,
    kernel: Param,
}

#[nnx::jit(graph = false)]
fn forward(model: &Model, x: &Array) -> Array {
    x * &model.kernel
}

fn main() {}
