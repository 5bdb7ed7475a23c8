//! Decompositions of matrices.

use super::{computed, matrix, returned, square, symmetrized};
use crate::array::program::{program, program2};
use crate::array::{AsArray, eye, iota, one_program};
use crate::graph::Array;
use crate::ops::{Cholesky, Eigh, Lu, Qr, Svd};
use crate::run::{bind, bind1};
use crate::value::DType;

/// The lower triangular L of a positive definite A = L Lᴴ, of which (A + Aᴴ)/2 is taken; NaN where
/// A is not positive definite. `jax.numpy.linalg.cholesky`.
///
/// ```
/// use nnx::{Array, array::linalg::cholesky};
/// let a = Array::from_slice(&[4.0_f32, 2.0, 2.0, 5.0], [2, 2]);
/// assert_eq!(cholesky(&a).to_vec::<f32>(), [2.0, 0.0, 1.0, 2.0]);
/// ```
///
/// # Panics
/// Panics if the matrices are not square.
#[track_caller]
pub fn cholesky(a: impl AsArray) -> Array {
    let a = a.as_array();
    square("cholesky", a);
    let (wide, own) = (computed(a.dtype()), returned(a.dtype()));
    one_program("cholesky", std::slice::from_ref(a), |args| {
        bind1(Cholesky, &[&symmetrized(&args[0].astype(wide))]).astype(own)
    })
}

/// Q `[…, m, k]` with orthonormal columns and upper triangular R `[…, k, n]`, k = min(m, n), with
/// A = Q R. Signs are LAPACK's. `jax.numpy.linalg.qr` with mode `reduced`.
///
/// ```
/// use nnx::{Array, array::Tolerance, linalg::qr};
///
/// let a = Array::from([[3.0, 1.0], [4.0, 2.0], [0.0, 2.0]]);
/// let (q, r) = qr(&a); // [3, 2] and [2, 2]
/// let near = Tolerance { atol: 1e-9, ..Tolerance::default() };
/// assert!(q.matmul(&r).allclose(&a, near).item::<bool>());
/// let length = r.slice([0.into(), 0.into()]).abs(); // of the first column
/// assert!((length.item::<f64>() - 5.0).abs() < 1e-9);
/// ```
///
/// # Panics
/// Panics if there are fewer than two axes.
#[track_caller]
pub fn qr(a: impl AsArray) -> (Array, Array) {
    qr_mode("qr", a.as_array(), false)
}

/// Q `[…, m, m]` and R `[…, m, n]` with A = Q R. `jax.numpy.linalg.qr` with mode `complete`.
///
/// ```
/// use nnx::{Array, DType, array::{Tolerance, eye}, linalg::qr_full};
///
/// let a = Array::from([[3.0, 1.0], [4.0, 2.0], [0.0, 2.0]]);
/// let (q, r) = qr_full(&a);
/// assert_eq!((q.shape(), r.shape()), (&[3, 3][..], &[3, 2][..]));
/// let near = Tolerance { atol: 1e-9, ..Tolerance::default() };
/// assert!(q.t().matmul(&q).allclose(eye(3, DType::F64), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if there are fewer than two axes.
#[track_caller]
pub fn qr_full(a: impl AsArray) -> (Array, Array) {
    qr_mode("qr_full", a.as_array(), true)
}

#[track_caller]
fn qr_mode(name: &str, a: &Array, full: bool) -> (Array, Array) {
    matrix(name, a);
    let (wide, own) = (computed(a.dtype()), returned(a.dtype()));
    program2(name, std::slice::from_ref(a), |args| {
        let outs = bind(Qr { full }, &[&args[0].astype(wide)]);
        (outs[0].astype(own), outs[1].astype(own))
    })
}

/// P `[…, m, m]`, lower triangular L `[…, m, k]` with ones on the diagonal and upper triangular U
/// `[…, k, n]`, k = min(m, n), with A = P L U. `jax.scipy.linalg.lu`.
///
/// ```
/// use nnx::{Array, linalg::lu};
///
/// let (p, l, u) = lu(Array::from([[1.0_f32, 3.0], [2.0, 4.0]]));
/// assert_eq!(p.to_vec::<f32>(), [0.0, 1.0, 1.0, 0.0]); // the larger pivot first
/// assert_eq!(l.to_vec::<f32>(), [1.0, 0.0, 0.5, 1.0]);
/// assert_eq!(u.to_vec::<f32>(), [2.0, 4.0, 0.0, 1.0]);
/// ```
///
/// # Panics
/// Panics if there are fewer than two axes.
#[track_caller]
pub fn lu(a: impl AsArray) -> (Array, Array, Array) {
    lu_of(a.as_array())
}

#[track_caller]
fn lu_of(a: &Array) -> (Array, Array, Array) {
    let (m, n) = matrix("lu", a);
    let k = m.min(n);
    let (wide, own) = (computed(a.dtype()), returned(a.dtype()));
    let outs = program("lu", std::slice::from_ref(a), |args| {
        let x = args[0].astype(wide);
        let outs = bind(Lu, &[&x]);
        let (rows, columns) = (x.rank() - 2, x.rank() - 1);
        let places = outs[2].expand_dims(-2).eq(iota([m, 1], DType::I32, 0));
        let l = outs[0].slice_dim(columns, 0, k).tril(-1);
        let ones = eye(m, wide).slice_dim(1, 0, k);
        let u = outs[0].slice_dim(rows, 0, k).triu(0);
        vec![places.astype(own.real()), (l + ones).astype(own), u.astype(own)]
    });
    match <[Array; 3]>::try_from(outs) {
        Ok([p, l, u]) => (p, l, u),
        Err(_) => unreachable!("the program has three results"),
    }
}

/// L and U of P A = L U in one matrix, and the row with which each row was exchanged, as i32
/// `[…, min(m, n)]`: for [`lu_solve`](super::lu_solve). `jax.scipy.linalg.lu_factor`.
///
/// ```
/// use nnx::{Array, linalg::{lu_factor, lu_solve}};
///
/// let (lu, pivots) = lu_factor(Array::from([[1.0_f32, 3.0], [2.0, 4.0]]));
/// assert_eq!(lu.to_vec::<f32>(), [2.0, 4.0, 0.5, 1.0]);
/// assert_eq!(pivots.to_vec::<i32>(), [1, 1]);
/// // One decomposition for many right sides.
/// let x = lu_solve(&lu, &pivots, &Array::from([5.0_f32, 8.0]));
/// assert_eq!(x.to_vec::<f32>(), [2.0, 1.0]);
/// ```
///
/// # Panics
/// Panics if there are fewer than two axes.
#[track_caller]
pub fn lu_factor(a: impl AsArray) -> (Array, Array) {
    let a = a.as_array();
    matrix("lu_factor", a);
    let (wide, own) = (computed(a.dtype()), returned(a.dtype()));
    program2("lu_factor", std::slice::from_ref(a), |args| {
        let outs = bind(Lu, &[&args[0].astype(wide)]);
        (outs[0].astype(own), outs[1].clone())
    })
}

/// The order of the rows `[…, m]` after the exchanges `pivots` `[…, k]`.
#[track_caller]
pub(super) fn permutation(pivots: &Array, m: usize) -> Array {
    let mut shape = pivots.shape().to_vec();
    let k = shape.pop().unwrap_or(0);
    let last = shape.len();
    shape.push(m);
    let start = iota([m], DType::I32, 0).broadcast_to_dims(&shape);
    let exchanged = crate::ops::inner_for(k, &[start], |i, state| {
        let rows = &state[0];
        let with = pivots.dynamic_index(i, last as isize).expand_dims(-1);
        let places = iota([m], DType::I32, 0);
        let order = crate::array::where_(places.eq(i), &with, &places);
        let order = crate::array::where_(places.eq(&with), i, order);
        vec![rows.take_along_axis(&order, -1)]
    });
    exchanged[0].clone()
}

/// Eigenvalues in ascending order `[…, n]` and orthonormal eigenvectors in the columns of
/// `[…, n, n]` of symmetric or Hermitian A, of which (A + Aᴴ)/2 is taken. The eigenvalues are real; complex
/// vectors have any phases. `jax.numpy.linalg.eigh`.
///
/// ```
/// use nnx::{Array, array::Tolerance, linalg::eigh};
///
/// let a = Array::from([[2.0, 1.0], [1.0, 2.0]]);
/// let (values, vectors) = eigh(&a);
/// let near = Tolerance { atol: 1e-9, ..Tolerance::default() };
/// assert!(values.allclose(Array::from([1.0, 3.0]), near).item::<bool>());
/// // A v = λ v for each column.
/// assert!(a.matmul(&vectors).allclose(vectors * values, near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the matrices are not square.
#[track_caller]
pub fn eigh(a: impl AsArray) -> (Array, Array) {
    let a = a.as_array();
    square("eigh", a);
    let (wide, own) = (computed(a.dtype()), returned(a.dtype()));
    program2("eigh", std::slice::from_ref(a), |args| {
        let outs = bind(Eigh, &[&symmetrized(&args[0].astype(wide))]);
        (outs[0].astype(own.real()), outs[1].astype(own))
    })
}

/// Eigenvalues in ascending order of symmetric or Hermitian matrices. `jax.numpy.linalg.eigvalsh`.
///
/// ```
/// use nnx::{Array, array::Tolerance, linalg::eigvalsh};
///
/// let values = eigvalsh(Array::from([[2.0, 1.0], [1.0, 2.0]]));
/// assert!(values.allclose(Array::from([1.0, 3.0]), Tolerance::default()).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the matrices are not square.
#[track_caller]
pub fn eigvalsh(a: impl AsArray) -> Array {
    eigh(a.as_array()).0
}

/// U `[…, m, k]`, real singular values in descending order `[…, k]` and Vᴴ `[…, k, n]`, k = min(m, n),
/// with A = U diag(s) Vᴴ; complex vectors have any phases. `jax.numpy.linalg.svd` with `full_matrices=False`.
///
/// ```
/// use nnx::{Array, array::{linalg::svd, Tolerance}};
/// let a = Array::from_slice(&[3.0_f32, 0.0, 0.0, -4.0, 0.0, 0.0], [3, 2]);
/// let (u, s, vt) = svd(&a);
/// assert_eq!(s.to_vec::<f32>(), [4.0, 3.0]);
/// assert!((u * s).matmul(vt).allclose(&a, Tolerance::default()).item::<bool>());
/// ```
///
/// # Panics
/// Panics if there are fewer than two axes.
#[track_caller]
pub fn svd(a: impl AsArray) -> (Array, Array, Array) {
    svd_mode("svd", a.as_array(), false)
}

/// [`svd`] with square U `[…, m, m]` and Vᴴ `[…, n, n]`. `jax.numpy.linalg.svd`.
///
/// ```
/// use nnx::{Array, linalg::svd_full};
///
/// let (u, s, vt) = svd_full(Array::from([[3.0_f32, 0.0], [0.0, -4.0], [0.0, 0.0]]));
/// assert_eq!((u.shape(), s.shape(), vt.shape()), (&[3, 3][..], &[2][..], &[2, 2][..]));
/// // The last column of U is what A does not reach.
/// let last = u.slice([(..).into(), 2.into()]).abs();
/// assert_eq!(last.to_vec::<f32>(), [0.0, 0.0, 1.0]);
/// ```
///
/// # Panics
/// As `svd`.
#[track_caller]
pub fn svd_full(a: impl AsArray) -> (Array, Array, Array) {
    svd_mode("svd_full", a.as_array(), true)
}

#[track_caller]
fn svd_mode(name: &str, a: &Array, full: bool) -> (Array, Array, Array) {
    matrix(name, a);
    let (wide, own) = (computed(a.dtype()), returned(a.dtype()));
    let outs = program(name, std::slice::from_ref(a), |args| {
        let outs = bind(Svd { full }, &[&args[0].astype(wide)]);
        vec![outs[0].astype(own), outs[1].astype(own.real()), outs[2].astype(own)]
    });
    match <[Array; 3]>::try_from(outs) {
        Ok([u, s, vt]) => (u, s, vt),
        Err(_) => unreachable!("the program has three results"),
    }
}

/// Singular values in descending order. `jax.numpy.linalg.svdvals`.
///
/// ```
/// use nnx::{Array, linalg::svdvals};
///
/// let s = svdvals(Array::from([[3.0_f32, 0.0], [0.0, -4.0], [0.0, 0.0]]));
/// assert_eq!(s.to_vec::<f32>(), [4.0, 3.0]);
/// ```
///
/// # Panics
/// As [`svd`].
#[track_caller]
pub fn svdvals(a: impl AsArray) -> Array {
    svd(a.as_array()).1
}
