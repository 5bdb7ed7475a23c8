// Two types that hold each other with more and more around the argument. There is no end of types, for which Rust
// itself has no code; one of the lines that it shows says so.
use nnx::nn::Linear;
use nnx::{Array, Module, Param};

#[derive(Module)]
struct Node<T> {
    value: T,
    next: Option<Box<Pair<T>>>,
    //~ #[module(recursive)]
    //~ next: Option<Box<Pair<T>>>,
}

#[derive(Module)]
struct Pair<T> {
    kernel: Param,
    grown: Option<Box<Node<Vec<T>>>>,
    //~ grown: Option<Box<Node<T>>>,
}

#[nnx::jit(graph = false)]
fn forward(node: &Node<Linear>, x: &Array) -> Array {
    node.value.forward(x)
}

fn main() {}
