//! `Param` is a type of Variable, not a kind.
use nnx::{Module, Param, Variable};

#[derive(Module)]
struct Layer {
    kernel: Variable<Param>,
    //~ kernel: Param,
    bias: Param,
    //+ count: Variable<nnx::module::BatchStat>,
}

fn main() {}
