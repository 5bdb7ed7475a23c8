//! Everything that changes behind a shared reference.
use nnx::{Array, Module, Param};
use std::cell::{Cell, OnceCell, RefCell};
use std::sync::atomic::AtomicUsize;
use std::sync::{Mutex, OnceLock, RwLock};

#[derive(Module)]
struct Model {
    kernel: RefCell<Param>,
    calls: Cell<usize>,
    cache: OnceCell<Array>,
    lock: Mutex<Param>,
    rw: RwLock<Vec<Param>>,
    once: OnceLock<Array>,
    steps: AtomicUsize,
}

fn main() {}
