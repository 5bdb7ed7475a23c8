//! A library that re-exports nnx derives for users who don't depend on it by that name.
mod framework {
    pub mod reexported {
        pub use nnx::{Module, Param, module};
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

fn main() {
    assert_eq!(<Layer as my::Module>::SCHEMA.variables().count(), 1);
    assert_eq!(inner::variables(), 1);
}
