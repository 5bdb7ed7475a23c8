//! A float behind an alias and inside of one.

use nnx::Array;
use std::collections::BTreeMap;

type Rate = f32;
type Schedule = (Array, Vec<Rate>);
type Rates = BTreeMap<String, std::ffi::c_double>;

#[nnx::jit(graph = false)]
fn alias(x: &Array, rate: Rate) -> Array {
//~ fn alias(x: &Array, rate: &Array) -> Array {
    x * rate
}

#[nnx::jit(graph = false)]
fn alias_with_more(x: &Array, schedule: &Schedule) -> Array {
//~ fn alias_with_more(x: &Array, schedule: &Vec<Array>) -> Array {
    x * schedule.1[0]
    //~ x * &schedule[0]
}

#[nnx::jit(graph = false)]
fn inside(x: &Array, rates: &Rates, momentum: Option<Rate>) -> Array {
//~ fn inside(x: &Array, rates: &BTreeMap<String, Array>, #[nnx(static)] momentum: Option<f32>) -> Array {
    x * rates["all"] * momentum.unwrap_or(0.0)
    //~ x * &rates["all"] * momentum.unwrap_or(0.0)
}

fn main() {}
