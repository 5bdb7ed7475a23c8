//! Shared nodes in results: handles that come out of a program would be copies.

use nnx::module::Shared;
use nnx::{Array, Error, Module, Param};

#[derive(Module)]
struct Tied {
    embed: Shared<Param>,
}

#[nnx::jit(graph = false)]
//~ #[nnx::jit]
fn one(x: &Array) -> Shared<Param> {
    Shared::new(Param::new(x.clone()))
}

#[nnx::jit(graph = false)]
//~ #[nnx::jit]
fn in_a_tuple(x: &Array) -> (Array, Shared<Param>) {
    (x.clone(), Shared::new(Param::new(x.clone())))
}

#[nnx::jit(graph = false)]
//~ #[nnx::jit]
fn in_a_result(x: &Array) -> Result<Option<Tied>, Error> {
    Ok(Some(Tied { embed: Shared::new(Param::new(x.clone())) }))
}

fn main() {}
