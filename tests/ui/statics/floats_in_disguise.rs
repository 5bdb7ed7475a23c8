//! A float behind an alias and inside of one.

use nnx::Array;
use std::collections::BTreeMap;

type Rate = f32;
type Schedule = (Array, Vec<Rate>);
type Rates = BTreeMap<String, std::ffi::c_double>;

#[nnx::jit(graph = false)]
fn alias(x: &Array, rate: Rate) -> Array {
//~ fn alias(x: &Array, rate: &Array) -> Array {
//~2 fn alias(x: &Array, #[nnx(static)] rate: f32) -> Array {
    x * rate
}

#[nnx::jit(graph = false)]
fn alias_with_more(x: &Array, schedule: &Schedule) -> Array {
//~ fn alias_with_more(x: &Array, schedule: &Vec<Array>) -> Array {
//~2 fn alias_with_more(x: &Array, bias: &Array, #[nnx(static)] schedule: Vec<f32>) -> Array {
    x * schedule.1[0]
    //~ x * &schedule[0]
    //~2 x * schedule[0] + bias
}

#[nnx::jit(graph = false)]
fn inside(x: &Array, rates: &Rates, momentum: Option<Rate>) -> Array {
//~ fn inside(x: &Array, rates: &BTreeMap<String, Array>, #[nnx(static)] momentum: Option<f32>) -> Array {
//~2 fn inside(x: &Array, #[nnx(static)] rates: BTreeMap<String, f64>, #[nnx(static)] momentum: Option<f32>) -> Array {
    x * rates["all"] * momentum.unwrap_or(0.0)
    //~ x * &rates["all"] * momentum.unwrap_or(0.0)
    //~2 x * rates["all"] * momentum.unwrap_or(0.0)
}

fn main() {}
