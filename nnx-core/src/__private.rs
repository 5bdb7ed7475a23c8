//! Everything that the expansions of the macros need, and nobody else: it may change in any release.
//!
//! `#[derive(Module)]`, `path!` and `#[nnx::jit]` name this room and the trait `Module`, so that the
//! public API is free of what only they use. The items live where they belong; this file lists
//! them.

// `#[derive(Module)]`.
pub use crate::module::{
    Field, Key, Leaves, Module, Schema, StaticField, Structure, Variant, Visitor, VisitorMut,
};

// `path!`.
pub use crate::module::PatternKey;
pub use crate::module::check::path;
pub use nnx_derive::__path;

// `#[nnx::jit]`.
pub use crate::transform::jit::function::{Function, Options};
pub use crate::transform::jit::passed::{
    AnyResult, Anything, Name, Nobody, Passed, Returned, StaticArgument,
};
pub use crate::transform::jit::{CallError, Output};

/// The rules of tree mode, as constant functions.
pub mod check {
    pub use crate::transform::jit::check::{
        Verdict, argument, is_fine, report, result, static_argument,
    };
}
