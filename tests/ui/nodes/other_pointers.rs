//! Other pointers where a node is wanted.
use nnx::nn::Linear;
use nnx::{Module, Param};
use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::sync::{Arc, Mutex, OnceLock, RwLock};

#[derive(Module)]
struct Tree {
    children: Vec<Rc<RefCell<Tree>>>,
    //~2 children: Vec<nnx::Shared<Tree>>,
    parent: Option<Weak<RefCell<Tree>>>,
    //~2 parent: Option<nnx::SharedWeak<Tree>>,
    kernel: Param,
}

#[derive(Module)]
struct Locked {
    layer: Arc<RwLock<Linear>>,
    //~ layer: Linear,
    //~2 layer: nnx::Shared<Linear>,
    cache: OnceLock<Param>,
    //~ cache: Param,
    other: Box<Mutex<Param>>,
    //~ other: Box<Param>,
}

fn main() {}
