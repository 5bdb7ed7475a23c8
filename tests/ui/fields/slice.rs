use nnx::{Module, Param};

#[derive(Module)]
struct Layers {
    layers: Box<[Param]>,
}

fn main() {}
