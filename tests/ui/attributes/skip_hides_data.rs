//! Data that the name of a skipped type does not tell of.
use nnx::module::Shared;
use nnx::nn::Linear;
use nnx::{Array, Module, Param};
use std::sync::{Arc, Mutex};

type Weight = Param;
type Tied = Shared<Param>;
#[derive(Clone)]
struct Note;

#[derive(Module)]
struct Model {
    #[module(skip)]
    //~
    frozen: Linear,
    #[module(skip)]
    //~
    alias: Weight,
    #[module(skip)]
    //~
    tied: Tied,
    #[module(skip)]
    //~
    cache: Option<(usize, Vec<Array>)>,
    #[module(skip)]
    //~
    notes: Vec<(Note, Linear)>,
    //~ notes: Vec<Linear>,
    #[module(skip)]
    //~
    teacher: Arc<Mutex<Linear>>,
    //~ teacher: Linear,
    #[module(static)]
    //~
    node: Tied,
}

#[derive(Module, Clone)]
struct Tree {
    kernel: Param,
    #[module(skip)]
    //~
    last: Option<Box<Tree>>,
}

fn main() {}
