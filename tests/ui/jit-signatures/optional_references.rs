// An argument that may be left out.
use nnx::{Array, Param};

#[nnx::jit(graph = false)]
fn masked(x: &Array, mask: Option<&Array>) -> Array {
//~ fn masked(x: &Array, mask: Option<Array>) -> Array {
    mask.map_or_else(|| x.clone(), |mask| x * mask)
}

#[nnx::jit(graph = false)]
fn updated(x: &Array, bias: Option<&mut Param>) {
//~ fn updated(x: &Array, bias: &mut Option<Param>) {
    if let Some(bias) = bias {
        *bias += x;
    }
}

fn main() {}
