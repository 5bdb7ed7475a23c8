//! Types that `static` and `skip` let in.
use nnx::{Array, Module, Param};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

#[derive(Clone, PartialEq, Eq, Hash)]
struct Config {
    width: usize,
}

struct Logger;

#[derive(Module)]
struct Model<L = Rc<RefCell<Logger>>> {
    kernel: Param,
    #[module(static)]
    config: Arc<Config>,
    #[module(static)]
    activation: fn(&Array) -> Array,
    #[module(static)]
    names: &'static [&'static str],
    #[module(static)]
    epsilon: (f32, [f64; 2]),
    #[module(skip)]
    logger: L,
    #[module(skip)]
    shared: Arc<Mutex<Vec<String>>>,
}

fn is_module<M: Module>() {}

fn main() {
    is_module::<Model>();
    is_module::<Model<Rc<Logger>>>();
}
