//! A shared node deep inside an argument and in a result, behind an alias.

use nnx::module::Shared;
use nnx::{Array, Module, Param};

type Table = Shared<Param>;

#[derive(Module)]
struct Embed {
    table: Table,
}

#[derive(Module)]
struct Encoder {
    scale: Param,
    embeds: Vec<Option<Embed>>,
}

#[derive(Module)]
struct Model {
    encoder: Encoder,
}

#[nnx::jit(graph = false)]
fn step(model: &mut Model, x: &Array) -> Array {
    x * &model.encoder.scale
}

#[nnx::jit(graph = false)]
fn make(x: &Array) -> (Array, Shared<Param>) {
    (x.clone(), Shared::new(Param::new(x.clone())))
}

type Rate = f32;

#[nnx::jit(graph = false)]
fn scaled(x: &Array, rate: Rate) -> Array {
    x * rate
}

fn main() {}
