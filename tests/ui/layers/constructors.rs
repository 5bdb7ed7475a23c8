//! Layers are made with the sizes and the streams of random numbers.
use nnx::nn::{BatchNorm, Linear};
use nnx::random::Rngs;
use nnx::Array;

fn without_rngs() -> Linear {
    Linear::new(2, 3)
    //~ Linear::new(2, 3, &mut Rngs::new(0))
}

fn rngs_by_value(rngs: Rngs) -> Linear {
    Linear::new(2, 3, rngs)
    //~ let mut rngs = rngs;
    //~ Linear::new(2, 3, &mut rngs)
}

fn shared_rngs(rngs: &Rngs) -> Linear {
    //~ fn shared_rngs(rngs: &mut Rngs) -> Linear {
    Linear::new(2, 3, rngs)
}

fn called_like_a_function(linear: &Linear, x: &Array) -> Array {
    linear(x)
    //~ linear.forward(x)
}

fn not_built(rngs: &mut Rngs) -> Linear {
    let _ = rngs;
    Linear::builder(2, 3)
    //~ Linear::builder(2, 3).build(rngs)
}

fn sets_statistics(norm: &BatchNorm, x: &Array) -> Array {
    //~ fn sets_statistics(norm: &mut BatchNorm, x: &Array) -> Array {
    norm.forward(x)
}

fn main() {}
