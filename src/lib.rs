//! Flax NNX for Rust.

pub use nnx_core::*;
pub use nnx_derive::Module;
pub use nnx_jit::jit;
