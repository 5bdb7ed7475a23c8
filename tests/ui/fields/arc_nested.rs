//! `Arc` deep inside containers: the span is that of the `Arc`.
use nnx::{Module, Param};

#[derive(Module)]
struct Model {
    layers: Vec<Option<(usize, [Box<std::sync::Arc<Param>>; 2])>>,
    //~ layers: Vec<Option<(usize, [Box<Param>; 2])>>,
}

fn main() {}
