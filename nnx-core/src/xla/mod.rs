//! The XLA runtime: PJRT plugins, clients, buffers and executables.
//!
//! Any plugin with the PJRT C API runs our programs. It is found and opened at run time, so that
//! one binary works on CPUs, GPUs and TPUs. This is the only room of the crate with `unsafe`; its
//! public types are safe, whatever the plugin leaves unchecked.
#![allow(unsafe_code)]

mod buffer;
mod call;
mod client;
mod discovery;
mod environment;
mod executable;
mod ffi;
mod folder;
mod options;
mod plugin;
pub(crate) mod stablehlo;
mod status;

pub use buffer::Buffer;
pub use call::{Call, Outputs};
pub use client::{Client, ClientOptions, init};
pub use executable::{Executable, MemoryAnalysis};
