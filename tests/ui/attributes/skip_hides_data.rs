//! Data that the name of a skipped type does not tell of.
use nnx::module::Shared;
use nnx::nn::Linear;
use nnx::{Array, Module, Param};
//+2 use nnx::Variable;
use std::sync::{Arc, Mutex};

type Weight = Param;
type Tied = Shared<Param>;
#[derive(Clone)]
struct Note;
//+2 nnx::variable_kind! {
//+2     /// What is not trained.
//+2     pub struct Frozen;
//+2 }

#[derive(Module)]
struct Model {
    #[module(skip)]
    //~
    frozen: Linear,
    #[module(skip)]
    //~
    alias: Weight,
    //~2 alias: Variable<Frozen>,
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
//+2 fn train(tree: &Tree, x: &Array) -> Tree {
//+2     let loss = |tree: &Tree| (x * &tree.kernel).sum(..);
//+2     nnx::grad(loss, nnx::wrt(nnx::path!(Tree: kernel), tree))
//+2 }

fn main() {}
