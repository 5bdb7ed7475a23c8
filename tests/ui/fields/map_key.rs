//! Keys of maps are steps of paths.
use nnx::{Module, Param};
use std::collections::BTreeMap;

#[derive(Module)]
struct Model {
    heads: BTreeMap<(usize, usize), Param>,
    //~ heads: BTreeMap<String, Param>,
    //~2 heads: BTreeMap<usize, BTreeMap<usize, Param>>,
}

fn main() {}
