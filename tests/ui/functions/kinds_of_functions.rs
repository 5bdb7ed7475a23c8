//! Words before `fn`.
use nnx::{Array, Module, Param};

#[nnx::jit]
async fn fetch(x: &Array) -> Array {
    //~ fn fetch(x: &Array) -> Array {
    x.clone()
}

#[derive(Module)]
struct Model(Param);

impl Model {
    #[nnx::jit]
    const fn constant(&self) -> Array {
        //~ fn constant(&self) -> Array {
        self.0.value().clone()
    }

    #[nnx::jit]
    pub unsafe fn not_safe(&self) -> Array {
        //~ pub fn not_safe(&self) -> Array {
        self.0.sum(..)
    }
}

fn main() {}
