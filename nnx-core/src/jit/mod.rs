//! The runtime of `#[nnx::jit]`: what the attribute's expansion calls.
//!
//! A call flattens its arguments with derived straight-line code, finds the executable by types,
//! static parts, shapes and dtypes, runs it, and writes the changed Variables back. A miss traces
//! the body over a twin of the arguments, so that whatever goes wrong leaves them as they were.
//!
//! Only what a hit needs is compiled for each jitted function; a miss works on erased types.

mod building;
mod call;
pub(crate) mod check;
mod closure;
mod collect;
pub(crate) mod conditions;
mod entry;
mod erased;
mod explain;
pub(crate) mod forms;
pub(crate) mod function;
mod launch;
mod limit;
mod names;
mod nans;
mod nested;
mod outcome;
mod output;
mod placed;
mod plan;
mod rebuilt;
mod record;
pub(crate) mod sharing;
mod stage;
mod tree_mode;

pub use crate::module::StaticArgument;
pub use crate::run::{CacheLimits, cache_limits, cached_programs, set_cache_limits};
pub use closure::{Jitted, jit};
pub use function::{Stats, clear_cache, clear_caches, functions};
pub use limit::assert_max_traces;
pub use output::{CallError, Output};
pub use stage::{Compiled, Lowered, lower};
