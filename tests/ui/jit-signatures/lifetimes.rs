//! A type that borrows is not a Module.

use nnx::Array;

struct Batch<'a> {
//~ #[derive(nnx::Module)]
//~ struct Batch {
    x: &'a Array,
    //~ x: Array,
}

#[nnx::jit(graph = false)]
fn named<'a>(batch: &Batch<'a>) -> Array {
//~ fn named(batch: &Batch) -> Array {
    batch.x.clone()
}

#[nnx::jit(graph = false)]
fn anonymous(batch: Batch<'_>, more: &Vec<Batch<'_>>) -> Array {
//~ fn anonymous(batch: Batch, more: &Vec<Batch>) -> Array {
    batch.x + more[0].x
    //~ batch.x + &more[0].x
}

#[nnx::jit(graph = false)]
fn hidden(batch: &Batch) -> Array {
    batch.x.clone()
}

fn main() {}
