//! A type parameter that turns out to be a float.

use nnx::{Array, Module};

#[nnx::jit(graph = false)]
fn scaled<T: Module>(x: &Array, factors: &(T, T)) -> Array {
//~ fn scaled<T: Module>(x: &Array, factors: &(T, T)) -> Array {
//~2 fn scaled(x: &Array, #[nnx(static)] factors: (f32, f32)) -> Array {
    let _ = factors;
    x.clone()
}

fn main() {
    let x = Array::scalar(1.0_f32);
    scaled(&x, &(1_i32, 2));
    //~ scaled(&x, &(1_i32, 2));
    //~2
    scaled(&x, &(1.0_f32, 2.0));
    //~ scaled(&x, &(x.clone(), x.clone()));
    //~2 scaled(&x, (1.0, 2.0));
}
