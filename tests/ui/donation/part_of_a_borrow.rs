//! A part of something borrowed cannot be given away.

use nnx::{Array, Module, Param};

#[derive(Module)]
struct Linear {
    kernel: Param,
}

#[nnx::jit(graph = false)]
fn consume(kernel: Param) -> Array {
    kernel.value() * 2.0
}

fn train(linear: &mut Linear) -> Array {
    consume(linear.kernel)
    //~ consume(linear.kernel.clone())
}

#[nnx::jit(graph = false)]
fn inside(linear: &Linear) -> Param {
    linear.kernel
    //~ linear.kernel.clone()
}

fn main() {}
