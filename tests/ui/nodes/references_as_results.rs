//! A function hands on a node by a handle: a reference or a guard would end with the call.

use nnx::module::SharedRef;
use nnx::{Module, Param, Shared};
//~ use nnx::{Array, Module, Param, Shared};

#[derive(Module)]
struct Tied {
    embed: Shared<Param>,
    head: Param,
}

#[nnx::jit]
fn node(model: &Tied) -> &Shared<Param> {
//~ fn node(model: &Tied) -> Shared<Param> {
    &model.embed
    //~ model.embed.clone()
}

#[nnx::jit]
fn guard(model: &Tied) -> SharedRef<'_, Param> {
//~ fn guard(model: &Tied) -> Array {
    model.embed.read()
    //~ model.embed.read().value().clone()
}

#[nnx::jit]
fn variable(model: &Tied) -> Option<&Param> {
//~ fn variable(model: &Tied) -> Option<Param> {
    Some(&model.head)
    //~ Some(model.head.clone())
}

#[nnx::jit]
fn changed(model: &mut Tied) -> &mut Shared<Param> {
//~ fn changed(model: &mut Tied) -> Shared<Param> {
    &mut model.embed
    //~ model.embed.clone()
}

fn main() {}
