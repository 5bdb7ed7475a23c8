//! The commands behind `cargo xtask`.

pub mod cache;
pub mod children;
pub mod cli;
mod contents;
pub mod mistakes;
pub mod pins;
mod pip;
mod probe;
pub mod setup;
mod store;
pub mod tidy;
pub mod xla_rs;

// The rules for where plugins lie, and for telling a whole library from a cut one, are the runtime
// library's own: the same source files, not copies.
#[path = "../../nnx-core/src/xla/pjrt/elf.rs"]
mod elf;
// The library writes entries; here they are read.
#[allow(dead_code)]
#[path = "../../nnx-core/src/xla/cache/entry.rs"]
mod entry;
#[path = "../../nnx-core/src/xla/pjrt/installed.rs"]
mod installed;
#[path = "../../nnx-core/src/xla/pjrt/record.rs"]
mod record;
