//! A generic type is a Module for Modules in its parameters alone, which the trait does not say.
use nnx::{Array, Module};

#[nnx::dyn_module]
trait Layer {
    fn forward(&mut self, x: &Array) -> Array;
}

#[derive(Module)]
struct Residual<L> {
    inner: L,
}

impl<L: Layer> Layer for Residual<L> {
//~ impl<L: Layer + nnx::Module> Layer for Residual<L> {
    fn forward(&mut self, x: &Array) -> Array {
        x + self.inner.forward(x)
    }
}

fn main() {}
