//! A library of layers by somebody else. nnx has another name here, which the macros read in
//! Cargo.toml, nothing of the prelude is in scope, and the library has its own idea of what a
//! `Module`, an `Array`, an `Option` and a `Result` is.
#![no_implicit_prelude]
#![deny(missing_docs, warnings)]
#![forbid(unsafe_code)]

/// The crate, for those who depend on this one alone.
pub use ::flax as nnx;

use ::flax::module::BatchStat;
use ::flax::{Param, Variable};

/// A Module that can be called.
pub trait Module: ::flax::Module + ::core::marker::Send + ::core::marker::Sync {
    /// The output for `x`.
    fn apply(&mut self, x: &::flax::Array) -> ::flax::Array;
}

/// A table of numbers that is trained.
#[derive(::flax::Module)]
pub struct Array {
    /// The numbers.
    pub values: Param,
    /// A name for people.
    #[module(skip)]
    pub label: ::std::string::String,
}

impl Array {
    /// A table of the given numbers.
    pub fn new(label: &str, values: ::flax::Array) -> Self {
        Array { values: Param::new(values), label: ::std::convert::From::from(label) }
    }
}

impl Module for Array {
    #[::flax::jit(graph = false)]
    fn apply(&mut self, x: &::flax::Array) -> ::flax::Array {
        x * &*self.values
    }
}

/// A layer that may be left out.
#[derive(::flax::Module)]
pub enum Option<M> {
    /// It is left out.
    None,
    /// It is called.
    Some(M),
}

impl<M: Module> Module for Option<M> {
    fn apply(&mut self, x: &::flax::Array) -> ::flax::Array {
        match self {
            Option::None => ::core::clone::Clone::clone(x),
            Option::Some(layer) => layer.apply(x),
        }
    }
}

/// `x + inner(x)`, counting its calls.
#[derive(::flax::Module)]
pub struct Residual<M> {
    /// The Module whose output is added.
    pub inner: M,
    /// The calls so far, an i32 scalar.
    pub calls: Variable<BatchStat>,
    /// How many times `inner` is added.
    #[module(rename = "repeats")]
    pub times: usize,
}

impl<M> Residual<M> {
    /// Adds `inner` once. `calls` is where the count starts.
    pub fn new(inner: M, calls: ::flax::Array) -> Self {
        Residual { inner, calls: Variable::new(calls), times: 1 }
    }
}

impl<M: Module> Module for Residual<M> {
    fn apply(&mut self, x: &::flax::Array) -> ::flax::Array {
        let calls = &self.calls + 1;
        self.calls.set(calls);
        x + self.inner.apply(x) * self.times
    }
}

impl<M: Module> Residual<M> {
    /// [`apply`](Module::apply), compiled.
    #[::flax::jit(graph = false)]
    pub fn forward(&mut self, x: &::flax::Array) -> ::flax::Array {
        self.apply(x)
    }
}

/// A trained model.
#[derive(::flax::Module)]
pub struct Result<M> {
    /// The model.
    pub model: M,
    /// Its loss before the last step.
    pub loss: ::flax::Array,
}

/// A step of gradient descent on the mean square of the output. Consumes the model.
///
/// # Errors
/// When the shapes of `x` and the model do not fit.
#[::flax::jit(graph = false)]
pub fn train_step<M: Module>(
    mut model: M,
    x: &::flax::Array,
    #[nnx(static)] rate: f64,
) -> ::core::result::Result<Result<M>, ::flax::Error> {
    let (loss, gradient) =
        ::flax::value_and_grad(|model: &mut M| model.apply(x).square().mean(..), &mut model);
    let gradient = ::flax::state(&gradient);
    let next = ::flax::map(&model, |path, old| match gradient.get(path) {
        ::core::option::Option::Some(leaf) if !leaf.value.is_absent() => {
            old.value - rate * &leaf.value
        }
        _ => ::core::clone::Clone::clone(old.value),
    });
    ::core::result::Result::Ok(Result { model: next, loss })
}

/// How often the inner layer was added so far, an i32 scalar.
#[::flax::jit(graph = false)]
pub fn count<M: ::flax::Module>(tree: &Residual<M>) -> ::flax::Array {
    &tree.calls * tree.times
}
