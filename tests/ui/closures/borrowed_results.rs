//! A reference that was lent to a function ends with it.
use nnx::{Array, Module, Param};

#[derive(Module)]
struct Model {
    kernel: Param,
}

fn kept(model: &Model) -> Array {
    let mut kept = None;
    let _ = nnx::grad(
        |m: &Model| {
            kept = Some(&m.kernel);
            //~ kept = Some(model.kernel.value());
            m.kernel.sum(..)
        },
        model,
    );
    kept.unwrap().sum(..)
}

fn main() {}
