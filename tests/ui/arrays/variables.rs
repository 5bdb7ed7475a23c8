//! Variables and the arrays in them.
use nnx::{Array, DType, Module, Param, array};

#[derive(Module)]
struct Model {
    kernel: Param,
}

fn an_array_as_a_param() -> Model {
    Model { kernel: array::zeros([2], DType::F32) }
    //~ Model { kernel: array::zeros([2], DType::F32).into() }
}

fn assigned(model: &mut Model, x: Array) {
    model.kernel = x;
    //~ model.kernel.set(x);
}

fn field_of_flax(model: &mut Model, x: Array) {
    model.kernel.value = x;
    //~ model.kernel.set(x);
}

fn get(model: &Model) -> Array {
    model.kernel.value()
    //~ model.kernel.value().clone()
}

fn a_param_as_an_array(model: &Model) -> Array {
    model.kernel
    //~ model.kernel.value().clone()
}

fn main() {}
