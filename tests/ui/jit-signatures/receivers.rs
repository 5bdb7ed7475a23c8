//! Forms of `self` that are neither `self`, `&self` nor `&mut self`.

use nnx::{Array, Module, Param};
use std::pin::Pin;
use std::rc::Rc;

#[derive(Module)]
struct Linear {
    kernel: Param,
}

impl Linear {
    #[nnx::jit(graph = false)]
    fn counted(self: Rc<Self>, x: &Array) -> Array {
    //~ fn counted(&self, x: &Array) -> Array {
        x * &self.kernel
    }

    #[nnx::jit(graph = false)]
    fn pinned(self: Pin<&mut Self>, x: &Array) -> Array {
    //~ fn pinned(&mut self, x: &Array) -> Array {
        x * &self.kernel
    }
}

fn main() {}
