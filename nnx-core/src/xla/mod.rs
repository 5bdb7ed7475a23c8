//! The XLA runtime: backends, clients, buffers and executables.
//!
//! By default any plugin with the PJRT C API runs our programs. It is found and opened at run time,
//! so that one binary works on CPUs, GPUs and TPUs. With the Cargo feature `xla-rs`, XLA's C++
//! library may do so instead, through the crate `xla`; [`Backend`] tells them apart, and nothing
//! else does. This is the only room of the crate with `unsafe`; its public types are safe, whatever
//! the backend leaves unchecked.
//!
//! # Which backend is used
//! [`ClientOptions::backend`], given to [`init`]; else `NNX_BACKEND` in the environment (`pjrt` or
//! `xla-rs`); else PJRT.
//!
//! # Which plugin is used
//! The first of: the path given to [`init`]; `NNX_PJRT_PLUGIN` (a path);
//! `PJRT_NAMES_AND_LIBRARY_PATHS` (the first of `name:path,…`); the plugin installed last by
//! `cargo xtask setup`, in `plugins` of the per-user folder (`NNX_HOME`, else `nnx` in
//! `XDG_DATA_HOME`, else `~/.local/share/nnx`); the plugin of a Python package. In the last two
//! places only plugins for CPUs are considered, unless `NNX_PLATFORM` is `cuda`, `rocm` or `tpu`.
//!
//! # Where compiled programs are kept
//! A program that takes more than a few milliseconds to compile is kept on disk for the next process, in `cache` of
//! the per-user folder, up to 2 GB, of which those go first that were used least lately. `NNX_CACHE=off`
//! turns this off, `NNX_CACHE=/a/folder` or [`ClientOptions::cache`] chooses the folder; [`cache_stats`]
//! counts, and `cargo xtask cache list` shows what is there. With [`write_bundle`] and [`add_bundle`] a
//! program ships its compiled programs. The backend `xla-rs` cannot store programs.
//!
//! # Memory that is freed
//! XLA on CPUs allocates its scratch memory anew in each run. With glibc, freed blocks of up to 1 GiB stay with
//! the process, so that the next run takes no page faults for them;
//! `NNX_KEEP_MEMORY=off` or [`ClientOptions::keep_memory`] turns this off (docs/performance.md).
#![allow(unsafe_code)]

mod buffer;
mod cache;
mod call;
mod callback;
mod client;
mod compiler_option;
mod environment;
mod executable;
mod exit;
mod flags;
mod floor;
mod fork;
#[cfg(feature = "fault-injection")]
mod injected;
mod malloc;
mod pjrt;
mod placement;
mod pool;
mod program;
mod runtime;
mod spread;
mod trial;
mod trust;
#[cfg(feature = "xla-rs")]
mod xla_rs;

pub use buffer::Buffer;
pub use cache::{Bundle, CacheStats, DiskCache, add_bundle, write_bundle};
pub use call::{Call, Outputs};
pub(crate) use callback::{CALLBACK_ID, CALLBACK_TARGET, Callback, is_in_callback, refuse_inside};
pub use client::{Client, ClientOptions, cache_stats, effects_barrier, init};
pub use compiler_option::{CompilerOption, OptionValue};
pub use executable::{Executable, MemoryAnalysis};
pub use floor::Floor;
#[cfg(feature = "fault-injection")]
pub use injected::{InjectedFault, disarm, init_injected, inject};
pub use placement::Placement;
pub(crate) use pool::{Kept, Pooled, Reuse};
pub use program::{Dialect, Program};
pub use runtime::Backend;

/// The names of the status codes, by number.
const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];
