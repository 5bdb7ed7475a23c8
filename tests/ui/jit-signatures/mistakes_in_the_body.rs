//! Mistakes of the user's own are reported in the user's own terms.

use nnx::{Array, Module, Param};

#[derive(Module)]
struct Linear {
    kernel: Param,
}

#[nnx::jit(graph = false)]
fn no_such_field(linear: &Linear, x: &Array) -> Array {
    x * &linear.weight
    //~ x * &linear.kernel
}

#[nnx::jit(graph = false)]
fn wrong_type(x: &Array) -> Array {
    "no array"
    //~ x.clone()
}

#[nnx::jit(graph = false)]
fn behind_a_shared_reference(linear: &Linear, x: &Array) {
//~ fn behind_a_shared_reference(linear: &mut Linear, x: &Array) {
    linear.kernel.set(x.clone());
}

#[nnx::jit(graph = false)]
fn used_after_a_move(linear: Linear) -> (Param, Param) {
    let kernel = linear.kernel;
    (kernel, linear.kernel)
    //~ (kernel.clone(), kernel)
}

#[nnx::jit(graph = false)]
fn no_value(x: &Array) -> Array {
    let _ = x + 1.0;
    //~ x + 1.0
}

impl Linear {
    #[nnx::jit(graph = false)]
    fn method(&self, x: &Array) -> Array {
    //~ fn method(&mut self, x: &Array) -> Array {
        self.kernel.set(x.clone());
        x * &self.weight
        //~ x * &self.kernel
    }

    #[nnx::jit(graph = false)]
    fn question_mark(&self, x: &Array) -> Array {
    //~ fn question_mark(&self, x: &Array) -> nnx::Result<Array> {
        x.try_to_vec::<f32>()?;
        x.clone()
        //~ Ok(x.clone())
    }
}

fn main() {}
