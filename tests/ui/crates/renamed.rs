//! Names of the crate that do not exist.
use nnx::Param;

#[derive(nnx::Module)]
#[module(crate = flax)]
//~
struct NoSuchCrate {
    kernel: Param,
}

#[derive(nnx::Module)]
#[module(crate = "nnx")]
//~ #[module(crate = nnx)]
struct AsAString {
    kernel: Param,
}

mod names {
    pub(crate) use nnx as nn;
}

#[derive(nnx::Module)]
#[module(crate = names::nnx)]
//~ #[module(crate = names::nn)]
struct WrongName {
    kernel: Param,
}

#[nnx::jit(graph = false, crate = crate::names)]
//~ #[nnx::jit(graph = false, crate = names::nn)]
fn step(x: &nnx::Array) -> nnx::Array {
    x * 2
}

fn main() {}
