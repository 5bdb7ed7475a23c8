//! A counted type or a cell deep in a field: the message points at it, and what is around it is not to blame.
use nnx::{Array, Module, Param};
use std::cell::RefCell;
use std::sync::Arc;

struct Config;
//~ #[derive(Module)]
//~ struct Config;

#[derive(Module)]
struct Wrap<T> {
    inner: T,
}

struct Foreign<T> {
//~ #[derive(Module)]
//~ struct Foreign<T> {
    inner: T,
}

type Configs = Vec<Config>;

#[derive(Module)]
struct Model {
    layers: Vec<Option<(usize, [Box<std::sync::Arc<Param>>; 2])>>,
    //~ layers: Vec<Option<(usize, [Box<Param>; 2])>>,
    pair: (Arc<RefCell<Param>>, Option<RefCell<Array>>),
    //~ pair: (Param, Option<Array>),
    wrapped: Wrap<Config>,
    deep: Option<Wrap<Vec<Config>>>,
    foreign: (usize, Foreign<Param>),
    alias: Configs,
}

fn main() {}
