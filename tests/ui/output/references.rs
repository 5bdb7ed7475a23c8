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
//~2 fn kernel(linear: &Linear) {
    &linear.kernel
    //~ linear.kernel.clone()
    //~2 let _ = linear;
}

#[nnx::jit(graph = false)]
fn bias<'a>(linear: &'a mut Linear, _x: &Array) -> &'a mut Param {
//~ fn bias(linear: &mut Linear, _x: &Array) -> Param {
//~2 fn bias(linear: &mut Linear, _x: &Array) {
    &mut linear.bias
    //~ linear.bias.clone()
    //~2 let _ = linear;
}

#[nnx::jit(graph = false)]
fn same(x: &Array) -> &Array {
//~ fn same(x: &Array) -> Array {
//~2 fn same(x: &Array) {
    x
    //~ x.clone()
    //~2 let _ = x;
}

impl Linear {
    #[nnx::jit(graph = false)]
    fn weights(&mut self) -> &mut Param {
    //~ fn weights(&mut self) -> Param {
    //~2 fn weights(&mut self) {
        &mut self.kernel
        //~ self.kernel.clone()
        //~2 let _ = self;
    }
}

fn main() {}
