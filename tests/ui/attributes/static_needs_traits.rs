//! The traits that static data needs.
use nnx::{Module, Param};

#[derive(Clone)]
//~ #[derive(Clone, PartialEq, Eq, Hash)]
struct OnlyClone;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Threadbound(std::rc::Rc<()>);
//~ struct Threadbound(std::sync::Arc<()>);

#[derive(Module)]
struct Model {
    kernel: Param,
    #[module(static)]
    config: OnlyClone,
    #[module(static)]
    thread: Threadbound,
}

fn main() {}
