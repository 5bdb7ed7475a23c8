//! Which fields there are is known when the function is instantiated.

use nnx::module::PathPattern;
use nnx::{Module, Param, path};

#[derive(Module)]
struct Linear {
    kernel: Param,
}

#[derive(Module)]
struct Embed {
    table: Param,
}

#[derive(Module)]
struct Block<L> {
    inner: L,
}

fn kernels<M: Module>() -> PathPattern {
    path!(Block<M>: inner.kernel)
}

fn main() {
    kernels::<Linear>();
    kernels::<Embed>();
    //~
}
