//! The runtime of `#[nnx::jit]`: what the attribute's expansion calls.
//!
//! A call flattens its arguments with derived straight-line code, finds the executable by types,
//! static parts, shapes and dtypes, runs it, and writes the changed Variables back. A miss traces
//! the body over a twin of the arguments, so that whatever goes wrong leaves them as they were.

mod arguments;
mod call;
mod entry;
mod function;
mod output;
mod record;

pub use arguments::{Argument, Arguments, Mut, Owned, Ref, Static};
pub use call::call;
pub use function::{Function, Options, Stats, functions};
pub use output::Output;
