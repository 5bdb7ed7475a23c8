//! One error for each argument, and one for the result.

use nnx::module::Shared;
use nnx::{Array, Module, Param};

#[derive(Module)]
struct Encoder {
    embed: Shared<Param>,
    //~2 embed: Param,
    //~3 scale: Param,
}

#[derive(Module)]
struct Decoder {
    head: Shared<Param>,
    //~2 head: Param,
    //~3 bias: Param,
}

#[nnx::jit(graph = false)]
//~ #[nnx::jit]
//~2 #[nnx::jit(graph = false)]
//~3 #[nnx::jit(graph = false)]
fn step(encoder: &mut Encoder, decoder: &Decoder, x: &Array) -> (Array, Encoder) {
//~3 fn step(encoder: &mut Encoder, decoder: &Decoder, table: &mut Param, x: &Array) -> Array {
    let _ = encoder;
    //~3 let hidden = x * &*table * &encoder.scale;
    (x.clone(), Encoder { embed: decoder.head.clone() })
    //~3 hidden * &*table + &decoder.bias
}

fn main() {}
