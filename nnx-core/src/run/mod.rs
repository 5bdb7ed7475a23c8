//! Operations and programs on devices: recorded or carried out, compiled, kept.

mod bind;
mod cache;
mod compile;
mod eager;
mod env;
mod kept;
mod nans;
mod order;
mod place;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

pub(crate) use bind::{bind, bind_op, bind1};
pub(crate) use cache::clear;
pub(crate) use compile::{compile, hlo_text, stablehlo_text};
pub(crate) use eager::{buffer, is_on_cpu, join, staged};
pub(crate) use env::Env;
pub use kept::{CacheLimits, cache_limits, cached_programs, set_cache_limits};
pub(crate) use kept::{Evicted, ProgramCache, Stamp, inserted, note_compiled, register};
pub use nans::debug_nans;
pub(crate) use nans::{has_nan, is_searching};
pub(crate) use place::RunPlace;
