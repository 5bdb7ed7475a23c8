//! A value that is passed by value is gone: its memory may be reused.

use nnx::{Array, Module, Param};

#[derive(Module)]
struct Linear {
    kernel: Param,
}

#[nnx::jit(graph = false)]
fn consume(linear: Linear, x: Array) -> Linear {
    Linear { kernel: Param::new(linear.kernel.value() + x) }
}

impl Linear {
    #[nnx::jit(graph = false)]
    fn into_kernel(self) -> Param {
        self.kernel
    }
}

fn main() {
    let x = Array::scalar(1.0_f32);
    let linear = Linear { kernel: Param::new(x.clone()) };
    let new = consume(linear, x);
    //~ let kernel = linear.kernel.clone();
    //~ let new = consume(linear, x.clone());
    println!("{x:?} {:?}", linear.kernel);
    //~ println!("{x:?} {kernel:?}");
    let kernel = new.into_kernel();
    println!("{kernel:?} {:?}", new.kernel);
    //~ println!("{kernel:?}");
}
