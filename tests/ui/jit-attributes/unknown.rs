//! Options that do not exist: near misses, JAX's, and others.

use nnx::Array;

#[nnx::jit(grph = false)]
fn graph(x: &Array) -> Array {
    x.clone()
}

#[nnx::jit(graph = false, donated = false, keep_unsued = true, names = "a", statics(x))]
fn near(x: &Array) -> Array {
    x.clone()
}

#[nnx::jit(graph = false, static_argnums = 1, donate_argnames = "x")]
fn from_jax(x: &Array, n: usize) -> Array {
    x * n
}

#[nnx::jit(graph = false, backend = "cpu")]
fn far(x: &Array) -> Array {
    x.clone()
}

fn main() {}
