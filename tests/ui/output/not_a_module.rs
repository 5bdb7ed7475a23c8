//! Types that are not trees of arrays.

use nnx::{Array, Error};
use std::rc::Rc;

struct Metrics {
//~ #[derive(nnx::Module)]
//~ struct Metrics {
    loss: Array,
}

type Handle = Rc<Array>;
//~ type Handle = Array;

#[nnx::jit(graph = false)]
fn metrics(x: &Array) -> Metrics {
    Metrics { loss: x.clone() }
}

#[nnx::jit(graph = false)]
fn list(x: &Array) -> Vec<Metrics> {
    vec![Metrics { loss: x.clone() }]
}

#[nnx::jit(graph = false)]
fn result(x: &Array) -> Result<(Array, Metrics), Error> {
    Ok((x.clone(), Metrics { loss: x.clone() }))
}

#[nnx::jit(graph = false)]
fn handle(x: &Array) -> Handle {
    Rc::new(x.clone())
    //~ x.clone()
}

fn main() {}
