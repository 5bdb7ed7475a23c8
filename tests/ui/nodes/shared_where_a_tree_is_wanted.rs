//! Nodes in what must be a tree.
use nnx::nn::Linear;
use nnx::{Array, Module, Shared};

#[derive(Module)]
struct Tied {
    encoder: Shared<Linear>,
    decoder: Shared<Linear>,
}

#[nnx::jit(graph = false)]
fn forward(model: &Tied, x: &Array) -> Array {
    //~ fn forward(model: &Linear, x: &Array) -> Array {
    model.encoder.read().forward(x)
    //~ model.forward(x)
}

#[nnx::jit(graph_updates = false, graph = false)]
//~ #[nnx::jit(graph_updates = false)]
fn simple(model: &Tied, x: &Array) -> Array {
    model.encoder.read().forward(x)
}

#[nnx::jit(graph = "tree")]
//~ #[nnx::jit(graph = true)]
fn as_a_string(model: &Tied, x: &Array) -> Array {
    model.encoder.read().forward(x)
}

#[nnx::jit(graph)]
//~ #[nnx::jit(graph = true)]
fn without_a_value(model: &Tied, x: &Array) -> Array {
    model.encoder.read().forward(x)
}

fn main() {}
