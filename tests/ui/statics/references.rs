//! Static arguments are passed by value: the cache keeps them.

use nnx::Array;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Config {
    layers: usize,
}

#[nnx::jit(graph = false)]
fn reference(x: &Array, #[nnx(static)] config: &Config) -> Array {
//~ fn reference(x: &Array, #[nnx(static)] config: Config) -> Array {
    x * config.layers
}

#[nnx::jit(graph = false)]
fn mutable(x: &Array, #[nnx(static)] config: &mut Config) -> Array {
//~ fn mutable(x: &Array, #[nnx(static)] mut config: Config) -> Array {
    config.layers += 1;
    x.clone()
}

#[nnx::jit(graph = false, static(mode))]
fn text(x: &Array, mode: &str) -> Array {
//~ fn text(x: &Array, mode: String) -> Array {
    assert_eq!(mode, "same");
    x.clone()
}

#[nnx::jit(graph = false)]
fn slice(x: &Array, #[nnx(static)] shape: &[usize]) -> Array {
//~ fn slice(x: &Array, #[nnx(static)] shape: Vec<usize>) -> Array {
    x.reshape(shape)
}

fn main() {}
