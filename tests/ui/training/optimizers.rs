//! Optimizers, their arguments and their models.
use nnx::nn::{Embed, Linear};
use nnx::optim::{Adam, Optimizer, adam, sgd};
use nnx::Array;

fn without_the_model(model: &Linear) -> Optimizer<Adam> {
    let _ = model;
    Optimizer::new(adam(1e-3))
    //~ Optimizer::new(model, adam(1e-3))
}

fn arguments_in_another_order(model: &Linear) -> Optimizer<Adam> {
    Optimizer::new(adam(1e-3), model)
    //~ Optimizer::new(model, adam(1e-3))
}

fn of_another_type(model: &Linear) -> Optimizer<Adam> {
    Optimizer::new(model, sgd(0.1))
    //~ Optimizer::new(model, adam(0.1))
}

fn gradients_of_another_model(
    model: &mut Linear,
    opt: &mut Optimizer<Adam>,
    grads: &Embed,
    //~ grads: &Linear,
) {
    opt.update(model, grads);
}

fn the_pair(model: &mut Linear, opt: &mut Optimizer<Adam>, x: &Array) {
    let grads = nnx::value_and_grad(|m: &mut Linear| m.forward(x).sum(..), &mut *model);
    //~ let (_, grads) = nnx::value_and_grad(|m: &mut Linear| m.forward(x).sum(..), &mut *model);
    opt.update(model, &grads);
}

fn the_function(opt: &Optimizer<adam>) -> usize {
    //~ fn the_function(opt: &Optimizer<Adam>) -> usize {
    nnx::state(opt).len()
}

fn main() {}
