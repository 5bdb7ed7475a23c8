//! A library that re-exports nnx derives for users who don't depend on it by that name.
mod framework {
    pub mod reexported {
        pub use nnx::{__private, Array, DType, Module, Param, jit};
    }
}

use framework::reexported as my;

// `nnx` is something else here.
mod nnx {}

#[derive(my::Module)]
#[module(crate = crate::framework::reexported)]
struct Linear {
    kernel: my::Param,
}

#[derive(my::Module)]
#[module(crate = my)]
enum Layer {
    Linear(Linear),
}

mod inner {
    #[derive(super::my::Module)]
    #[module(crate = super::my)]
    struct Scale(super::my::Param);

    pub fn variables() -> usize {
        <Scale as super::my::Module>::SCHEMA.variables().count()
    }
}

#[my::jit(graph = false, crate = crate::framework::reexported)]
fn step(linear: &mut Linear, scale: &impl my::Module, x: &my::Array) -> my::Array {
    let _ = scale;
    linear.kernel.set(x + 1.0);
    x * &linear.kernel
}

fn main() {
    let x = || my::Array::shape_only([2], my::DType::F32);
    let mut linear = Linear { kernel: my::Param::new(x()) };
    let lowered = my::jit::lower(|| step(&mut linear, &x(), &x())).unwrap();
    assert_eq!(lowered.output_avals().len(), 2);

    assert_eq!(<Layer as my::Module>::SCHEMA.variables().count(), 1);
    assert_eq!(inner::variables(), 1);
}
