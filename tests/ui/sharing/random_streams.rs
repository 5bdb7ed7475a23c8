//! A stream inside of a shared node would be passed over, and not be split.

use nnx::Module;
use nnx::module::{Everything, Shared};
use nnx::random::{Rngs, fork_rngs, split_rngs};

#[derive(Module)]
struct Layer {
    rngs: Shared<Rngs>,
}

#[derive(Module)]
struct Model {
    layers: Vec<Layer>,
}

fn main() {
    let mut model = Model { layers: vec![Layer { rngs: Shared::new(Rngs::new(0)) }] };
    let _ = split_rngs(&mut model, Everything, 3);
    let _ = fork_rngs(&mut model, Everything);
}
