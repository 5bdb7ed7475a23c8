//! The second step would use what the first one consumed.

use nnx::{Array, Param};

#[nnx::jit(graph = false)]
fn step(kernel: Param, x: &Array) -> Array {
    kernel.value() * x
}

fn main() {
    let x = Array::scalar(1.0_f32);
    let kernel = Param::new(x.clone());
    for _ in 0..2 {
        step(kernel, &x);
        //~ step(kernel.clone(), &x);
    }
}
