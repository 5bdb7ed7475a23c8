use nnx::module::BatchStat;
use nnx::{Array, Module, Param, Variable};

#[derive(Module)]
struct Model {
    #[module(static)]
    //~
    kernel: Param,
    #[module(static)]
    //~
    table: Option<Array>,
    #[module(static)]
    //~
    mean: Vec<Variable<BatchStat>>,
}

fn main() {}
