//! `graph_updates` says what graph mode hands back.

use nnx::Array;

#[nnx::jit(graph = false, graph_updates = false)]
//~ #[nnx::jit(graph = false)]
fn in_tree_mode(x: &Array) -> Array {
    x.clone()
}

#[nnx::jit(graph_updates = 1)]
//~ #[nnx::jit(graph_updates = false)]
fn number(x: &Array) -> Array {
    x.clone()
}

#[nnx::jit(graph_update = false)]
//~ #[nnx::jit(graph_updates = false)]
fn misspelt(x: &Array) -> Array {
    x.clone()
}

fn main() {
    in_tree_mode(&number(&misspelt(&Array::scalar(1.0_f32))));
}
