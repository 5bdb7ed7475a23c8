//! The rules of tree mode for the arguments and the result of a jitted function, checked while the
//! user's crate compiles.

use super::output::Output;
pub use crate::module::check::argument;

/// Fails to compile when there is a shared node inside the result.
#[track_caller]
pub const fn result<R: Output>() {
    crate::module::check::tree::<R::Tree>("result");
}
