//! Applying an operation: recorded where a trace runs, carried out at once elsewhere.

use super::eager::eager;
use crate::error::or_raise;
use crate::graph::{Array, Arrays, Op, Primitive, infer, is_tracing, record};
use std::panic::Location;
use std::sync::Arc;

/// Applies `op` to `ins`: recorded if a trace runs, carried out at once otherwise.
#[track_caller]
pub(crate) fn bind(op: impl Primitive, ins: &[&Array]) -> Arrays {
    bind_op(Arc::new(op), ins)
}

/// [`bind`] for an operation with one result.
#[track_caller]
pub(crate) fn bind1(op: impl Primitive, ins: &[&Array]) -> Array {
    let mut outs = bind(op, ins);
    match outs.pop() {
        Some(out) if outs.is_empty() => out,
        _ => unreachable!("the operation has one result"),
    }
}

/// [`bind`] for an operation that is already shared.
#[track_caller]
pub(crate) fn bind_op(op: Op, ins: &[&Array]) -> Arrays {
    let location = Location::caller();
    let result = if is_tracing() {
        record(op, ins, location)
    } else {
        infer(&op, ins, location).and_then(|avals| eager(op, ins, avals, location))
    };
    or_raise(result)
}
