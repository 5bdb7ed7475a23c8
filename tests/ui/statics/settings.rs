//! Settings in Modules and arguments.
use nnx::{Array, Module, Param};
use std::collections::{HashMap, HashSet};

#[derive(Clone)]
//~ #[derive(Clone, PartialEq, Eq, Hash)]
struct Config {
    width: usize,
}

#[derive(Module)]
struct Model {
    kernel: Param,
    #[module(static)]
    config: Config,
}

#[derive(Module)]
struct Sets {
    kernel: Param,
    #[module(static)]
    names: HashSet<String>,
    //~4 names: std::collections::BTreeSet<String>,
    #[module(static)]
    sizes: HashMap<String, usize>,
    //~4 sizes: std::collections::BTreeMap<String, usize>,
}

#[nnx::jit(graph = false)]
fn waits(x: &Array, #[nnx(static)] name: &String) -> Array {
    //~ fn waits(x: &Array, #[nnx(static)] name: String) -> Array {
    let _ = name;
    x.clone()
}

fn main() {}
