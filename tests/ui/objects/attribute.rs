//! Traits that have no objects, and options that there are not.
use nnx::{Array, Module, Param};

#[nnx::dyn_module(graf)]
trait Typo {
    fn forward(&mut self, x: &Array) -> Array;
}

#[nnx::dyn_module]
trait Layer<'a>: Module {
    type Input;
    const WIDTH: usize;
    fn forward(&'a mut self, x: &Self::Input) -> Array;
}

#[nnx::dyn_module]
struct Scale(Param);

fn main() {}
