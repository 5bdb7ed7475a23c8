//! Functions that are applied to parts of an array.

use super::axes::{dim, dims, invalid};
use super::{AsArray, AsArrays, IntoAxes, Operand, one_program, where_};
use crate::graph::Array;

/// A condition and the function that counts where it holds, for [`piecewise`].
///
/// ```
/// use nnx::{Array, array::{Piece, piecewise}};
///
/// let x = Array::from([-2.0, 3.0]);
/// let negative: Piece<'_> = (x.lt(0.0), &|x| x * -10.0);
/// assert_eq!(piecewise(&x, &[negative], 1.0).to_vec::<f64>(), [20.0, 1.0]);
/// ```
pub type Piece<'a> = (Array, &'a dyn Fn(&Array) -> Array);

/// The array with the results of functions where their conditions hold: of several that hold the last
/// one counts, and `default` (0 in NumPy) where none does. The results are converted to the array's dtype. Every
/// function is applied to the whole array. `jax.numpy.piecewise`.
///
/// ```
/// use nnx::{Array, array::piecewise};
/// let x = Array::from([-2.0, 0.5, 3.0]);
/// let y = piecewise(&x, &[(x.lt(0.0), &|x| -x), (x.gt(1.0), &|x| x * 10.0)], 0.0);
/// assert_eq!(y.to_vec::<f64>(), [2.0, 0.0, 30.0]);
/// ```
///
/// # Panics
/// Panics if a condition or a result does not broadcast to the array's shape.
#[track_caller]
pub fn piecewise(x: impl AsArray, pieces: &[Piece<'_>], default: impl Operand) -> Array {
    let x = x.as_array();
    const OP: &str = "piecewise";
    let fits =
        |y: &Array| super::broadcast_shapes(y.shape(), x.shape()).as_deref() == Some(x.shape());
    if let Some((bad, _)) = pieces.iter().find(|(condition, _)| !fits(condition)) {
        let (bad, x) = (bad.aval(), x.aval());
        invalid(OP, format!("the condition {bad} does not broadcast to the shape of {x}"));
    }
    let mut y = default.array(x.dtype());
    if !fits(&y) {
        invalid(OP, format!("the default {} does not fit {}", y.aval(), x.aval()));
    }
    for (condition, f) in pieces {
        let piece = f(x);
        if !fits(&piece) {
            let (piece, x) = (piece.aval(), x.aval());
            invalid(OP, format!("the result {piece} does not broadcast to the shape of {x}"));
        }
        y = where_(condition, piece.astype(x.dtype()), &y);
    }
    y.broadcast_to_dims(x.shape())
}

/// A function that reduces one axis, applied along several, one after the other; axes that it takes
/// away stay with size 1. `jax.numpy.apply_over_axes`.
///
/// ```
/// use nnx::{Array, DType, array::{apply_over_axes, ones}};
/// let x = ones([2, 3, 4], DType::F32);
/// assert_eq!(apply_over_axes(|x, axis| x.sum(axis), &x, &[0, 2]).shape(), [1, 3, 1]);
/// ```
///
/// # Panics
/// Panics if there is no such axis, or the function takes away more than one.
#[track_caller]
pub fn apply_over_axes(
    f: impl Fn(&Array, isize) -> Array,
    x: impl AsArray,
    axes: &[isize],
) -> Array {
    let x = x.as_array();
    const OP: &str = "apply_over_axes";
    let mut y = x.clone();
    for d in dims(OP, axes, x.aval()) {
        let next = f(&y, d as isize);
        y = match y.rank().checked_sub(next.rank()) {
            Some(0) => next,
            Some(1) => next.insert_dims(&[d]),
            _ => {
                let (next, y) = (next.aval(), y.aval());
                invalid(OP, format!("the function made {next} of {y}, along one axis"))
            }
        };
    }
    y
}

/// The reduction along axes by a function of two arrays that works elementwise and is associative, with
/// `init`, its neutral element, for no elements. `jax.lax.reduce`.
///
/// Neighbours are combined pairwise, in their order, until one is left, so that the derivative is that
/// of the function.
///
/// ```
/// use nnx::{Array, array::reduce};
/// let x = Array::from([[1, 2, 3], [4, 5, 6]]);
/// assert_eq!(reduce(&x, 0, 1, |a, b| a ^ b).to_vec::<i32>(), [0, 7]);
/// ```
///
/// # Panics
/// Panics if there is no such axis, or the function makes another shape or dtype.
#[track_caller]
pub fn reduce(
    x: impl AsArray,
    init: impl Operand,
    axes: impl IntoAxes,
    f: impl Fn(&Array, &Array) -> Array,
) -> Array {
    let x = x.as_array();
    const OP: &str = "reduce";
    let axes = axes.into_axes();
    let reduced = axes.resolve(OP, x.aval());
    let init = init.array(x.dtype());
    if init.rank() > 0 {
        invalid(OP, format!("the neutral element is a scalar, got {}", init.aval()));
    }
    let kept: Vec<usize> = (0..x.rank()).filter(|d| !reduced.contains(d)).collect();
    let order: Vec<usize> = reduced.iter().chain(&kept).copied().collect();
    let mut shape: Vec<usize> = kept.iter().map(|&d| x.shape()[d]).collect();
    shape.insert(0, reduced.iter().map(|&d| x.shape()[d]).product());
    let combine = |a: &Array, b: &Array| {
        let c = f(a, b);
        if c.aval() != a.aval() {
            invalid(OP, format!("the function made {} of two {}", c.aval(), a.aval()));
        }
        c
    };
    let y = one_program(OP, &[x.clone(), init], |args| {
        let mut rest = args[0].transpose(order.as_slice()).reshape(&shape);
        while rest.shape()[0] > 1 {
            let n = rest.shape()[0];
            let mut pairs = shape.clone();
            pairs[0] = n / 2;
            pairs.insert(1, 2);
            let paired = rest.slice_dim(0, 0, n / 2 * 2).reshape(&pairs);
            let side = |i: usize| paired.slice_dim(1, i, i + 1).squeeze(1);
            let combined = combine(&side(0), &side(1));
            rest = match n % 2 {
                0 => combined,
                _ => super::concatenate([&combined, &rest.slice_dim(0, n - 1, n)], 0),
            };
        }
        let start = args[1].broadcast_to_dims(&shape[1..]);
        match rest.shape()[0] {
            0 => start,
            _ => combine(&start, &rest.squeeze(0)),
        }
    });
    if axes.keepdims { y.insert_dims(&reduced) } else { y }
}

/// Several vectors as arrays with an axis each, which broadcast to all combinations: an index of the
/// rows and columns that the vectors name, for [`Array::at`]. A vector of bools stands for the places
/// where it is true, which must be known. `jax.numpy.ix_`.
///
/// ```
/// use nnx::{Array, array::ix_};
/// let x = Array::from([[0, 1, 2], [3, 4, 5], [6, 7, 8]]);
/// let at = ix_([&Array::from([0, 2]), &Array::from([1, 2])]);
/// assert_eq!(x.at((&at[0], &at[1])).get().to_vec::<i32>(), [1, 2, 7, 8]);
/// ```
///
/// # Panics
/// Panics if an array is not a vector, or a vector of bools is traced.
#[track_caller]
pub fn ix_(arrays: impl AsArrays) -> Vec<Array> {
    let arrays = &*arrays.as_arrays();
    if let Some(bad) = arrays.iter().find(|x| x.rank() != 1) {
        invalid("ix_", format!("needs vectors, got {}", bad.aval()));
    }
    let mut made = Vec::with_capacity(arrays.len());
    for (i, &x) in arrays.iter().enumerate() {
        let mut shape = vec![1; arrays.len()];
        let x = match x.dtype() {
            crate::value::DType::Bool => x.flatnonzero(None, 0),
            // Nothing is named, in whichever dtype: as in NumPy, so that it is an index.
            _ if x.size() == 0 => super::zeros([0], crate::value::DType::I32),
            _ => x.clone(),
        };
        shape[i] = x.size();
        made.push(x.reshape(shape));
    }
    made
}

/// Arrays that the compiler computes before anything that uses one of them, and does not compute
/// again. `jax.lax.optimization_barrier`.
///
/// ```
/// use nnx::{Array, array::optimization_barrier};
/// let x = Array::from([1.0, 2.0]);
/// assert_eq!(optimization_barrier([&x])[0].to_vec::<f64>(), [1.0, 2.0]);
/// ```
#[track_caller]
pub fn optimization_barrier(arrays: impl AsArrays) -> Vec<Array> {
    let arrays = &*arrays.as_arrays();
    if arrays.is_empty() {
        return Vec::new();
    }
    crate::run::bind(crate::ops::OptimizationBarrier, arrays).into_vec()
}

/// The positions of the diagonal of an array with `axes` axes of size `n`: one vector for each, as i32.
/// `jax.numpy.diag_indices`.
///
/// ```
/// use nnx::{Array, array::diag_indices};
///
/// let at = diag_indices(2, 2);
/// let x = Array::from([[1, 2], [3, 4]]);
/// assert_eq!(x.at((&at[0], &at[1])).mul(10).to_vec::<i32>(), [10, 2, 3, 40]);
/// ```
///
/// # Panics
/// Panics if there are more than 16,384 axes.
#[track_caller]
pub fn diag_indices(n: usize, axes: usize) -> Vec<Array> {
    super::check_parts("diag_indices", axes);
    vec![super::arange(n, crate::value::DType::I32); axes]
}

/// Choices that depend on numbers.
impl Array {
    /// Whether two arrays have the same elements after broadcasting; false if they do not broadcast.
    /// `jax.numpy.array_equiv`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[1, 1], [1, 1]]);
    /// assert!(x.array_equiv(Array::scalar(1)).item::<bool>());
    /// assert!(!x.array_equiv(Array::from([1, 1, 1])).item::<bool>());
    /// ```
    #[track_caller]
    pub fn array_equiv(&self, other: impl AsArray) -> Array {
        let other = other.as_array();
        match super::broadcast_shapes(self.shape(), other.shape()) {
            Some(_) => self.eq(other).all(..),
            None => Array::scalar(false),
        }
    }

    /// The upper half of the bits of the product of two integers. `jax.lax.mulhi`.
    ///
    /// ```
    /// use nnx::Array;
    /// assert_eq!(Array::from([1 << 30]).mulhi(8).to_vec::<i32>(), [2]);
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes do not broadcast or a dtype is not an integer.
    #[track_caller]
    pub fn mulhi(&self, rhs: impl Operand) -> Array {
        use super::program::{Compute, binary};
        binary("mulhi", Compute::Promoted, self, &rhs, |x, y| {
            let dtype = x.dtype();
            if !dtype.is_int() {
                invalid("mulhi", format!("needs integers, got {}", x.aval()));
            }
            // By halves of the digits, of which no product overflows.
            let half = 4 * dtype.size() as i32;
            let low = |x: &Array| x & ((1_i64 << half) - 1);
            let high = |x: &Array| x >> half;
            let (a, b, c, d) = (high(x), low(x), high(y), low(y));
            let carry = (&b * &d).shift_right_logical(half);
            let middle = &a * &d + carry;
            let other = &b * &c + low(&middle);
            a * c + high(&middle) + high(&other)
        })
    }

    /// The array with an axis moved before the one at `start`, which counts before the move.
    /// `jax.numpy.rollaxis` (default `start` 0).
    ///
    /// ```
    /// use nnx::{DType, array::zeros};
    ///
    /// let x = zeros([3, 4, 5], DType::F32);
    /// assert_eq!(x.rollaxis(2, 0).shape(), [5, 3, 4]);
    /// assert_eq!(x.rollaxis(0, 2).shape(), [4, 3, 5]); // before the axis that is at 2 now
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn rollaxis(&self, axis: isize, start: isize) -> Array {
        let from = dim("rollaxis", axis, self.aval());
        let rank = self.rank() as isize;
        let to = if start < 0 { start + rank } else { start };
        if to < 0 || to > rank {
            invalid("rollaxis", format!("{} has no place {start} for an axis", self.aval()));
        }
        let to = if (from as isize) < to { to - 1 } else { to };
        self.moveaxis(from as isize, to)
    }
}
