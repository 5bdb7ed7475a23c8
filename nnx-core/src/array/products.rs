//! Products of vectors and tensors, sums over samples, polynomials.

use super::axes::{dim, dims, invalid};
use super::program::common_shape;
use super::{
    AsArray, ConvOptions, IndexMode, Padding, conv_general_dilated, dot_general, one_program,
    real_only, select, stack, where_,
};
use crate::graph::Array;
use crate::value::promote_dtypes;

/// Which axes [`tensordot`] contracts: a number of axes, the last of the left with the first of
/// the right operand; or a list for each.
///
/// ```
/// use nnx::{Array, array::tensordot};
///
/// let x = Array::from([[1, 2], [3, 4]]);
/// assert_eq!(tensordot(&x, &x, 1).to_vec::<i32>(), [7, 10, 15, 22]); // the last with the first
/// assert_eq!(tensordot(&x, &x, ([0], [0])).to_vec::<i32>(), [10, 14, 14, 20]);
/// assert_eq!(tensordot(&x, &x, 2).item::<i32>(), 30);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which axes are contracted",
    label = "not axes to contract",
    note = "give a number of axes (`2_usize`), or a list for each operand: `([1_isize], [0_isize])`"
)]
pub trait IntoContraction {
    /// The axes of both operands for their ranks.
    #[doc(hidden)]
    fn contraction(&self, left_rank: usize) -> (Vec<isize>, Vec<isize>);
}

impl IntoContraction for usize {
    fn contraction(&self, left_rank: usize) -> (Vec<isize>, Vec<isize>) {
        let n = *self as isize;
        let left = left_rank as isize;
        ((left - n..left).collect(), (0..n).collect())
    }
}

impl<const N: usize> IntoContraction for ([isize; N], [isize; N]) {
    fn contraction(&self, _: usize) -> (Vec<isize>, Vec<isize>) {
        (self.0.to_vec(), self.1.to_vec())
    }
}

impl IntoContraction for (&[isize], &[isize]) {
    fn contraction(&self, _: usize) -> (Vec<isize>, Vec<isize>) {
        (self.0.to_vec(), self.1.to_vec())
    }
}

/// The sum of products over pairs of axes. `jax.numpy.tensordot`.
///
/// ```
/// use nnx::{Array, DType, array::{ones, tensordot}};
///
/// let (a, b) = (ones([2, 3, 4], DType::F32), ones([3, 4, 5], DType::F32));
/// let c = tensordot(&a, &b, 2); // [i, j, k] and [j, k, l] -> [i, l]
/// assert_eq!(c.shape(), [2, 5]);
/// assert_eq!(c.at((0, 0)).get().item::<f32>(), 12.0);
/// assert_eq!(tensordot(&a, &b, ([1], [0])).shape(), [2, 4, 4, 5]); // axis 1 with 0
/// ```
///
/// # Panics
/// Panics if there are no such axes, or their sizes differ.
#[track_caller]
pub fn tensordot(a: impl AsArray, b: impl AsArray, axes: impl IntoContraction) -> Array {
    let (a, b) = (a.as_array(), b.as_array());
    const OP: &str = "tensordot";
    let (left, right) = axes.contraction(a.rank());
    if left.len() != right.len() {
        invalid(OP, format!("{} and {} axes cannot be paired", left.len(), right.len()));
    }
    let left: Vec<usize> = dims(OP, &left, a.aval());
    let right: Vec<usize> = dims(OP, &right, b.aval());
    let dtype = promote_dtypes(a.dtype(), b.dtype());
    one_program(OP, &[a.clone(), b.clone()], |args| {
        let (a, b) = (args[0].astype(dtype), args[1].astype(dtype));
        dot_general(&a, &b, (&left, &right), (&[], &[]))
    })
}

/// NumPy's dot product: the product with a scalar, of vectors, of matrices; for more axes the sum
/// over the last axis of `a` and the second last of `b`, without batches. `jax.numpy.dot`.
///
/// ```
/// use nnx::{Array, array::dot};
///
/// let (x, y) = (Array::from([[1, 2], [3, 4]]), Array::from([1, 10]));
/// assert_eq!(dot(&y, &y).item::<i32>(), 101);
/// assert_eq!(dot(&x, &y).to_vec::<i32>(), [21, 43]);
/// assert_eq!(dot(&x, Array::scalar(2)).to_vec::<i32>(), [2, 4, 6, 8]);
/// ```
///
/// # Panics
/// Panics if the sizes of these axes differ.
#[track_caller]
pub fn dot(a: impl AsArray, b: impl AsArray) -> Array {
    let (a, b) = (a.as_array(), b.as_array());
    if a.rank() == 0 || b.rank() == 0 {
        return a * b;
    }
    tensordot(a, b, ([-1], [if b.rank() == 1 { 0 } else { -2 }]))
}

/// The sum of products of all elements; the elements of complex `a` are conjugated.
/// `jax.numpy.vdot`.
///
/// ```
/// use nnx::{Array, array::{complex, vdot}};
///
/// let z = complex(Array::from([1.0, 0.0]), Array::from([2.0, 1.0]));
/// assert_eq!(vdot(&z, &z).real().item::<f64>(), 6.0); // |1 + 2i|² + |i|²
/// ```
///
/// # Panics
/// Panics if the numbers of elements differ.
#[track_caller]
pub fn vdot(a: impl AsArray, b: impl AsArray) -> Array {
    let (a, b) = (a.as_array(), b.as_array());
    if a.size() != b.size() {
        invalid("vdot", format!("{} and {} differ in size", a.aval(), b.aval()));
    }
    one_program("vdot", &[a.clone(), b.clone()], |args| {
        dot(args[0].flatten().conj(), args[1].flatten())
    })
}

/// The sums of products along the last axes, for all pairs of the other axes.
/// `jax.numpy.inner`.
///
/// ```
/// use nnx::{Array, array::inner};
///
/// let x = Array::from([[1, 2], [3, 4]]);
/// assert_eq!(inner(&x, &x).to_vec::<i32>(), [5, 11, 11, 25]); // of all pairs of rows
/// ```
///
/// # Panics
/// Panics if the last axes differ in size.
#[track_caller]
pub fn inner(a: impl AsArray, b: impl AsArray) -> Array {
    let (a, b) = (a.as_array(), b.as_array());
    if a.rank() == 0 || b.rank() == 0 { a * b } else { tensordot(a, b, ([-1], [-1])) }
}

/// The sums of products along `axis` in their dtype, with broadcasting; complex `a` is conjugated.
/// `jax.numpy.vecdot`.
///
/// ```
/// use nnx::{Array, array::vecdot};
///
/// let x = Array::from([[1, 2], [3, 4]]);
/// assert_eq!(vecdot(&x, &x, -1).to_vec::<i32>(), [5, 25]); // of each row with itself
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast or there is no such axis.
#[track_caller]
pub fn vecdot(a: impl AsArray, b: impl AsArray, axis: isize) -> Array {
    let (a, b) = (a.as_array(), b.as_array());
    common_shape("vecdot", &[a, b]);
    one_program("vecdot", &[a.clone(), b.clone()], |args| {
        let products = args[0].conj() * &args[1];
        products.sum(axis).astype(products.dtype())
    })
}

/// Matrices times vectors, with broadcasting: [.., m, n] and [.., n] give [.., m].
/// `jax.numpy.matvec`.
///
/// ```
/// use nnx::{Array, array::matvec};
///
/// let (a, x) = (Array::from([[1, 2], [3, 4]]), Array::from([[1, 0], [0, 1], [1, 1]]));
/// assert_eq!(matvec(&a, &x).to_vec::<i32>(), [1, 3, 2, 4, 3, 7]); // for three vectors
/// ```
///
/// # Panics
/// Panics if the shapes do not fit.
#[track_caller]
pub fn matvec(a: impl AsArray, x: impl AsArray) -> Array {
    let (a, x) = (a.as_array(), x.as_array());
    if a.rank() < 2 || x.rank() < 1 || a.shape().last() != x.shape().last() {
        let (a, x) = (a.aval(), x.aval());
        invalid("matvec", format!("needs [.., m, n] and [.., n], got {a} and {x}"));
    }
    super::einsum("...mn,...n->...m", [a, x])
}

/// Vectors times matrices, with broadcasting: [.., m] and [.., m, n] give [.., n]; complex vectors
/// are conjugated. `jax.numpy.vecmat`.
///
/// ```
/// use nnx::{Array, array::vecmat};
///
/// let (x, a) = (Array::from([1, 10]), Array::from([[1, 2], [3, 4]]));
/// assert_eq!(vecmat(&x, &a).to_vec::<i32>(), [31, 42]);
/// ```
///
/// # Panics
/// Panics if the shapes do not fit.
#[track_caller]
pub fn vecmat(x: impl AsArray, a: impl AsArray) -> Array {
    let (x, a) = (x.as_array(), a.as_array());
    let fits = a.rank() >= 2 && x.rank() >= 1 && x.shape().last() == a.shape().iter().nth_back(1);
    if !fits {
        let (x, a) = (x.aval(), a.aval());
        invalid("vecmat", format!("needs [.., m] and [.., m, n], got {x} and {a}"));
    }
    super::einsum("...m,...mn->...n", [&x.conj(), a])
}

/// The products of all pairs of elements: a matrix. `jax.numpy.outer`.
///
/// ```
/// use nnx::{Array, array::outer};
///
/// let (a, b) = (Array::from([1, 2]), Array::from([3, 4]));
/// assert_eq!(outer(&a, &b).to_vec::<i32>(), [3, 4, 6, 8]);
/// ```
#[track_caller]
pub fn outer(a: impl AsArray, b: impl AsArray) -> Array {
    let (a, b) = (a.as_array(), b.as_array());
    one_program("outer", &[a.clone(), b.clone()], |args| {
        args[0].flatten().expand_dims(1) * args[1].flatten().expand_dims(0)
    })
}

/// The Kronecker product: every element of `a` times the whole of `b`. `jax.numpy.kron`.
///
/// ```
/// use nnx::{Array, array::kron};
///
/// let y = kron(Array::from([1, 10]), Array::from([[1, 2]]));
/// assert_eq!(y.shape(), [1, 4]);
/// assert_eq!(y.to_vec::<i32>(), [1, 2, 10, 20]);
/// ```
#[track_caller]
pub fn kron(a: impl AsArray, b: impl AsArray) -> Array {
    let (a, b) = (a.as_array(), b.as_array());
    one_program("kron", &[a.clone(), b.clone()], |args| {
        let rank = args[0].rank().max(args[1].rank());
        let wide = |x: &Array| -> Vec<usize> {
            std::iter::repeat_n(1, rank - x.rank()).chain(x.shape().iter().copied()).collect()
        };
        let (a, b) = (wide(&args[0]), wide(&args[1]));
        let left: Vec<usize> = a.iter().flat_map(|&n| [n, 1]).collect();
        let right: Vec<usize> = b.iter().flat_map(|&n| [1, n]).collect();
        let shape: Vec<usize> = a.iter().zip(&b).map(|(m, n)| m.saturating_mul(*n)).collect();
        (args[0].reshape(left) * args[1].reshape(right)).reshape(shape)
    })
}

/// The cross product of vectors of 2 or 3 elements along the last axis. Of two vectors of 2
/// elements it is the number that would be the third. `jax.numpy.cross`.
///
/// ```
/// use nnx::{Array, array::cross};
///
/// let (x, y) = (Array::from([1, 0, 0]), Array::from([0, 1, 0]));
/// assert_eq!(cross(&x, &y).to_vec::<i32>(), [0, 0, 1]);
/// assert_eq!(cross(Array::from([1, 2]), Array::from([3, 4])).item::<i32>(), -2);
/// ```
///
/// # Panics
/// Panics if the last axes have other sizes, or the others do not broadcast.
#[track_caller]
pub fn cross(a: impl AsArray, b: impl AsArray) -> Array {
    let (a, b) = (a.as_array(), b.as_array());
    let size = |x: &Array| x.shape().last().copied().unwrap_or(0);
    if !matches!((size(a), size(b)), (2 | 3, 2 | 3)) {
        let (a, b) = (a.aval(), b.aval());
        invalid("cross", format!("the last axes of {a} and {b} must have size 2 or 3"));
    }
    one_program("cross", &[a.clone(), b.clone()], |args| {
        let part = |x: &Array, i: usize| {
            let last = x.rank() - 1;
            if i < x.shape()[last] {
                x.slice_dim(last, i, i + 1).squeeze(-1)
            } else {
                x.slice_dim(last, 0, 1).squeeze(-1).zeros_like()
            }
        };
        let [a, b] = [&args[0], &args[1]].map(|x| [0, 1, 2].map(|i| part(x, i)));
        let third = &a[0] * &b[1] - &a[1] * &b[0];
        if size(&args[0]) == 2 && size(&args[1]) == 2 {
            return third;
        }
        let first = &a[1] * &b[2] - &a[2] * &b[1];
        let second = &a[2] * &b[0] - &a[0] * &b[2];
        stack([&first, &second, &third], -1)
    })
}

/// Refuses so many powers, or other terms that are written out one by one, that their program would take
/// minutes to make.
#[track_caller]
pub(in crate::array) fn check_powers(op: &str, n: usize) {
    const MOST: usize = 1 << 14;
    if n > MOST {
        invalid(op, format!("{n} terms are too many for one program, the most are {MOST}"));
    }
}

/// The rows 1, x, x², … or the other way round of a vector, `n` columns. `jax.numpy.vander`.
///
/// ```
/// use nnx::{Array, array::vander};
///
/// let x = Array::from([2, 3]);
/// assert_eq!(vander(&x, 3, true).to_vec::<i32>(), [1, 2, 4, 1, 3, 9]);
/// assert_eq!(vander(&x, 3, false).to_vec::<i32>(), [4, 2, 1, 9, 3, 1]);
/// ```
///
/// # Panics
/// Panics if `x` has not exactly one axis, or there are more than 16,384 columns.
#[track_caller]
pub fn vander(x: impl AsArray, n: usize, increasing: bool) -> Array {
    let x = x.as_array();
    if x.rank() != 1 {
        invalid("vander", format!("needs a vector, got {}", x.aval()));
    }
    check_powers("vander", n);
    one_program("vander", std::slice::from_ref(x), |args| {
        let mut column = args[0].ones_like();
        let mut columns = Vec::with_capacity(n);
        for _ in 0..n {
            columns.push(column.expand_dims(1));
            column = &column * &args[0];
        }
        if !increasing {
            columns.reverse();
        }
        if columns.is_empty() {
            return super::zeros([args[0].size(), 0], args[0].dtype());
        }
        super::concatenate(&columns, 1)
    })
}

/// The value of a polynomial with coefficients `p`, that of the highest power first, at each
/// element of `x`. `jax.numpy.polyval`.
///
/// ```
/// use nnx::{Array, array::polyval};
///
/// let p = Array::from([1, 0, -4]); // x² − 4
/// assert_eq!(polyval(&p, Array::from([2, 3])).to_vec::<i32>(), [0, 5]);
/// ```
///
/// # Panics
/// Panics if `p` has not exactly one axis.
#[track_caller]
pub fn polyval(p: impl AsArray, x: impl AsArray) -> Array {
    let (p, x) = (p.as_array(), x.as_array());
    if p.rank() != 1 {
        invalid("polyval", format!("needs a vector of coefficients, got {}", p.aval()));
    }
    let dtype = promote_dtypes(p.dtype(), x.dtype());
    one_program("polyval", &[p.clone(), x.clone()], |args| {
        let (p, x) = (args[0].astype(dtype), args[1].astype(dtype));
        let mut y = x.zeros_like();
        for i in 0..p.size() {
            y = y * &x + p.slice_dim(0, i, i + 1).squeeze(0);
        }
        y
    })
}

/// The integral along `axis` by the trapezoidal rule, of samples `dx` apart.
/// `jax.numpy.trapezoid`.
///
/// The result has the shape of `y` without `axis`.
///
/// ```
/// use nnx::{Array, array::trapezoid};
///
/// let y = Array::from([1.0, 2.0, 4.0]);
/// assert_eq!(trapezoid(&y, 0.5, -1).item::<f64>(), 2.25);
/// ```
///
/// # Panics
/// Panics if there is no such axis.
#[track_caller]
pub fn trapezoid(y: impl AsArray, dx: f64, axis: isize) -> Array {
    let y = y.as_array();
    let d = dim("trapezoid", axis, y.aval());
    let n = y.shape()[d];
    one_program("trapezoid", std::slice::from_ref(y), |args| {
        let y = args[0].to_inexact();
        if n == 0 {
            return y.sum(d);
        }
        let ends = y.slice_dim(d, 0, 1).squeeze(d) + y.slice_dim(d, n - 1, n).squeeze(d);
        (y.sum(d) - 0.5 * ends) * dx
    })
}

/// The integral along `axis` by the trapezoidal rule, of samples at `x`: a vector, or as many as
/// `y` has. `jax.numpy.trapezoid` with `x`.
///
/// The result has the shape of `y` without `axis`.
///
/// ```
/// use nnx::{Array, array::trapezoid_at};
///
/// let (y, x) = (Array::from([1.0, 2.0, 4.0]), Array::from([0.0, 1.0, 3.0]));
/// assert_eq!(trapezoid_at(&y, &x, -1).item::<f64>(), 7.5);
/// ```
///
/// # Panics
/// Panics if there is no such axis or `x` does not fit it.
#[track_caller]
pub fn trapezoid_at(y: impl AsArray, x: impl AsArray, axis: isize) -> Array {
    let (y, x) = (y.as_array(), x.as_array());
    let d = dim("trapezoid_at", axis, y.aval());
    let n = y.shape()[d];
    if x.shape() != y.shape() && x.shape() != [n] {
        let (x, y) = (x.aval(), y.aval());
        invalid("trapezoid_at", format!("the places {x} do not fit axis {d} of {y}"));
    }
    one_program("trapezoid_at", &[y.clone(), x.clone()], |args| {
        let y = args[0].to_inexact();
        let x = args[1].astype(y.dtype());
        let x = if x.rank() == y.rank() {
            x
        } else {
            let mut shape = vec![1; y.rank()];
            shape[d] = n;
            x.reshape(shape)
        };
        let sums = y.slice_dim(d, 1.min(n), n) + y.slice_dim(d, 0, n.max(1) - 1);
        (x.diff(1, d as isize) * sums).sum(d) * 0.5
    })
}

/// Which part of a convolution is given.
///
/// ```
/// use nnx::{Array, array::{ConvolveMode, convolve}};
///
/// let (x, kernel) = (Array::from([1.0, 2.0, 3.0]), Array::from([1.0, 10.0]));
/// let y = |mode| convolve(&x, &kernel, mode).to_vec::<f64>();
/// assert_eq!(y(ConvolveMode::Full), [1.0, 12.0, 23.0, 30.0]);
/// assert_eq!(y(ConvolveMode::Same), [1.0, 12.0, 23.0]);
/// assert_eq!(y(ConvolveMode::Valid), [12.0, 23.0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConvolveMode {
    /// Wherever the operands overlap: n + m − 1 elements.
    Full,
    /// The middle part, as long as the longer operand.
    Same,
    /// Only where they overlap completely.
    Valid,
}

/// The convolution of two vectors. `jax.numpy.convolve`.
///
/// ```
/// use nnx::{Array, array::{convolve, ConvolveMode}};
/// let (x, y) = (Array::from([1.0_f32, 2.0, 3.0]), Array::from([1.0_f32, 1.0]));
/// assert_eq!(convolve(&x, &y, ConvolveMode::Full).to_vec::<f32>(), [1.0, 3.0, 5.0, 3.0]);
/// ```
///
/// # Panics
/// Panics if an operand is not a vector or is empty.
#[track_caller]
pub fn convolve(a: impl AsArray, v: impl AsArray, mode: ConvolveMode) -> Array {
    slide("convolve", a.as_array(), v.as_array(), mode, true)
}

/// The correlation of two vectors; complex `v` is conjugated. `jax.numpy.correlate` (default mode
/// `Valid`).
///
/// ```
/// use nnx::{Array, array::{ConvolveMode, correlate}};
///
/// let (x, v) = (Array::from([1.0, 2.0, 3.0]), Array::from([1.0, 10.0]));
/// assert_eq!(correlate(&x, &v, ConvolveMode::Valid).to_vec::<f64>(), [21.0, 32.0]);
/// assert_eq!(correlate(&x, &v, ConvolveMode::Full).to_vec::<f64>(), [10.0, 21.0, 32.0, 3.0]);
/// ```
///
/// # Panics
/// Panics if an operand is not a vector or is empty.
#[track_caller]
pub fn correlate(a: impl AsArray, v: impl AsArray, mode: ConvolveMode) -> Array {
    slide("correlate", a.as_array(), &v.as_array().conj(), mode, false)
}

#[track_caller]
fn slide(op: &str, a: &Array, v: &Array, mode: ConvolveMode, flip: bool) -> Array {
    if a.rank() != 1 || v.rank() != 1 || a.size() == 0 || v.size() == 0 {
        let (a, v) = (a.aval(), v.aval());
        invalid(op, format!("needs vectors with elements, got {a} and {v}"));
    }
    let exchanged = a.size() < v.size();
    let (long, short) = if exchanged { (v, a) } else { (a, v) };
    let n = short.size() as i64;
    let padding = match mode {
        ConvolveMode::Valid => (0, 0),
        ConvolveMode::Same => (n / 2, n - n / 2 - 1),
        ConvolveMode::Full => (n - 1, n - 1),
    };
    let dtype = promote_dtypes(a.dtype(), v.dtype());
    one_program(op, &[long.clone(), short.clone()], |args| {
        let [x, kernel] = [&args[0], &args[1]].map(|x| x.astype(dtype).to_inexact());
        let kernel = if flip { kernel.flip(0) } else { kernel };
        let options =
            ConvOptions { padding: Padding::Explicit(vec![padding]), ..Default::default() };
        let out = conv_general_dilated(x.reshape([1, -1, 1]), kernel.reshape([-1, 1, 1]), &options);
        let out = out.flatten();
        if exchanged && !flip { out.flip(0) } else { out }
    })
}

/// Piecewise linear interpolation: the values at `x` of the function through the points `xp`
/// (ascending), `fp`; outside of them `left` and `right`, or the values at the ends.
/// `jax.numpy.interp`.
///
/// ```
/// use nnx::{Array, array::interp};
///
/// let (xp, fp) = (Array::from([0.0, 1.0, 2.0]), Array::from([0.0, 10.0, 40.0]));
/// let x = Array::from([0.5, 1.5, 9.0]);
/// assert_eq!(interp(&x, &xp, &fp, None, None).to_vec::<f64>(), [5.0, 25.0, 40.0]);
/// assert_eq!(interp(&x, &xp, &fp, None, Some(-1.0)).to_vec::<f64>(), [5.0, 25.0, -1.0]);
/// ```
///
/// # Panics
/// Panics if `xp` and `fp` are not vectors of one size.
#[track_caller]
pub fn interp(
    x: impl AsArray,
    xp: impl AsArray,
    fp: impl AsArray,
    left: Option<f64>,
    right: Option<f64>,
) -> Array {
    let (x, xp, fp) = (x.as_array(), xp.as_array(), fp.as_array());
    if xp.rank() != 1 || xp.shape() != fp.shape() || xp.size() == 0 {
        let (xp, fp) = (xp.aval(), fp.aval());
        invalid("interp", format!("needs points in vectors of one size, got {xp} and {fp}"));
    }
    real_only("interp", x);
    real_only("interp", xp);
    one_program("interp", &[x.clone(), xp.clone(), fp.clone()], |args| {
        let dtype = promote_dtypes(args[0].to_inexact().dtype(), args[1].dtype());
        let (x, xp, fp) = (args[0].astype(dtype), args[1].astype(dtype), args[2].to_inexact());
        let at = xp.searchsorted(&x, true).clip(1, xp.size() as i64 - 1);
        let take = |v: &Array, at: &Array| v.take_mode(at, 0, IndexMode::Clip);
        let (x0, f0) = (take(&xp, &(&at - 1)), take(&fp, &(&at - 1)));
        let (dx, df) = (take(&xp, &at) - &x0, take(&fp, &at) - &f0);
        let flat = dx.abs().le(super::finfo(dtype).eps * super::finfo(dtype).eps);
        let safe = select(&flat, dx.ones_like(), &dx);
        let f = where_(&flat, &f0, &f0 + (&x - x0) / safe * df);
        let end = |i: usize, value: Option<f64>| match value {
            Some(value) => Array::constant_scalar(fp.dtype(), value),
            None => fp.slice_dim(0, i, i + 1).squeeze(0),
        };
        let edge = |i: usize| xp.slice_dim(0, i, i + 1).squeeze(0);
        let f = where_(x.lt(edge(0)), end(0, left), f);
        where_(x.gt(edge(xp.size() - 1)), end(xp.size() - 1, right), f)
    })
}

/// The array with jumps between neighbours along `axis` larger than half a `period` taken out by
/// adding periods. `jax.numpy.unwrap` (default `period` 2π).
///
/// ```
/// use nnx::{Array, array::unwrap};
///
/// let hours = Array::from([9.0, 10.0, 11.0, 0.0, 1.0]);
/// assert_eq!(unwrap(&hours, 0, 12.0).to_vec::<f64>(), [9.0, 10.0, 11.0, 12.0, 13.0]);
/// ```
///
/// # Panics
/// Panics if there is no such axis.
#[track_caller]
pub fn unwrap(x: impl AsArray, axis: isize, period: f64) -> Array {
    let x = x.as_array();
    let d = dim("unwrap", axis, x.aval());
    let n = x.shape()[d];
    if n < 2 {
        return x.clone();
    }
    one_program("unwrap", std::slice::from_ref(x), |args| {
        let x = args[0].to_inexact();
        let jump = x.diff(1, d as isize);
        let near = (&jump + period / 2.0) % period - period / 2.0;
        let at_edge = near.eq(-period / 2.0) & jump.gt(0.0);
        let near = where_(&at_edge, period / 2.0, near);
        let correction = where_(jump.abs().lt(period / 2.0), 0.0, near - &jump);
        let rest = x.slice_dim(d, 1, n) + correction.cumsum(d as isize);
        super::concatenate([&x.slice_dim(d, 0, 1), &rest], d as isize)
    })
}
