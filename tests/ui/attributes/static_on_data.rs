use nnx::module::BatchStat;
use nnx::{Array, Module, Param, Variable};

#[derive(Module)]
struct Model {
    #[module(static)]
    //~3
    kernel: Param,
    #[module(static)]
    //~3
    table: Option<Array>,
    #[module(static)]
    //~3
    mean: Vec<Variable<BatchStat>>,
}

fn main() {}
