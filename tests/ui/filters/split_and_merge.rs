//! Splitting and merging.
use nnx::{Module, Param, State};

#[derive(Module)]
struct Model {
    kernel: Param,
}

#[derive(Module)]
struct Other {
    kernel: Param,
}

fn merged_into_another(model: &Model) -> Other {
    //~ fn merged_into_another(model: &Model) -> Model {
    let (graphdef, state) = nnx::split(model);
    nnx::merge(&graphdef, state).unwrap()
}

fn updated_from_a_model(model: &mut Model, other: &Model) {
    nnx::update(model, other).unwrap();
    //~ nnx::update(model, nnx::state(other)).unwrap();
}

fn update_of_a_shared(model: &Model, state: State) {
    //~ fn update_of_a_shared(model: &mut Model, state: State) {
    nnx::update(model, state).unwrap();
}

fn main() {}
