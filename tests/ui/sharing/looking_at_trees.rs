//! The functions that look at a tree: they would show less than there is.

use nnx::module::View;
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
    let model = Model { layers: vec![Layer { tied: Shared::new(param()) }], head: param() };
    let _ = nnx::view(&model, View::eval());
    let _ = nnx::tabulate(&model);
    let _ = nnx::iter_modules(&model).count();
    let _ = nnx::find_duplicates(&model);
}
