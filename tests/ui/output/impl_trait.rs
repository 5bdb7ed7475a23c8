//! `impl Trait` must be a Module behind its name.

use nnx::Array;

#[nnx::jit(graph = false)]
fn iterator(x: &Array) -> impl Iterator<Item = Array> {
//~ fn iterator(x: &Array) -> Vec<Array> {
    std::iter::once(x.clone())
    //~ vec![x.clone()]
}

#[nnx::jit(graph = false)]
fn closure(x: &Array) -> impl Fn(&Array) -> Array {
//~ fn closure(x: &Array) -> Array {
    let x = x.clone();
    //~
    move |y| &x + y
    //~ x.clone()
}

fn main() {}
