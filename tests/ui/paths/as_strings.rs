//! Paths where Python has strings.
use nnx::nn::Linear;
use nnx::{Module, Param, path};

#[derive(Module)]
struct Model {
    linear: Linear,
    bias: Param,
}

fn get(model: &Model) -> usize {
    nnx::state(model).get("linear.kernel").is_some() as usize
    //~ nnx::state(model).filter(path!(Model: linear.kernel)).len()
}

fn literal(model: &Model) -> usize {
    nnx::state(model).filter(path!(Model, "linear.kernel")).len()
    //~ nnx::state(model).filter(path!(Model: linear.kernel)).len()
}

fn without_the_type(model: &Model) -> usize {
    nnx::state(model).filter(path!(linear.kernel)).len()
    //~ nnx::state(model).filter(path!(Model: linear.kernel)).len()
}

fn main() {}
