//! A step that is jitted and an optimizer.
use nnx::nn::Linear;
use nnx::optim::{Adam, Optimizer};
use nnx::Array;

#[nnx::jit(graph = false)]
fn optimizer_without_its_type(model: &mut Linear, opt: &mut Optimizer, x: &Array) -> Array {
    //~ fn optimizer_without_its_type(model: &mut Linear, opt: &mut Optimizer<Adam>, x: &Array) -> Array {
    let (loss, grads) = nnx::value_and_grad(|m: &mut Linear| m.forward(x).sum(..), &mut *model);
    opt.update(model, &grads);
    loss
}

#[nnx::jit(graph = false)]
fn model_by_a_shared_reference(model: &Linear, opt: &mut Optimizer<Adam>, grads: &Linear) {
    //~ fn model_by_a_shared_reference(model: &mut Linear, opt: &mut Optimizer<Adam>, grads: &Linear) {
    opt.update(model, grads);
}

#[nnx::jit(graph = false)]
fn lent_twice(model: &mut Linear, opt: &mut Optimizer<Adam>, x: &Array) {
    opt.update(model, &nnx::grad(|m: &mut Linear| m.forward(x).sum(..), model));
    //~ let grads = nnx::grad(|m: &mut Linear| m.forward(x).sum(..), &mut *model);
    //~ opt.update(model, &grads);
}

fn main() {}
