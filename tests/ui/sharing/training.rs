//! What is trained and saved: shared parameters would be neither.

use nnx::optim::{Optimizer, Sgd, sgd};
use nnx::train::{load_checkpoint, save_checkpoint};
use std::collections::BTreeMap;
use nnx::module::Shared;
use nnx::{Array, Module, Param};

#[derive(Module)]
struct Layer {
    tied: Shared<Param>,
}

#[derive(Module)]
struct Model {
    layers: Vec<Layer>,
    head: Param,
}

fn train(optimizer: &mut Optimizer<Sgd>, model: &mut Model, grads: &Model) {
    optimizer.update(model, grads);
}

fn main() {
    let param = || Param::new(Array::scalar(1.0_f32));
    let mut model = Model { layers: vec![Layer { tied: Shared::new(param()) }], head: param() };
    let grads = Model { layers: vec![], head: param() };
    let mut optimizer = Optimizer::new(&model, sgd(0.1));
    train(&mut optimizer, &mut model, &grads);
    let _ = save_checkpoint("last.safetensors", &model, &BTreeMap::new());
    let _ = load_checkpoint("last.safetensors", &mut model);
}
