//! One object behind two `&mut`, or behind `&mut` and `&`, cannot be updated in place.

use nnx::{Array, Module, Param};

#[derive(Module)]
struct Linear {
    kernel: Param,
}

#[nnx::jit(graph = false)]
fn swap(a: &mut Linear, b: &mut Linear) {
    std::mem::swap(a, b);
}

#[nnx::jit(graph = false)]
fn copy(to: &mut Linear, from: &Linear) {
    to.kernel.set(from.kernel.value().clone());
}

#[nnx::jit(graph = false)]
fn add(to: &mut Linear, kernel: &Param) {
    let sum = &to.kernel + kernel;
    to.kernel.set(sum);
}

fn main() {
    let mut linear = Linear { kernel: Param::new(Array::scalar(1.0_f32)) };
    swap(&mut linear, &mut linear);
    //~ let mut other = nnx::module::clone(&linear);
    //~ swap(&mut linear, &mut other);
    copy(&mut linear, &linear);
    //~ copy(&mut linear, &other);
    add(&mut linear, &linear.kernel);
    //~ let kernel = linear.kernel.clone();
    //~ add(&mut linear, &kernel);
}
