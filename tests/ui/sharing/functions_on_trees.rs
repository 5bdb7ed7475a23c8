//! The functions that take a tree apart and put it together: what they left out would be lost.

use nnx::module::{Everything, GraphDef};
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

fn main() {
    let param = || Param::new(Array::scalar(1.0_f32));
    let mut model = Model { layers: vec![Layer { tied: Shared::new(param()) }], head: param() };
    let _ = GraphDef::of(&model);
    let (graphdef, state) = nnx::split(&model);
    // There is no GraphDef to merge: the mistake was made above.
    let _ = nnx::merge(&graphdef, state);
    let _ = nnx::split_by(&model, (Everything,));
    let _ = nnx::state(&model);
    let _ = nnx::update(&mut model, nnx::State::new());
    let _ = nnx::clone(&model);
    let _ = nnx::map(&model, |_, variable| variable.value.clone());
    let _ = nnx::pop(&mut model, Everything);
}
