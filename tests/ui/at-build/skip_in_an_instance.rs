//! The type that a type parameter under `skip` turns out to be.
use nnx::nn::Linear;
use nnx::{Array, Module};

#[derive(Module)]
struct Ema<M: Module + Clone> {
    live: M,
    #[module(skip)]
    //~
    old: Option<M>,
}

#[nnx::jit(graph = false)]
fn forward(model: &Ema<Linear>, x: &Array) -> Array {
    model.live.forward(x)
    //~2 let old = model.old.as_ref().map_or_else(|| x.clone(), |old| old.forward(x));
    //~2 model.live.forward(x) - old.stop_gradient()
}

fn main() {}
