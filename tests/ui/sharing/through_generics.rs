//! A function of the user's that hands its Module on: the error comes from the instance.

use nnx::module::Shared;
use nnx::{Array, Module, Param};

#[derive(Module)]
struct Residual<L> {
    inner: Option<L>,
    scale: Param,
}

fn count<M: Module>(model: &Residual<M>) -> usize {
    nnx::state(model).len()
}

fn main() {
    let x = Array::scalar(1.0_f32);
    count(&Residual { inner: Some(Param::new(x.clone())), scale: Param::new(x.clone()) });
    count(&Residual { inner: Some(Shared::new(Param::new(x.clone()))), scale: Param::new(x) });
}
