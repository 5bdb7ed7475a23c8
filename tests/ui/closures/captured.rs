//! A closure that changes a value around it.
use nnx::{Array, Module, Param};

#[derive(Module)]
struct Model {
    kernel: Param,
    seen: Param,
}

fn set_while_it_is_lent(model: &mut Model) -> (Array, Model) {
    nnx::value_and_grad(
        |m: &mut Model| {
            model.seen.set(m.kernel.sum(..));
            //~ m.seen.set(m.kernel.sum(..));
            m.kernel.sum(..)
        },
        model,
    )
}

fn set_through_a_shared(model: &Model) -> Model {
    nnx::grad(
        |m: &Model| {
            m.seen.set(m.kernel.sum(..));
            //~
            m.kernel.sum(..)
        },
        model,
    )
}

fn main() {}
