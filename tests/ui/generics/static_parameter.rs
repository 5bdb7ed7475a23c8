//! A parameter under `static` must be static data.
use nnx::{Module, Param};

#[derive(Clone)]
//~ #[derive(Clone, PartialEq, Eq, Hash)]
struct NoHash;

#[derive(Module)]
struct Layer<F> {
    kernel: Param,
    #[module(static)]
    function: F,
}

fn takes<M: Module>(_: &M) {}

fn check(layer: &Layer<NoHash>) {
    takes(layer);
}

fn main() {}
