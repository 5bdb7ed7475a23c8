//! Matrices made of vectors, and systems of equations between tensors.

use super::super::{AsArray, OptionalArray};
use super::{computed, inv, returned, solve, svd};
use crate::array::axes::{dims, invalid};
use crate::array::{concatenate, iota, one_program};
use crate::graph::Array;
use crate::ops::adjoint;
use crate::value::{DType, promote_dtypes};

#[track_caller]
fn vectors(op: &str, x: &Array) {
    if x.rank() == 0 || x.size() == 0 {
        invalid(op, format!("needs vectors with elements, got {}", x.aval()));
    }
}

/// The elements of vectors at i + j·`step` + `start` for each row i of `m` and column j of `n`.
#[track_caller]
fn spread(elements: &Array, m: usize, n: usize, start: usize, step: isize) -> Array {
    let rows = iota([m, n], DType::I32, 0) + start;
    let columns = iota([m, n], DType::I32, 1) * step as i32;
    elements.take(&(rows + columns), -1)
}

/// Matrices with constant diagonals: `c` `[.., m]` is the first column, `r` `[.., n]` the first row, whose first
/// element does not count. Without a row it is the conjugate of the column. `jax.scipy.linalg.toeplitz`.
///
/// ```
/// use nnx::{Array, linalg::toeplitz};
/// let t = toeplitz(Array::from([1, 2, 3]), Some(&Array::from([1, 4])));
/// assert_eq!(t.to_vec::<i32>(), [1, 4, 2, 1, 3, 2]);
/// ```
///
/// # Panics
/// Panics if a vector has no elements, or the axes before the last do not fit.
#[track_caller]
pub fn toeplitz(c: impl AsArray, r: impl OptionalArray) -> Array {
    let c = c.as_array();
    let r = r.optional();
    const OP: &str = "toeplitz";
    let r = r.cloned().unwrap_or_else(|| c.conj());
    vectors(OP, c);
    vectors(OP, &r);
    let dtype = promote_dtypes(c.dtype(), r.dtype());
    let batch = [c, &r].map(|x| x.shape()[..x.rank() - 1].to_vec());
    let Some(batch) = crate::array::broadcast_shapes(&batch[0], &batch[1]) else {
        invalid(OP, format!("{} and {} do not broadcast", c.aval(), r.aval()))
    };
    one_program(OP, &[c.clone(), r], |args| {
        let wide = |x: &Array| {
            let shape = [&batch, &x.shape()[x.rank() - 1..]].concat();
            x.astype(dtype).broadcast_to_dims(&shape)
        };
        let (c, r) = (wide(&args[0]), wide(&args[1]));
        let last = batch.len();
        let (m, n) = (c.shape()[last], r.shape()[last]);
        // The row backwards, then the column: each diagonal once.
        let elements = concatenate([&r.slice_dim(last, 1, n).flip(last), &c], -1);
        spread(&elements, m, n, n - 1, -1)
    })
}

/// Matrices with constant antidiagonals: `c` `[m]` is the first column, `r` `[n]` the last row, whose
/// first element does not count. Without a row it is 0. `jax.scipy.linalg.hankel`.
///
/// ```
/// use nnx::{Array, linalg::hankel};
/// let h = hankel(Array::from([1, 2, 3]), Some(&Array::from([9, 5])));
/// assert_eq!(h.to_vec::<i32>(), [1, 2, 2, 3, 3, 5]);
/// ```
///
/// # Panics
/// Panics if an operand is not a vector or has no elements.
#[track_caller]
pub fn hankel(c: impl AsArray, r: impl OptionalArray) -> Array {
    let c = c.as_array();
    let r = r.optional();
    const OP: &str = "hankel";
    let r = r.cloned().unwrap_or_else(|| c.zeros_like());
    if let Some(bad) = [c, &r].into_iter().find(|x| x.rank() != 1 || x.size() == 0) {
        invalid(OP, format!("needs vectors with elements, got {}", bad.aval()));
    }
    let dtype = promote_dtypes(c.dtype(), r.dtype());
    let (m, n) = (c.size(), r.size());
    one_program(OP, &[c.clone(), r], |args| {
        let (c, r) = (args[0].astype(dtype), args[1].astype(dtype));
        spread(&concatenate([&c, &r.slice_dim(0, 1, n)], 0), m, n, 0, 1)
    })
}

/// Matrices whose columns are the vector moved down by one place each. `jax.scipy.linalg.circulant`.
///
/// ```
/// use nnx::{Array, linalg::circulant};
///
/// let c = circulant(Array::from([1, 2, 3]));
/// assert_eq!(c.to_vec::<i32>(), [1, 3, 2, 2, 1, 3, 3, 2, 1]);
/// ```
///
/// # Panics
/// Panics if there is no element.
#[track_caller]
pub fn circulant(c: impl AsArray) -> Array {
    let c = c.as_array();
    vectors("circulant", c);
    let n = c.shape()[c.rank() - 1];
    one_program("circulant", std::slice::from_ref(c), |args| {
        let twice = concatenate([&args[0], &args[0]], -1);
        spread(&twice, n, n, n, -1)
    })
}

/// The matrix with 1 / (i + j + 1) in row i and column j, as f32. `jax.scipy.linalg.hilbert`.
///
/// ```
/// use nnx::linalg::hilbert;
///
/// let h = hilbert(2).to_vec::<f32>();
/// assert_eq!(h[..3], [1.0, 0.5, 0.5]);
/// assert!((h[3] - 1.0 / 3.0).abs() < 1e-6);
/// ```
#[track_caller]
pub fn hilbert(n: usize) -> Array {
    let places = iota([n, n], DType::F32, 0) + iota([n, n], DType::F32, 1);
    1.0 / (places + 1.0)
}

/// Which factor of [`polar`] is on the left.
///
/// ```
/// use nnx::{Array, array::Tolerance, linalg::{PolarSide, polar}};
///
/// let a = Array::from([[0.0, -2.0], [3.0, 0.0]]);
/// let (_, right) = polar(&a, PolarSide::Right);
/// let (_, left) = polar(&a, PolarSide::Left);
/// let near = Tolerance::default();
/// assert!(right.allclose(Array::from([[3.0, 0.0], [0.0, 2.0]]), near).item::<bool>());
/// assert!(left.allclose(Array::from([[2.0, 0.0], [0.0, 3.0]]), near).item::<bool>());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum PolarSide {
    /// A = U P.
    #[default]
    Right,
    /// A = P U.
    Left,
}

/// The polar decomposition of a matrix A `[m, n]`: U with orthonormal columns or rows, and the symmetric or Hermitian P ≥ 0
/// with A = U P, or A = P U for `Left`. By singular values; U is unique if A has full rank.
/// `jax.scipy.linalg.polar` with `method="svd"` (default `Right`).
///
/// ```
/// use nnx::{Array, array::Tolerance, linalg::{PolarSide, polar}};
/// let a = Array::from([[1.0, 2.0], [3.0, 4.0]]);
/// let (u, p) = polar(&a, PolarSide::Right);
/// assert!(u.matmul(p).allclose(&a, Tolerance::default()).item::<bool>());
/// ```
///
/// # Panics
/// Panics if `a` is not a matrix.
#[track_caller]
pub fn polar(a: impl AsArray, side: PolarSide) -> (Array, Array) {
    polar_of(a.as_array(), side)
}

#[track_caller]
fn polar_of(a: &Array, side: PolarSide) -> (Array, Array) {
    if a.rank() != 2 {
        invalid("polar", format!("needs a matrix, got {}", a.aval()));
    }
    let (wide, own) = (computed(a.dtype()), returned(a.dtype()));
    crate::array::program::program2("polar", std::slice::from_ref(a), |args| {
        let (u, s, vt) = svd(args[0].astype(wide));
        let p = match side {
            PolarSide::Right => (adjoint(&vt) * &s).matmul(&vt),
            PolarSide::Left => (&u * &s).matmul(adjoint(&u)),
        };
        (u.matmul(vt).astype(own), p.astype(own))
    })
}

/// The tensor x with tensordot(A, x, x.rank()) = b: A has the axes of b, then those of x, and as many
/// elements on both sides. `jax.numpy.linalg.tensorsolve`.
///
/// ```
/// use nnx::{DType, array::{eye, ones}, linalg::tensorsolve};
/// let a = (eye(6, DType::F32) * 2.0).reshape([2, 3, 6]);
/// let x = tensorsolve(&a, &ones([2, 3], DType::F32), None);
/// assert_eq!(x.to_vec::<f32>(), [0.5; 6]);
/// ```
///
/// `axes` of A are moved to its end first.
///
/// # Panics
/// Panics if there are no such axes, or A is not square in this sense.
#[track_caller]
pub fn tensorsolve(a: impl AsArray, b: impl AsArray, axes: Option<&[isize]>) -> Array {
    let (a, b) = (a.as_array(), b.as_array());
    const OP: &str = "tensorsolve";
    let last = dims(OP, axes.unwrap_or_default(), a.aval());
    let order: Vec<usize> =
        (0..a.rank()).filter(|d| !last.contains(d)).chain(last.iter().copied()).collect();
    if order.len() != a.rank() {
        invalid(OP, format!("an axis is given twice in {last:?}"));
    }
    let shape: Vec<usize> = order.iter().map(|&d| a.shape()[d]).collect();
    let unknowns = shape.get(b.rank()..).unwrap_or_default().to_vec();
    let n: usize = unknowns.iter().product();
    if n != b.size() || a.size() != n * n || n == 0 {
        let (a, b) = (a.aval(), b.aval());
        invalid(OP, format!("{a} has not as many elements for each of {b} as that has"));
    }
    one_program(OP, &[a.clone(), b.clone()], |args| {
        let a = args[0].transpose(order.as_slice()).reshape([n, n]);
        solve(&a, args[1].flatten()).reshape(&unknowns)
    })
}

/// The inverse of a tensor whose first `ind` axes have as many elements as the others: the tensor with
/// which [`tensordot`](crate::array::tensordot) over `ind` axes gives the identity.
/// `jax.numpy.linalg.tensorinv` (default `ind` 2).
///
/// ```
/// use nnx::{DType, array::eye, linalg::tensorinv};
///
/// let a = (eye(6, DType::F32) * 2.0).reshape([2, 3, 6]);
/// let inverse = tensorinv(&a, 2);
/// assert_eq!(inverse.shape(), [6, 2, 3]);
/// assert_eq!(inverse.sum(..).item::<f32>(), 3.0); // six halves
/// ```
///
/// # Panics
/// Panics if the numbers of elements differ.
#[track_caller]
pub fn tensorinv(a: impl AsArray, ind: usize) -> Array {
    tensorinv_of(a.as_array(), ind)
}

#[track_caller]
fn tensorinv_of(a: &Array, ind: usize) -> Array {
    const OP: &str = "tensorinv";
    let split = ind.min(a.rank());
    let (before, after) = a.shape().split_at(split);
    let n: usize = before.iter().product();
    if ind == 0 || n == 0 || after.iter().product::<usize>() != n {
        let a = a.aval();
        invalid(OP, format!("the first {ind} axes of {a} have not as many elements as the others"));
    }
    let shape = [after, before].concat();
    one_program(OP, std::slice::from_ref(a), |args| inv(args[0].reshape([n, n])).reshape(&shape))
}
