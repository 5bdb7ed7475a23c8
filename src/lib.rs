//! Flax NNX for Rust.

pub use nnx_core::*;
