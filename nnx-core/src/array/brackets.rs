//! `x[i]`, which arrays do not have: the message that says so.

use crate::graph::Array;
use std::ops::Index;

/// No type has this: `x[i]` would have to be a place in memory, and an array is none.
///
/// [`Array::at`] reads and updates parts of an array.
#[diagnostic::on_unimplemented(
    message = "an array is not indexed with `[…]`: its elements are on a device, or known only when a program runs",
    label = "write `x.at(…)`",
    note = "fixes:\n  1. to read: `x.at(i).get()`, `x.at(1..3).get()`, `x.at((.., 0)).get()`; one number of it: `x.at(i).get().item::<f32>()`\n  2. to change: `x = x.at(i).set(value)`, which makes a new array"
)]
pub trait BracketIndex {
    /// So that what is done with `x[i]` gives no errors of its own.
    #[doc(hidden)]
    type Output;
}

// An impl that never applies; without one rustc advises to write the first.
#[doc(hidden)]
#[diagnostic::do_not_recommend]
impl BracketIndex for std::convert::Infallible {
    type Output = std::convert::Infallible;
}

/// For the message alone: nothing has [`BracketIndex`].
#[doc(hidden)]
impl<I: BracketIndex> Index<I> for Array {
    type Output = I::Output;
    fn index(&self, _: I) -> &I::Output {
        unreachable!("there is no value of a type with `BracketIndex`")
    }
}
