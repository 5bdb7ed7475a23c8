// A type that a macro makes is one type, however often the walks name it.
use nnx::{Array, Module, Param};

struct Config;

macro_rules! config {
    () => { Config };
}

#[derive(Module)]
struct Model {
    config: config!(),
    //~ #[module(skip)] config: (),
    kernel: Param,
}

#[nnx::jit(graph = false)]
fn argument(config: &config!(), x: &Array) -> Array {
//~ fn argument(x: &Array) -> Array {
    x.clone()
}

fn main() {}
