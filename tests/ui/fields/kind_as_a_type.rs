//! A kind of Variable where its type is wanted, as in Flax.
use nnx::module::{BatchStat, Cache};
use nnx::{Module, Param, Variable, variable_kind};

variable_kind! {
    /// Which parameters are trained.
    struct Mask;
}

#[derive(Module)]
struct Layer {
    kernel: Param,
    mean: BatchStat,
    //~ mean: Variable<BatchStat>,
    keys: Option<Cache>,
    //~ keys: Option<Variable<Cache>>,
    mask: Mask,
    //~ mask: Variable<Mask>,
}

#[nnx::jit(graph = false)]
fn argument(mean: &BatchStat, kernel: &Param) -> nnx::Array {
    //~ fn argument(mean: &Variable<BatchStat>, kernel: &Param) -> nnx::Array {
    let _ = mean;
    kernel.sum(..)
}

fn main() {
    let _ = |v: Variable<Mask>| v;
}
