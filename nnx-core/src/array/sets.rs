//! Arrays as sets of their elements. Where `size` is `None` the result is as large as it has to be,
//! which is possible outside of traces only.

use super::{AsArray, Operand, concatenate};
use crate::graph::Array;

/// The different elements of `x` for which `keep` holds, in ascending order.
#[track_caller]
fn subset(
    x: &Array,
    keep: impl FnOnce(&Array) -> Array,
    size: Option<usize>,
    fill: impl Operand,
) -> Array {
    // As many places as there could be: those that are left over have the count 0.
    let unique = x.unique_all(x.size());
    let mask = unique.counts.gt(0).logical_and(keep(&unique.values));
    unique.values.extract(&mask, size, fill)
}

/// The different elements of both arrays in ascending order; with a `size`, as many, filled up
/// with the smallest one. `jax.numpy.union1d`.
///
/// ```
/// use nnx::{Array, array::union1d};
/// let (a, b) = (Array::from([3, 1]), Array::from([1, 2]));
/// assert_eq!(union1d(&a, &b, None).to_vec::<i32>(), [1, 2, 3]);
/// ```
///
/// # Panics
/// Without a size inside a trace.
#[track_caller]
pub fn union1d(a: impl AsArray, b: impl AsArray, size: impl Into<Option<usize>>) -> Array {
    concatenate([&a.as_array().flatten(), &b.as_array().flatten()], 0).unique(size)
}

/// The different elements that are in both arrays, in ascending order; with a `size`, as many,
/// filled up with `fill`. `jax.numpy.intersect1d`.
///
/// ```
/// use nnx::{Array, array::intersect1d};
///
/// let (a, b) = (Array::from([3, 1, 2, 1]), Array::from([1, 3, 5]));
/// assert_eq!(intersect1d(&a, &b, None, 0).to_vec::<i32>(), [1, 3]);
/// assert_eq!(intersect1d(&a, &b, 3, -1).to_vec::<i32>(), [1, 3, -1]);
/// ```
///
/// # Panics
/// Without a size inside a trace.
#[track_caller]
pub fn intersect1d(
    a: impl AsArray,
    b: impl AsArray,
    size: impl Into<Option<usize>>,
    fill: impl Operand,
) -> Array {
    let (a, b) = (a.as_array(), b.as_array());
    subset(a, |values| values.isin(b), size.into(), fill)
}

/// The different elements of `a` that are not in `b`, in ascending order; with a `size`, as
/// many, filled up with `fill`. `jax.numpy.setdiff1d`.
///
/// ```
/// use nnx::{Array, array::setdiff1d};
///
/// let (a, b) = (Array::from([3, 1, 2, 1]), Array::from([1, 5]));
/// assert_eq!(setdiff1d(&a, &b, None, 0).to_vec::<i32>(), [2, 3]);
/// ```
///
/// # Panics
/// Without a size inside a trace.
#[track_caller]
pub fn setdiff1d(
    a: impl AsArray,
    b: impl AsArray,
    size: impl Into<Option<usize>>,
    fill: impl Operand,
) -> Array {
    let (a, b) = (a.as_array(), b.as_array());
    subset(a, |values| values.isin(b).logical_not(), size.into(), fill)
}

/// The different elements that are in one of the arrays only, in ascending order; with a `size`,
/// as many, filled up with `fill`. `jax.numpy.setxor1d`.
///
/// ```
/// use nnx::{Array, array::setxor1d};
///
/// let (a, b) = (Array::from([3, 1]), Array::from([1, 2]));
/// assert_eq!(setxor1d(&a, &b, None, 0).to_vec::<i32>(), [2, 3]);
/// ```
///
/// # Panics
/// Without a size inside a trace.
#[track_caller]
pub fn setxor1d(
    a: impl AsArray,
    b: impl AsArray,
    size: impl Into<Option<usize>>,
    fill: impl Operand,
) -> Array {
    let (a, b) = (a.as_array(), b.as_array());
    let both = concatenate([&a.flatten(), &b.flatten()], 0);
    subset(
        &both,
        |values| {
            // Not in both, since NaN is in neither.
            values.isin(a).logical_and(values.isin(b)).logical_not()
        },
        size.into(),
        fill,
    )
}
