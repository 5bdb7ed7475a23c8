//! Arguments of transforms, and what the functions given to them return.

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
    let head = |model: &Model| model.head.value().clone();
    let _ = nnx::grad(head, &model);
    let _ = nnx::value_and_grad(head, &model);
    let _ = nnx::jvp(head, &model, &model);
    let _ = nnx::eval_shape(head, &model);
    let _ = nnx::make_graph(head, &model);

    let x = Array::scalar(1.0_f32);
    let shared = |x: &Array| Shared::new(Param::new(x.clone()));
    let _ = nnx::grad(|x: &Array| (x.clone(), vec![shared(x)]), &x);
    let _ = nnx::value_and_grad(|x: &Array| (x.clone(), shared(x)), &x);
    let _ = nnx::jvp(|x: &Array| shared(x), &x, &x);
    let _ = nnx::eval_shape(|x: &Array| (shared(x), 1), &x);
    let _ = nnx::make_graph(|x: &Array| Some(shared(x)), &x);
}
