//! Several mistakes in one function are reported together.

use nnx::{Array, Param};
use std::rc::Rc;

#[nnx::jit(graph = false, donat = false, static(depht))]
async unsafe fn step(
    model: Rc<Param>,
    xs: &[Array],
    rate: f32,
    depth: usize,
    #[nnx(statik)] mode: &str,
    f: &dyn Fn(&Array) -> Array,
) -> &'static Param {
    let _ = (model, xs, rate, depth, mode, f);
    loop {}
}

fn main() {}
