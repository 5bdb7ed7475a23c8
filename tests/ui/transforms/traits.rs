// Optimizers, layers and metrics are types with a trait.
use nnx::nn::{Linear, Sequential, relu};
use nnx::optim::Optimizer;
use nnx::random::Rngs;

fn number_as_optimizer(model: &Linear) {
    let _ = Optimizer::new(model, 0.1);
    //~ let _ = Optimizer::new(model, nnx::optim::sgd(0.1));
}

fn function_as_layer(rngs: &mut Rngs) {
    let _ = Sequential::new((Linear::new(2, 3, rngs), relu));
    //~ let _ = Sequential::new((Linear::new(2, 3, rngs), nnx::nn::Activation::new(relu)));
    //~2 #[derive(nnx::Module)]
    //~2 struct Relu;
    //~2 impl nnx::nn::Layer for Relu {
    //~2     fn forward(&mut self, x: &nnx::Array) -> nnx::Array {
    //~2         relu(x)
    //~2     }
    //~2 }
    //~2 let _ = Sequential::new((Linear::new(2, 3, rngs), Relu));
}

fn main() {}
