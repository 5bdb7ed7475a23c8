//! Results are new arrays: there is nothing yet that a reference could point to.

use nnx::{Array, Module, Param};

#[derive(Module)]
struct Linear {
    kernel: Param,
    bias: Param,
}

#[nnx::jit(graph = false)]
fn kernel(linear: &Linear) -> &Param {
//~ fn kernel(linear: &Linear) -> Param {
    &linear.kernel
    //~ linear.kernel.clone()
}

#[nnx::jit(graph = false)]
fn bias<'a>(linear: &'a mut Linear, _x: &Array) -> &'a mut Param {
//~ fn bias(linear: &mut Linear, _x: &Array) -> Param {
    &mut linear.bias
    //~ linear.bias.clone()
}

#[nnx::jit(graph = false)]
fn same(x: &Array) -> &Array {
//~ fn same(x: &Array) -> Array {
    x
    //~ x.clone()
}

impl Linear {
    #[nnx::jit(graph = false)]
    fn weights(&mut self) -> &mut Param {
    //~ fn weights(&mut self) -> Param {
        &mut self.kernel
        //~ self.kernel.clone()
    }
}

fn main() {}
