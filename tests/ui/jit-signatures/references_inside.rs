//! `&` and `&mut` belong before the whole type.

use nnx::{Array, Param};

type Borrowed = &'static Array;
//~ type Borrowed = Array;
//~4 type Borrowed = Array;

#[nnx::jit(graph = false)]
fn tuple(pair: (&Array, &mut Param)) -> Array {
//~ fn tuple(pair: &mut (Array, Param)) -> Array {
//~2 fn tuple(x: &Array, kernel: &mut Param) -> Array {
    pair.0 * &*pair.1
    //~ &pair.0 * &pair.1
    //~2 x * &*kernel
}

#[nnx::jit(graph = false)]
fn containers(option: Option<&Array>, list: &Vec<&Param>) -> Option<Array> {
//~ fn containers(option: Option<Array>, list: &Vec<Param>) -> Option<Array> {
    option.map(|x| x * list[0])
    //~ option.map(|x| x * &list[0])
}

#[nnx::jit(graph = false)]
fn twice(x: &&Array) -> Array {
//~ fn twice(x: &Array) -> Array {
    Array::clone(x)
}

#[nnx::jit(graph = false)]
fn alias(x: Borrowed) -> Array {
    x.clone()
}

fn main() {}
