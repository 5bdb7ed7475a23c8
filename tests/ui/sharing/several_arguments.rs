//! One error for each argument, and one for the result.

use nnx::module::Shared;
use nnx::{Array, Module, Param};

#[derive(Module)]
struct Encoder {
    embed: Shared<Param>,
}

#[derive(Module)]
struct Decoder {
    head: Shared<Param>,
}

#[nnx::jit(graph = false)]
//~ #[nnx::jit]
fn step(encoder: &mut Encoder, decoder: &Decoder, x: &Array) -> (Array, Encoder) {
    let _ = encoder;
    (x.clone(), Encoder { embed: decoder.head.clone() })
}

fn main() {}
