//! The macro cannot see that this is a reference; the compiler can.

use nnx::Param;

type Kernel = &'static Param;
//~ type Kernel = Param;

#[nnx::jit(graph = false)]
fn leak(kernel: &Param) -> Kernel {
    Box::leak(Box::new(kernel.clone()))
    //~ kernel.clone()
}

fn main() {}
