//! The XLA runtime: PJRT plugins, clients, buffers and executables.
//!
//! The only room of the crate with `unsafe`.
#![allow(unsafe_code)]

mod buffer;
pub use buffer::Buffer;
