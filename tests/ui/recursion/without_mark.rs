// Two types that hold each other, which no derive can see: rustc reports a cycle of constants. The lines that it
// shows of nnx say how to end it.
use nnx::{Module, Param};

#[derive(Module)]
struct Encoder {
    blocks: Vec<Block>,
}

#[derive(Module)]
struct Block {
    kernel: Param,
    inner: Option<Box<Encoder>>,
    //~ #[module(recursive)]
    //~ inner: Option<Box<Encoder>>,
}

fn main() {}
