//! In one variant of an enum, whichever is used.

use nnx::module::Shared;
use nnx::{Array, Module, Param};

#[derive(Module)]
enum Head {
    Own(Param),
    Tied { embed: Shared<Param> },
}

#[derive(Module)]
struct Model {
    heads: Vec<Head>,
}

#[nnx::jit(graph = false)]
//~ #[nnx::jit]
fn forward(model: &Model, x: &Array) -> Array {
    match &model.heads[0] {
        Head::Own(kernel) => x * kernel,
        Head::Tied { embed } => x * &*embed.read(),
    }
}

fn main() {}
