//! The same types by their full names.
use nnx::{Module, Param};

#[derive(Module)]
struct Model {
    a: std::cell::RefCell<Param>,
    //~ a: Param,
    b: ::std::sync::Mutex<Param>,
    //~ b: Param,
    c: std::sync::atomic::AtomicU64,
    //~ c: u64,
}

fn main() {}
