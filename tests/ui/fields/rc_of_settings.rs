//! Settings behind a counted pointer may stay there, if threads can share them.
use nnx::{Module, Param};
use std::rc::Rc;
use std::sync::Arc;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Config {
    width: usize,
}

#[derive(Module)]
struct Model {
    kernel: Param,
    config: Arc<Config>,
    //~3 #[module(static)]
    //~3 config: Arc<Config>,
    alone: Rc<Config>,
    //~3 #[module(static)]
    //~3 alone: Arc<Config>,
    log: Rc<Vec<String>>,
    //~3 log: Vec<String>,
    //~4 #[module(skip)]
    //~4 log: Rc<Vec<String>>,
}

fn main() {}
