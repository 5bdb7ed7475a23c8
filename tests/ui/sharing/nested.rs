//! A shared node deep inside an argument, behind an alias.

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
//~ #[nnx::jit]
fn step(model: &mut Model, x: &Array) -> Array {
    x * &model.encoder.scale
}

fn main() {}
