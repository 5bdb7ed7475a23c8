//! Reductions of the parts of an array that have one number each.

use super::axes::invalid;
use super::indexing::IndexMode;
use super::{AsArray, full, one_program, select};
use crate::error::or_raise;
use crate::graph::Array;
use crate::value::{Aval, DType, highest, lowest};

#[derive(Clone, Copy, PartialEq)]
enum Segment {
    Sum,
    Prod,
    Max,
    Min,
}

/// The number of segments: as given, or one more than the largest of the known numbers.
#[track_caller]
fn count(op: &str, ids: &Array, given: Option<usize>) -> usize {
    if let Some(given) = given {
        return given;
    }
    if ids.is_traced() {
        let message = format!(
            "the number of segments depends on the elements of {}, which are not known while \
             tracing: give the number",
            ids.aval()
        );
        invalid(op, message);
    }
    if ids.size() == 0 {
        invalid(op, format!("{} names no segment: give the number of them", ids.aval()));
    }
    let most = or_raise(ids.max(..).astype(DType::I64).try_item::<i64>());
    usize::try_from(most).map_or(0, |most| most + 1)
}

#[track_caller]
fn segments(op: &str, data: &Array, ids: &Array, given: Option<usize>, kind: Segment) -> Array {
    let fits = ids.rank() > 0 && data.shape().get(..ids.rank()) == Some(ids.shape());
    if !ids.dtype().is_int() || !fits {
        let (data, ids) = (data.aval(), ids.aval());
        invalid(
            op,
            format!("needs an integer for each part along the first axes of {data}, got {ids}"),
        );
    }
    if data.dtype() == DType::Bool && matches!(kind, Segment::Sum | Segment::Prod) {
        invalid(op, format!("needs numbers, got {}; convert with `.astype(…)`", data.aval()));
    }
    let n = count(op, ids, given);
    let rest = &data.shape()[ids.rank()..];
    let shape = [&[n], rest].concat();
    one_program(op, &[data.clone(), ids.clone()], |args| {
        let (data, ids) = (&args[0], &args[1]);
        let dtype = data.dtype();
        let start = match kind {
            Segment::Sum => full(&shape, 0.0, dtype),
            Segment::Prod => full(&shape, 1.0, dtype),
            Segment::Max => Array::constant(Aval::scalar(dtype), lowest(dtype)).splat(&shape),
            Segment::Min => Array::constant(Aval::scalar(dtype), highest(dtype)).splat(&shape),
        };
        if data.size() == 0 || n == 0 {
            return start;
        }
        // Negative numbers are of no segment; they do not count from the end.
        let ids = ids.astype(DType::I64);
        let ids = select(ids.lt(0), ids.full_like(n as f64), &ids);
        let part = start.at(&ids).mode(IndexMode::Fill);
        match kind {
            Segment::Sum => part.add(data),
            Segment::Prod => part.mul(data),
            Segment::Max => part.max(data),
            Segment::Min => part.min(data),
        }
    })
}

/// The sums of the parts of `data` along its first axis that have the same number in `ids`, for the
/// numbers from 0 to `num` − 1; parts with another number do not count, and 0 is the sum of none.
/// Without a `num` there are as many as the largest number says, outside of traces.
/// `jax.ops.segment_sum`.
///
/// ```
/// use nnx::{Array, array::segment_sum};
/// let (data, ids) = (Array::from([0, 1, 2, 3, 4]), Array::from([0, 0, 1, 1, 2]));
/// assert_eq!(segment_sum(&data, &ids, 4).to_vec::<i32>(), [1, 5, 4, 0]);
/// ```
///
/// # Panics
/// Panics if there is not an integer for each part, the data are bools, and without a number inside a
/// trace.
#[track_caller]
pub fn segment_sum(data: impl AsArray, ids: impl AsArray, num: impl Into<Option<usize>>) -> Array {
    segments("segment_sum", data.as_array(), ids.as_array(), num.into(), Segment::Sum)
}

/// The products of the parts of `data`, as [`segment_sum`]; 1 of none. The derivative with respect to
/// the data needs numbers that are all different, of which nothing is known here, so that there is
/// none. `jax.ops.segment_prod`.
///
/// ```
/// use nnx::{Array, array::segment_prod};
///
/// let (data, ids) = (Array::from([2, 3, 4, 5]), Array::from([0, 0, 1, 3]));
/// assert_eq!(segment_prod(&data, &ids, 4).to_vec::<i32>(), [6, 4, 1, 5]);
/// ```
///
/// # Panics
/// As [`segment_sum`].
#[track_caller]
pub fn segment_prod(data: impl AsArray, ids: impl AsArray, num: impl Into<Option<usize>>) -> Array {
    segments("segment_prod", data.as_array(), ids.as_array(), num.into(), Segment::Prod)
}

/// The largest elements of the parts of `data`, as [`segment_sum`]; the lowest value of the dtype (−∞)
/// of none. `jax.ops.segment_max`.
///
/// ```
/// use nnx::{Array, array::segment_max};
///
/// let (data, ids) = (Array::from([2, 3, 4, 5]), Array::from([0, 0, 1, 3]));
/// assert_eq!(segment_max(&data, &ids, None).to_vec::<i32>(), [3, 4, i32::MIN, 5]);
/// ```
///
/// # Panics
/// As [`segment_sum`], but not for bools; for complex numbers.
#[track_caller]
pub fn segment_max(data: impl AsArray, ids: impl AsArray, num: impl Into<Option<usize>>) -> Array {
    segments("segment_max", data.as_array(), ids.as_array(), num.into(), Segment::Max)
}

/// The smallest elements of the parts of `data`, as [`segment_sum`]; the highest value of the dtype (∞)
/// of none. `jax.ops.segment_min`.
///
/// ```
/// use nnx::{Array, array::segment_min};
///
/// let (data, ids) = (Array::from([2.0, 3.0, 4.0]), Array::from([0, 0, 2]));
/// assert_eq!(segment_min(&data, &ids, 3).to_vec::<f64>(), [2.0, f64::INFINITY, 4.0]);
/// ```
///
/// # Panics
/// As [`segment_max`].
#[track_caller]
pub fn segment_min(data: impl AsArray, ids: impl AsArray, num: impl Into<Option<usize>>) -> Array {
    segments("segment_min", data.as_array(), ids.as_array(), num.into(), Segment::Min)
}
