//! `Rc` in a field: two owners of one layer.
use nnx::{Module, Param};
use std::rc::Rc;

#[derive(Module)]
struct Linear {
    kernel: Param,
}

#[derive(Module)]
struct Model {
    encoder: Rc<Linear>,
    //~ encoder: Linear,
    //~2 encoder: nnx::Shared<Linear>,
    decoder: Rc<Linear>,
    //~ decoder: Linear,
    //~2 decoder: nnx::Shared<Linear>,
}

fn main() {}
