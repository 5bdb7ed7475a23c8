//! The common parts of the macros of nnx: errors that are gathered and reported together, types as
//! a macro sees them, types as text, and the path of the crate `nnx`.
//!
//! An implementation detail of `nnx-derive` and `nnx-jit`, without a stable interface.

pub mod contents;
pub mod diagnostics;
pub mod doubt;
mod krate;
mod manifest;
pub mod table;
pub mod text;
pub mod types;

pub use krate::Krate;
