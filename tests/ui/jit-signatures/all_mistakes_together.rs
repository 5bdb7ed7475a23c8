//! Several mistakes in one function are reported together.

use nnx::{Array, Param};
use std::rc::Rc;

#[nnx::jit(graph = false, donat = false, static(depht))]
//~ #[nnx::jit(graph = false, donate = false, static(depth))]
async unsafe fn step(
//~ fn step(
    model: Rc<Param>,
    //~ model: &Param,
    xs: &[Array],
    //~ xs: &Vec<Array>,
    rate: f32,
    //~ rate: &Array,
    depth: usize,
    #[nnx(statik)] mode: &str,
    //~ mode: String,
    f: &dyn Fn(&Array) -> Array,
    //~ #[nnx(static)] f: fn(&Array) -> Array,
) -> &'static Param {
//~ ) -> Param {
    let _ = (model, xs, rate, depth, mode, f);
    loop {}
}

fn main() {}
