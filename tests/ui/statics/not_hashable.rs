//! Static arguments are part of the key of a compiled program.

use nnx::Array;
use std::collections::HashMap;

struct Config {
//~ #[derive(Clone, PartialEq, Eq, Hash)]
//~ struct Config {
    layers: usize,
}

#[derive(Clone)]
//~ #[derive(Clone, PartialEq, Eq, Hash)]
struct Shape(Vec<usize>);

#[derive(Clone, PartialEq, Eq, Hash)]
struct Local(std::rc::Rc<usize>);
//~ struct Local(std::sync::Arc<usize>);

#[nnx::jit(graph = false)]
fn config(x: &Array, #[nnx(static)] config: Config) -> Array {
    x * config.layers
}

#[nnx::jit(graph = false)]
fn shape(x: &Array, #[nnx(static)] shape: Option<Shape>) -> Array {
    x.reshape(shape.map_or(vec![], |shape| shape.0))
}

#[nnx::jit(graph = false)]
fn local(x: &Array, #[nnx(static)] local: Local) -> Array {
    x * *local.0
}

#[nnx::jit(graph = false, static(table))]
fn map(x: &Array, table: HashMap<String, usize>) -> Array {
//~ fn map(x: &Array, table: std::collections::BTreeMap<String, usize>) -> Array {
    x * table["a"]
}

#[nnx::jit(graph = false)]
fn generic<T>(x: &Array, #[nnx(static)] value: T) -> Array {
//~ fn generic<T: nnx::jit::StaticArgument>(x: &Array, #[nnx(static)] value: T) -> Array {
    let _ = value;
    x.clone()
}

fn main() {}
