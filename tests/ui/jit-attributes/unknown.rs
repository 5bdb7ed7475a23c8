//! Options that do not exist: near misses, JAX's, and others.

use nnx::Array;

#[nnx::jit(grph = false)]
//~ #[nnx::jit(graph = false)]
fn graph(x: &Array) -> Array {
    x.clone()
}

#[nnx::jit(graph = false, donated = false, keep_unsued = true, names = "a", statics(x))]
//~ #[nnx::jit(graph = false, donate = false, keep_unused = true, name = "a")]
fn near(x: &Array) -> Array {
    x.clone()
}

#[nnx::jit(graph = false, static_argnums = 1, donate_argnames = "x")]
//~ #[nnx::jit(graph = false, static(n))]
fn from_jax(x: &Array, n: usize) -> Array {
    x * n
}

#[nnx::jit(graph = false, backend = "cpu")]
//~ #[nnx::jit(graph = false)]
fn far(x: &Array) -> Array {
    x.clone()
}

fn main() {}
