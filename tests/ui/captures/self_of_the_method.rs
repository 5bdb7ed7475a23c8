//! `self` is a variable of the method, not of the functions in it.

use nnx::{Array, Module, Param};

#[derive(Module)]
struct Linear {
    kernel: Param,
}

impl Linear {
    fn forward(&self, x: &Array) -> Array {
        #[nnx::jit(graph = false)]
        fn product(x: &Array) -> Array {
        //~ fn product(kernel: &Param, x: &Array) -> Array {
            x * &self.kernel
            //~ x * kernel
        }
        product(x)
        //~ product(&self.kernel, x)
    }
}

fn main() {}
