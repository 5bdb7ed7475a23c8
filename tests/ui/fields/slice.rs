use nnx::{Module, Param};

#[derive(Module)]
struct Layers {
    layers: Box<[Param]>,
    //~ layers: Vec<Param>,
}

fn main() {}
