// Two types with a parameter that hold each other: each is a Module if the other one is. The trait that rustc names says
// what is missing.
use nnx::nn::Linear;
use nnx::{Array, Module, Param};

#[derive(Module)]
struct Encoder<T> {
    kernel: Param,
    blocks: Vec<Block<T>>,
}

#[derive(Module)]
struct Block<T> {
    layer: T,
    inner: Option<Box<Encoder<T>>>,
    //~ #[module(recursive)]
    //~ inner: Option<Box<Encoder<T>>>,
}

#[nnx::jit(graph = false)]
fn forward(model: &Encoder<Linear>, x: &Array) -> Array {
    x * &model.kernel
}

fn main() {}
