//! Type parameters and `impl Trait` without the bound.

use nnx::{Array, Module};

trait Layer {
//~ trait Layer: Module {
    fn forward(&self, x: &Array) -> Array;
}

#[derive(Module)]
struct Residual<L> {
    inner: L,
}

#[nnx::jit(graph = false)]
fn parameter<L: Layer>(layer: &L, x: &Array) -> Array {
    layer.forward(x)
}

#[nnx::jit(graph = false)]
fn inside<L: Layer>(block: &Residual<L>, x: &Array) -> Array {
    block.inner.forward(x)
}

#[nnx::jit(graph = false)]
fn impl_trait(layer: &impl Layer, x: &Array) -> Array {
    layer.forward(x)
}

#[nnx::jit(graph = false)]
fn more_of_them(layer: &mut (impl Layer + Send), owned: impl Layer, x: &Array) -> Array {
    owned.forward(&layer.forward(x))
}

impl<L: Layer> Residual<L> {
    #[nnx::jit(graph = false)]
    fn forward(&self, x: &Array) -> Array {
        self.inner.forward(x)
    }
}

fn main() {}
