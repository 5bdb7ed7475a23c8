//! Traits that have no objects, and options that there are not.
use nnx::{Array, Module, Param};

#[nnx::dyn_module(graf)]
//~ #[nnx::dyn_module(graph)]
trait Typo {
    fn forward(&mut self, x: &Array) -> Array;
}

#[nnx::dyn_module]
trait Layer<'a>: Module {
//~ trait Layer<Input> {
//~2 trait Layer {
    type Input;
    //~
    const WIDTH: usize;
    //~
    fn forward(&'a mut self, x: &Self::Input) -> Array;
    //~ fn forward(&mut self, x: &Input) -> Array;
    //~2 fn forward(&mut self, x: &Array) -> Array;
}

#[nnx::dyn_module]
//~ #[derive(Module)]
struct Scale(Param);

fn main() {}
