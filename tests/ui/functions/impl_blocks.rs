//! Methods: the receiver, `Self`, and impl blocks of foreign types.
use nnx::{Array, Module, Param};
use std::rc::Rc;

#[derive(Module)]
struct Model {
    kernel: Param,
}

impl Model {
    #[nnx::jit(graph = false)]
    fn through_rc(self: Rc<Self>, x: &Array) -> Array {
        //~ fn through_rc(&self, x: &Array) -> Array {
        x * &self.kernel
    }

    #[nnx::jit(graph = false)]
    fn gives_a_part(&self) -> &Param {
        //~ fn gives_a_part(&self) -> Param {
        &self.kernel
        //~ self.kernel.clone()
    }

    #[nnx::jit(graph = false)]
    fn gives_itself(&mut self) -> &mut Self {
        //~ fn gives_itself(&mut self) {
        self
        //~
    }
}

fn main() {}
