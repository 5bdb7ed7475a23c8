//! A node behind `&` can be set, but by `write()`; the field that holds it cannot.

use nnx::{Array, Module, Param, Shared};

#[derive(Module)]
struct Tied {
    embed: Shared<Param>,
    head: Shared<Param>,
}

#[nnx::jit]
fn step(model: &Tied, x: &Array) {
    model.embed.read().set(x.clone());
    //~ model.embed.write().set(x.clone());
}

#[nnx::jit]
fn tie(model: &Tied) {
//~ fn tie(model: &mut Tied) {
    model.head = model.embed.clone();
}

fn main() {}
