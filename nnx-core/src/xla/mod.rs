//! The XLA runtime: PJRT plugins, clients, buffers and executables.
//!
//! Any plugin with the PJRT C API runs our programs. It is found and opened at run time, so that
//! one binary works on CPUs, GPUs and TPUs. This is the only room of the crate with `unsafe`; its
//! public types are safe, whatever the plugin leaves unchecked.
//!
//! # Which plugin is used
//! The first of: the path given to [`init`]; `NNX_PJRT_PLUGIN` (a path);
//! `PJRT_NAMES_AND_LIBRARY_PATHS` (the first of `name:path,…`); the plugin installed last by
//! `cargo xtask setup`, in `plugins` of the per-user folder (`NNX_HOME`, else `nnx` in
//! `XDG_DATA_HOME`, else `~/.local/share/nnx`); the plugin of a Python package. In the last two
//! places only plugins for CPUs are considered, unless `NNX_PLATFORM` is `cuda`, `rocm` or `tpu`.
#![allow(unsafe_code)]

mod buffer;
mod call;
mod client;
mod discovery;
mod elf;
mod environment;
mod executable;
mod ffi;
mod flags;
mod floor;
pub(crate) mod hlo;
mod installed;
mod options;
mod plugin;
pub(crate) mod stablehlo;
mod status;

pub use buffer::Buffer;
pub use call::{Call, Outputs};
pub use client::{Client, ClientOptions, init};
pub use executable::{Executable, MemoryAnalysis};
pub use floor::Floor;
