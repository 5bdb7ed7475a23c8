//! A training step as it is in PyTorch.
use nnx::nn::Linear;
use nnx::optim::{Adam, Optimizer};
use nnx::Array;

fn zero_grad(opt: &mut Optimizer<Adam>) {
    opt.zero_grad();
    //~
}

fn backward(model: &Linear, x: &Array) -> Linear {
    let loss = model.forward(x).sum(..);
    loss.backward();
    //~ let _ = loss;
    nnx::grad(|m: &Linear| m.forward(x).sum(..), model)
}

fn step(model: &mut Linear, opt: &mut Optimizer<Adam>, grads: &Linear) {
    opt.step();
    //~ opt.update(model, grads);
}

fn parameters(model: &Linear) -> usize {
    model.parameters().count()
    //~ nnx::state(model).len()
}

fn to_a_device(x: &Array) -> Array {
    x.to("cuda")
    //~ x.to_device(0).unwrap()
}

fn numpy(x: &Array) -> Vec<f32> {
    x.numpy()
    //~ x.to_vec()
}

fn main() {}
