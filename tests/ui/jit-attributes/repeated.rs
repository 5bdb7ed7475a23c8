//! An option, and the attribute, given twice.

use nnx::Array;
use nnx::jit;

#[nnx::jit(graph = false, donate = false, graph = false, donate = true)]
//~ #[nnx::jit(graph = false, donate = false)]
fn options(x: &Array) -> Array {
    x.clone()
}

#[nnx::jit(graph = false)]
//~
#[nnx::jit(graph = false)]
fn attribute(x: &Array) -> Array {
    x.clone()
}

#[jit(graph = false)]
//~
#[inline]
#[nnx::jit(graph = false)]
fn attribute_by_another_path(x: &Array) -> Array {
    x.clone()
}

fn main() {}
