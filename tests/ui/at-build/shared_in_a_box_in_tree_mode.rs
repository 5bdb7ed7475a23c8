//! A trait in whose objects there may be shared nodes.
use nnx::Array;

#[nnx::dyn_module(graph)]
trait Node {}

#[nnx::jit(graph = false)]
//~ #[nnx::jit]
fn tree(nodes: &Vec<Box<dyn Node>>, x: &Array) -> Array {
    x + nodes.len() as i32
}

fn main() {}
