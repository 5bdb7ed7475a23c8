//! Layers around other layers.
use nnx::nn::Layer;
use nnx::{Array, Module};

#[derive(Module)]
struct Residual<L> {
    inner: L,
}

impl<L> Residual<L> {
    //~ impl<L: Layer> Residual<L> {
    fn forward(&mut self, x: &Array) -> Array {
        x + self.inner.forward(x)
    }
}

#[derive(Module)]
struct Scaled<L> {
    inner: L,
}

impl<L> Layer for Scaled<L> {
    //~ impl<L: Module> Layer for Scaled<L> {
    fn forward(&mut self, x: &Array) -> Array {
        x * 2
    }
}

#[derive(Module)]
struct Unused<L> {
    //~ struct Unused {
    scale: usize,
}

fn main() {}
