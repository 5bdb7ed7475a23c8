//! Parameters of types that are not Modules: one error each.

use nnx::Array;

struct Batch {
//~ #[derive(nnx::Module)]
//~ struct Batch {
    x: Array,
}

enum Layer {
//~ #[derive(nnx::Module)]
//~ enum Layer {
    Dense,
}

#[nnx::jit(graph = false)]
fn reference(batch: &Batch) -> Array {
    batch.x.clone()
}

#[nnx::jit(graph = false)]
fn mutable(batch: &mut Batch, x: &Array) {
    batch.x = x.clone();
}

#[nnx::jit(graph = false)]
fn value(Batch { x }: Batch, layer: Layer) -> Array {
    match layer {
        Layer::Dense => x,
    }
}

#[nnx::jit(graph = false)]
fn part_of_a_tuple(pair: (Array, Batch)) -> Array {
    pair.0 + pair.1.x
}

#[nnx::jit(graph = false)]
fn inside(batches: &Vec<(Array, Batch)>) -> Array {
    batches[0].1.x.clone()
}

impl Batch {
    #[nnx::jit(graph = false)]
    fn method(&self) -> Array {
        self.x.clone()
    }
}

fn main() {}
