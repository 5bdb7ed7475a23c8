//! Everything that changes behind a shared reference.
use nnx::{Array, Module, Param};
use std::cell::{Cell, OnceCell, RefCell};
use std::sync::atomic::AtomicUsize;
use std::sync::{Mutex, OnceLock, RwLock};

#[derive(Module)]
struct Model {
    kernel: RefCell<Param>,
    //~ kernel: Param,
    calls: Cell<usize>,
    //~ calls: usize,
    //~2 calls: nnx::Variable<nnx::module::BatchStat>,
    cache: OnceCell<Array>,
    //~ cache: Option<Array>,
    lock: Mutex<Param>,
    //~ lock: Param,
    rw: RwLock<Vec<Param>>,
    //~ rw: Vec<Param>,
    once: OnceLock<Array>,
    //~ once: Option<Array>,
    steps: AtomicUsize,
    //~ steps: usize,
    //~3 #[module(skip)]
    //~3 steps: std::sync::Arc<AtomicUsize>,
}

fn main() {}
