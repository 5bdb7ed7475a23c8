//! `Param` is a type of Variable, not a kind.
use nnx::{Module, Param, Variable};

#[derive(Module)]
struct Layer {
    kernel: Variable<Param>,
    //~ kernel: Variable<Kernel>,
    //~2 kernel: Param,
    bias: Param,
}
//+ nnx::variable_kind! {
//+     /// What only this layer trains.
//+     pub struct Kernel;
//+ }

fn main() {}
