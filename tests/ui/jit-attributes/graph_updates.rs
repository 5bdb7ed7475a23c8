//! `graph_updates` says what graph mode hands back.

use nnx::Array;

#[nnx::jit(graph = false, graph_updates = false)]
fn in_tree_mode(x: &Array) -> Array {
    x.clone()
}

#[nnx::jit(graph_updates = 1)]
fn number(x: &Array) -> Array {
    x.clone()
}

#[nnx::jit(graph_update = false)]
fn misspelt(x: &Array) -> Array {
    x.clone()
}

fn main() {
    in_tree_mode(&number(&misspelt(&Array::scalar(1.0_f32))));
}
