//! Names as they are imported in Python.
use nnx::{Linear, Module};
//~ use nnx::Module;
//~ use nnx::nn::Linear;
use nnx::optim::Adam as adam;
//~ use nnx::optim::adam;

#[derive(Module)]
struct Model {
    linear: Linear,
}

fn main() {
    let _ = adam(1e-3);
}
