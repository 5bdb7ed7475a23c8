//! Attributes that are not a list of options.

use nnx::Array;

#[nnx::jit(graph: false)]
//~ #[nnx::jit(graph = false)]
fn colon(x: &Array) -> Array {
    x.clone()
}

#[nnx::jit(graph == false)]
//~ #[nnx::jit(graph = false)]
fn equals(x: &Array) -> Array {
    x.clone()
}

#[nnx::jit(graph = )]
//~ #[nnx::jit(graph = false)]
fn no_value(x: &Array) -> Array {
    x.clone()
}

#[nnx::jit(graph = false donate = false)]
//~ #[nnx::jit(graph = false, donate = false)]
fn no_comma(x: &Array) -> Array {
    x.clone()
}

#[nnx::jit(graph = false,, donate = false)]
//~ #[nnx::jit(graph = false, donate = false)]
fn two_commas(x: &Array) -> Array {
    x.clone()
}

#[nnx::jit("graph = false")]
//~ #[nnx::jit(graph = false)]
fn a_string(x: &Array) -> Array {
    x.clone()
}

#[nnx::jit(false)]
//~ #[nnx::jit(graph = false)]
fn no_name(x: &Array) -> Array {
    x.clone()
}

#[nnx::jit(graph = false, static(x.kernel))]
//~ #[nnx::jit(graph = false)]
fn a_path(x: &Array) -> Array {
    x.clone()
}

fn main() {}
