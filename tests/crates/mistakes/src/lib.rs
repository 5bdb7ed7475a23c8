//! Mistakes that nobody can see in a function, but only in one of its instances: `cargo check` lets
//! them pass, `cargo build` does not. With the feature `early`, mistakes that both report.

use library::Residual;
use nnx::module::Shared;
use nnx::{Array, Module, Param};

/// A model with a tied embedding.
#[derive(Module)]
pub struct Tied {
    /// Used by two layers.
    pub encoder: Encoder,
    /// Of its own.
    pub head: Param,
}

/// The Module that holds the embedding.
#[derive(Module)]
pub struct Encoder {
    /// One of its handles.
    pub embed: Shared<Param>,
}

/// An instance of a function that the library jitted.
pub fn jitted(tied: &Residual<Vec<Tied>>) -> Array {
    library::count(tied)
}

/// Combines anything.
fn combined<M: Module>(xs: &M, f: impl Fn(&M, &M) -> M) -> M {
    nnx::associative_scan(|a: &M, b: &M| f(a, b), xs, 0, false)
}

/// An instance of it.
pub fn accumulated(tied: &(Array, Tied)) -> (Array, Tied) {
    combined(tied, |first, _| nnx::clone(first))
}

/// Looks at its argument as a tree.
#[nnx::jit(graph = false)]
fn described<M: Module>(model: &M, x: &Array) -> Array {
    x * nnx::state(model).len()
}

/// An instance of it.
pub fn looked_at(encoder: &Encoder, x: &Array) -> Array {
    described(encoder, x)
}

#[cfg(feature = "early")]
mod early {
    use super::*;

    #[derive(Module)]
    struct Cached {
        cache: std::cell::RefCell<Vec<Array>>,
    }

    #[nnx::jit(graph = false)]
    fn shared(model: &mut Tied, x: &Array) -> Array {
        &model.head + x
    }

    #[nnx::jit(graph = false)]
    fn reference<'a>(model: &'a Encoder, rate: &f32) -> &'a Shared<Param> {
        &model.embed
    }
}
