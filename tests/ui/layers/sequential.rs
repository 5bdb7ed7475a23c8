//! Layers of a Sequential and a List.
use nnx::Array;
use nnx::nn::{Linear, List, Sequential, relu};
use nnx::random::Rngs;

fn one(rngs: &mut Rngs) {
    let _ = Sequential::new(Linear::new(2, 2, rngs));
    //~ let _ = Sequential::new((Linear::new(2, 2, rngs),));
}

fn a_closure(rngs: &mut Rngs) {
    let _ = Sequential::new((Linear::new(2, 2, rngs), |x: &Array| x * 2));
    //~2 let _ = Sequential::new((Linear::new(2, 2, rngs), nnx::nn::Activation::new(|x: &Array| x * 2)));
}

fn a_function_in_a_list() -> List {
    let mut list = List::new();
    list.push(relu);
    //~2 list.push(nnx::nn::Activation::new(relu));
    list
}

fn main() {}
