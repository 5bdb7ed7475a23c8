//! How users write axes and shapes.

use crate::error::{Error, raise};
use crate::graph::Array;
use crate::graph::user_location;
use crate::value::{Aval, MAX_BYTES, saturating_product};
use std::ops::RangeFull;

/// Which axes a reduction takes, and whether they stay with size 1.
///
/// ```
/// use nnx::{Array, array::{Axes, keepdims}};
///
/// let rows: Axes = keepdims(-1);
/// let x = Array::from([[1.0, 3.0], [2.0, 2.0]]);
/// let share = &x / x.sum(rows);
/// assert_eq!(share.to_vec::<f64>(), [0.25, 0.75, 0.5, 0.5]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Axes {
    /// `None` takes all axes.
    pub(crate) axes: Option<Vec<isize>>,
    pub(crate) keepdims: bool,
}

impl Axes {
    /// The axes of an operand, as sorted dimensions.
    #[track_caller]
    pub(crate) fn resolve(&self, op: &str, aval: &Aval) -> Vec<usize> {
        let Some(axes) = &self.axes else { return (0..aval.rank()).collect() };
        let mut dims = dims(op, axes, aval);
        dims.sort_unstable();
        if let Some(pair) = dims.windows(2).find(|pair| pair[0] == pair[1]) {
            invalid(op, format!("axis {} of {aval} is given twice", pair[0]));
        }
        dims
    }
}

/// The dimension that a possibly negative axis means.
#[track_caller]
pub(crate) fn dim(op: &str, axis: isize, aval: &Aval) -> usize {
    let rank = aval.rank() as isize;
    let dim = if axis < 0 { axis + rank } else { axis };
    if dim < 0 || dim >= rank {
        invalid(op, format!("axis {axis} is out of bounds for {aval}, which has {rank} axes"));
    }
    dim as usize
}

/// [`dim`] of several axes. A loop, because a closure would hide the user's line.
#[track_caller]
pub(crate) fn dims(op: &str, axes: &[isize], aval: &Aval) -> Vec<usize> {
    let mut dims = Vec::with_capacity(axes.len());
    for &axis in axes {
        dims.push(dim(op, axis, aval));
    }
    dims
}

/// Stops with an [`Error::Op`] at the user's line.
#[track_caller]
pub(crate) fn invalid(op: &str, message: String) -> ! {
    raise(Error::Op { op: op.into(), message, location: user_location() })
}

/// Stops at complex numbers, for functions that have no meaning or no implementation for them.
#[track_caller]
pub(crate) fn real_only(op: &str, x: &Array) {
    if x.dtype().is_complex() {
        let message =
            format!("takes real numbers, got {}; give `.real()`, `.imag()` or `.abs()`", x.aval());
        invalid(op, message);
    }
}

/// Axes of reductions: `..` for all, `-1`, `[0, 1]`, a slice, [`keepdims`] of one of these.
///
/// ```
/// use nnx::{Array, array::IntoAxes};
///
/// fn range(x: &Array, axes: impl IntoAxes) -> Array {
///     let axes = axes.into_axes();
///     x.max(axes.clone()) - x.min(axes)
/// }
/// let x = Array::from([[1, 5], [7, 2]]);
/// assert_eq!(range(&x, -1).to_vec::<i32>(), [4, 5]);
/// assert_eq!(range(&x, ..).item::<i32>(), 6);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which axes",
    label = "not axes",
    note = "axes are `..` for all, a number (`0`, `-1`), several (`[0, 1]`), or `keepdims(…)` of one of these"
)]
pub trait IntoAxes {
    /// The axes.
    fn into_axes(self) -> Axes;
}

/// Reduces over `axes` and keeps them with size 1, so that the result broadcasts against the
/// operand.
///
/// ```
/// use nnx::{Array, array::keepdims};
///
/// let x = Array::from([[1.0, 3.0], [2.0, 6.0]]);
/// let centered = &x - x.mean(keepdims(-1));
/// assert_eq!(centered.to_vec::<f64>(), [-1.0, 1.0, -2.0, 2.0]);
/// ```
pub fn keepdims(axes: impl IntoAxes) -> Axes {
    Axes { keepdims: true, ..axes.into_axes() }
}

#[diagnostic::do_not_recommend]
impl IntoAxes for Axes {
    fn into_axes(self) -> Axes {
        self
    }
}
#[diagnostic::do_not_recommend]
impl IntoAxes for RangeFull {
    fn into_axes(self) -> Axes {
        Axes { axes: None, keepdims: false }
    }
}

/// A shape: `[2, 3]`, a slice, a vector, a single number. In `reshape` one size
/// may be `-1`: what is left.
///
/// ```
/// use nnx::{Array, DType, array::{IntoShape, full}};
///
/// fn sevens(shape: impl IntoShape) -> Array {
///     full(shape, 7.0, DType::I32)
/// }
/// assert_eq!(sevens([2, 3]).shape(), [2, 3]);
/// assert_eq!(sevens(vec![4]).shape(), [4]);
/// assert_eq!(sevens(()).item::<i32>(), 7); // a scalar
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a shape",
    label = "not a shape",
    note = "a shape is `[2, 3]`, a slice or `Vec` of integers, a single number, or `()` for a scalar"
)]
pub trait IntoShape {
    /// The sizes; negative ones are for the callee to judge.
    fn into_shape(self) -> Vec<isize>;
}

/// A number as a signed one, which a large one does not become by changing its sign.
pub(super) fn signed(n: impl TryInto<isize>) -> isize {
    n.try_into().unwrap_or(isize::MAX)
}

macro_rules! integers {
    ($($t:ty),*) => {$(
        #[diagnostic::do_not_recommend]
        impl IntoAxes for $t {
            fn into_axes(self) -> Axes {
                Axes { axes: Some(vec![signed(self)]), keepdims: false }
            }
        }
        #[diagnostic::do_not_recommend]
        impl<const N: usize> IntoAxes for [$t; N] {
            fn into_axes(self) -> Axes {
                self.as_slice().into_axes()
            }
        }
        #[diagnostic::do_not_recommend]
        impl IntoAxes for &[$t] {
            fn into_axes(self) -> Axes {
                Axes { axes: Some(self.iter().map(|&a| signed(a)).collect()), keepdims: false }
            }
        }
        #[diagnostic::do_not_recommend]
        impl IntoShape for $t {
            fn into_shape(self) -> Vec<isize> {
                vec![signed(self)]
            }
        }
        #[diagnostic::do_not_recommend]
        impl<const N: usize> IntoShape for [$t; N] {
            fn into_shape(self) -> Vec<isize> {
                self.as_slice().into_shape()
            }
        }
        #[diagnostic::do_not_recommend]
        impl IntoShape for &[$t] {
            fn into_shape(self) -> Vec<isize> {
                self.iter().map(|&n| signed(n)).collect()
            }
        }
        #[diagnostic::do_not_recommend]
        impl IntoShape for &Vec<$t> {
            fn into_shape(self) -> Vec<isize> {
                self.as_slice().into_shape()
            }
        }
        #[diagnostic::do_not_recommend]
        impl IntoShape for Vec<$t> {
            fn into_shape(self) -> Vec<isize> {
                self.as_slice().into_shape()
            }
        }
    )*};
}
integers!(i32, i64, isize, usize);

#[diagnostic::do_not_recommend]
impl IntoAxes for &Vec<usize> {
    fn into_axes(self) -> Axes {
        self.as_slice().into_axes()
    }
}
#[diagnostic::do_not_recommend]
impl IntoShape for () {
    fn into_shape(self) -> Vec<isize> {
        vec![]
    }
}

/// A shape without negative sizes.
#[track_caller]
pub(crate) fn shape_of(op: &str, shape: impl IntoShape) -> Vec<usize> {
    let shape = shape.into_shape();
    if shape.iter().any(|&n| n < 0) {
        invalid(op, format!("a shape has no negative sizes, got {shape:?}"));
    }
    let shape: Vec<usize> = shape.into_iter().map(|n| n as usize).collect();
    if !shape.contains(&0) && saturating_product(&shape) == usize::MAX {
        // A shape whose elements can be counted is refused later, with its dtype, in the same words.
        let bytes = shape.iter().fold(1, |bytes: u128, &n| bytes.saturating_mul(n as u128));
        invalid(
            op,
            format!(
                "an array of shape {shape:?} has at least {bytes} bytes, more than any device holds; \
                 the most are {MAX_BYTES}"
            ),
        );
    }
    shape
}

/// `n` + `more`, or a stop at the user's line.
#[track_caller]
pub(in crate::array) fn sum_of(op: &str, n: usize, more: usize) -> usize {
    match n.checked_add(more) {
        Some(sum) => sum,
        None => invalid(op, format!("{n} + {more} is more than can be counted")),
    }
}

/// `n` · `times`, or a stop at the user's line.
#[track_caller]
pub(super) fn product_of(op: &str, n: usize, times: usize) -> usize {
    match n.checked_mul(times) {
        Some(product) => product,
        None => invalid(op, format!("{n} · {times} is more than can be counted")),
    }
}
