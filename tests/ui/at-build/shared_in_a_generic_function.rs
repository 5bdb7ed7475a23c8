//! Nothing is wrong with the function, but with one of its instances.

use nnx::module::Shared;
use nnx::{Array, Module, Param};

#[derive(Module)]
struct Block<L> {
    inner: L,
}

#[nnx::jit(graph = false)]
//~ #[nnx::jit]
fn count<M: Module>(block: &Block<M>, x: &Array) -> Array {
    let _ = &block.inner;
    x.clone()
}

fn main() {
    let x = Array::scalar(1.0_f32);
    count(&Block { inner: Param::new(x.clone()) }, &x);
    count(&Block { inner: Shared::new(Param::new(x.clone())) }, &x);
}
