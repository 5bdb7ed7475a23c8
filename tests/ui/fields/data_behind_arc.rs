// Data that several places share, or that changes behind a shared reference.
use nnx::{Array, Module, Param};
use std::cell::RefCell;
use std::sync::{Arc, Mutex};

#[derive(Module)]
struct Model {
    locked: Arc<Mutex<Param>>,
    //~ locked: Param,
    //~2 locked: nnx::Shared<Param>,
    counted: Vec<Arc<Array>>,
    //~ counted: Vec<Array>,
    //~2 counted: Vec<nnx::Shared<Array>>,
}

#[derive(Module)]
struct Cached {
    cache: RefCell<Array>,
    //~ cache: Array,
}

fn main() {}
