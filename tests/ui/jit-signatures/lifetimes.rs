//! A type that borrows is not a Module.

use nnx::Array;

struct Batch<'a> {
    x: &'a Array,
}

#[nnx::jit(graph = false)]
fn named<'a>(batch: &Batch<'a>) -> Array {
    batch.x.clone()
}

#[nnx::jit(graph = false)]
fn anonymous(batch: Batch<'_>, more: &Vec<Batch<'_>>) -> Array {
    batch.x + more[0].x
}

#[nnx::jit(graph = false)]
fn hidden(batch: &Batch) -> Array {
    batch.x.clone()
}

fn main() {}
