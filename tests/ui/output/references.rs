//! Results are new arrays: there is nothing yet that a reference could point to.

use nnx::{Array, Module, Param};

#[derive(Module)]
struct Linear {
    kernel: Param,
    bias: Param,
}

#[nnx::jit(graph = false)]
fn kernel(linear: &Linear) -> &Param {
    &linear.kernel
}

#[nnx::jit(graph = false)]
fn bias<'a>(linear: &'a mut Linear, _x: &Array) -> &'a mut Param {
    &mut linear.bias
}

#[nnx::jit(graph = false)]
fn same(x: &Array) -> &Array {
    x
}

impl Linear {
    #[nnx::jit(graph = false)]
    fn weights(&mut self) -> &mut Param {
        &mut self.kernel
    }
}

fn main() {}
