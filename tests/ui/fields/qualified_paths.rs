//! The same types by their full names.
use nnx::{Module, Param};

#[derive(Module)]
struct Model {
    a: std::cell::RefCell<Param>,
    b: ::std::sync::Mutex<Param>,
    c: std::sync::atomic::AtomicU64,
}

fn main() {}
