//! A float as an argument, in all the ways in which it can be written out.

use nnx::Array;
use std::collections::BTreeMap;

#[nnx::jit(graph = false)]
fn plain(x: &Array, rate: f32, decay: &f64) -> Array {
//~ fn plain(x: &Array, rate: &Array, #[nnx(static)] decay: f64) -> Array {
//~2 fn plain(x: &Array, #[nnx(static)] rate: f32, decay: &Array) -> Array {
    x * rate * *decay
    //~ x * rate * decay
}

#[nnx::jit(graph = false)]
fn qualified(x: &Array, rate: std::primitive::f32) -> Array {
//~ fn qualified(x: &Array, rate: &Array) -> Array {
//~2 fn qualified(x: &Array, #[nnx(static)] rate: std::primitive::f32) -> Array {
    x * rate
}

#[nnx::jit(graph = false)]
fn inside(x: &Array, rates: Option<f32>, list: &Vec<f64>, array: [f32; 2]) -> Array {
//~ fn inside(x: &Array, #[nnx(static)] rates: Option<f32>, #[nnx(static)] list: Vec<f64>, #[nnx(static)] array: [f32; 2]) -> Array {
//~2 fn inside(x: &Array, rates: Option<Array>, list: &Vec<Array>, array: [Array; 2]) -> Array {
    x * rates.unwrap_or(1.0) * list[0] * array[0]
    //~2 rates.map_or_else(|| x.clone(), |rate| x * rate) * &list[0] * &array[0]
}

#[nnx::jit(graph = false)]
fn deeper(x: &mut Array, (rate, _): (f32, Array), map: &BTreeMap<String, Box<f32>>) {
//~ fn deeper(x: &mut Array, (rate, _): (Array, Array), map: &BTreeMap<String, Array>) {
    *x = &*x * rate * *map["rate"];
    //~ *x = &*x * rate * &map["rate"];
}

fn main() {}
