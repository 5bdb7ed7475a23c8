//! A jitted function is an item: it cannot reach the variables around it.

use nnx::{Array, Param};

fn main() {
    let mut calls = 0;
    //~ let mut calls = Array::scalar(0);
    let scale = Param::new(Array::scalar(2.0_f32));

    #[nnx::jit(graph = false)]
    fn step(x: &Array) -> Array {
    //~ fn step(x: &Array, scale: &Param, calls: &mut Array) -> Array {
        calls += 1;
        //~ *calls += 1;
        x * &scale
        //~ x * scale
    }

    step(&Array::scalar(1.0_f32));
    //~ step(&Array::scalar(1.0_f32), &scale, &mut calls);
}
