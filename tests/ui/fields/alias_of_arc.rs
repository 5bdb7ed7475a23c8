// Settings and notes behind an alias of a counted pointer, in a container too.
use nnx::{Array, Module, Param};
use std::sync::Arc;

type Names = Arc<Vec<String>>;
type Log = std::rc::Rc<String>;

#[derive(Module)]
struct Model {
    kernel: Param,
    names: Option<Names>,
    //~3 #[module(static)]
    //~3 names: Option<Names>,
    log: Log,
    //~3 #[module(skip)]
    //~3 log: Log,
    //~4 #[module(skip)]
    //~4 log: Log,
}

#[nnx::jit]
fn named(x: &Array, names: &Names) -> Array {
//~3 fn named(x: &Array, #[nnx(static)] names: Names) -> Array {
    x * names.len()
}

fn main() {}
