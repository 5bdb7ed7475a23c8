//! Jitted methods and traits.
use nnx::{Array, Module, Param};

trait Scorer: Module {
    #[nnx::jit(graph = false)]
    fn score(&self, x: &Array) -> Array;
    //~ fn score(&self, x: &Array) -> Array {
    //~     x.clone()
    //~ }
}

#[derive(Module)]
struct Scale(Param);

trait Forward {
    fn forward(&self, x: &Array) -> Array;
}

#[nnx::jit(graph = false)]
//~
impl Forward for Scale {
    //+ #[nnx::jit(graph = false)]
    fn forward(&self, x: &Array) -> Array {
        x * &self.0
    }
}

trait Unbound {
    #[nnx::jit(graph = false)]
    fn score(&self, x: &Array) -> Array
    where
        Self: Sized,
        //~ Self: Module + Sized,
    {
        x.clone()
    }
}

fn main() {}
