//! Ranks, pseudo-inverses and least squares by singular values.

use super::{computed, matrix, returned, svd, svdvals};
use crate::array::axes::invalid;
use crate::array::program::program;
use crate::array::{AsArray, finfo, keepdims, one_program, select, where_};
use crate::graph::{Array, Jvp, Tangent};
use crate::ops::{CustomJvp, adjoint, custom_jvp};
use crate::value::promote_dtypes;

/// The results of [`lstsq`].
///
/// ```
/// use nnx::{Array, linalg::lstsq};
///
/// // The mean of 1, 2 and 6 is nearest to all; (1 − 3)² + (2 − 3)² + (6 − 3)² remains.
/// let fit = lstsq(&Array::from([[1.0], [1.0], [1.0]]), &Array::from([1.0, 2.0, 6.0]), None);
/// assert!((fit.x.to_vec::<f64>()[0] - 3.0).abs() < 1e-9);
/// assert!((fit.residuals.to_vec::<f64>()[0] - 14.0).abs() < 1e-9);
/// assert_eq!(fit.rank.item::<i32>(), 1);
/// assert!((fit.singular_values.to_vec::<f64>()[0] - 3.0_f64.sqrt()).abs() < 1e-9);
/// ```
#[derive(Debug, Clone)]
pub struct LeastSquares {
    /// The x `[n]` or `[n, k]` with the least |A x − b|; of several the shortest.
    pub x: Array,
    /// |A x − b|² for each column of b.
    pub residuals: Array,
    /// The rank of A, i32.
    pub rank: Array,
    /// The singular values of A.
    pub singular_values: Array,
}

/// The least squares solution of A x = b for a matrix A `[m, n]` and b `[m]` or `[m, k]`. Singular
/// values below `rcond` times the largest count as 0 (default: the larger size times the dtype's
/// eps). `jax.numpy.linalg.lstsq`.
///
/// ```
/// use nnx::{Array, array::Tolerance, linalg::lstsq};
///
/// // The line through (0, 1), (1, 3) and (2, 5): slope and height.
/// let a = Array::from([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]]);
/// let line = lstsq(&a, &Array::from([1.0, 3.0, 5.0]), None).x;
/// assert!(line.allclose(Array::from([2.0, 1.0]), Tolerance::default()).item::<bool>());
/// ```
///
/// # Panics
/// Panics if A is not a matrix or b does not fit it.
#[track_caller]
pub fn lstsq(a: impl AsArray, b: impl AsArray, rcond: Option<f64>) -> LeastSquares {
    let (a, b) = (a.as_array(), b.as_array());
    const OP: &str = "lstsq";
    let fits = a.rank() == 2 && matches!(b.rank(), 1 | 2) && a.shape()[0] == b.shape()[0];
    if !fits || a.size() == 0 {
        let (a, b) = (a.aval(), b.aval());
        invalid(OP, format!("needs a matrix and as many right sides as rows, got {a} and {b}"));
    }
    let dtype = computed(promote_dtypes(a.dtype(), b.dtype()));
    let (m, n) = matrix(OP, a);
    let rcond = rcond.unwrap_or(finfo(dtype).eps * m.max(n) as f64);
    let rcond = if rcond < 0.0 { finfo(dtype).eps } else { rcond };
    let outs = program(OP, &[a.clone(), b.clone()], |args| {
        let (a, b) = (args[0].astype(dtype), args[1].astype(dtype));
        let columns = if b.rank() == 1 { b.expand_dims(1) } else { b.clone() };
        let (u, s, vt) = svd(&a);
        let counts = s.gt(0.0) & s.ge(s.slice_dim(0, 0, 1) * rcond);
        let safe = select(&counts, &s, s.ones_like());
        let inverse = select(&counts, &(1.0 / safe), s.zeros_like()).expand_dims(1);
        let x = adjoint(&vt).matmul(inverse * adjoint(&u).matmul(&columns));
        let residuals = (columns - a.matmul(&x)).squared_magnitude().sum(0);
        let x = if b.rank() == 1 { x.squeeze(1) } else { x };
        vec![x, residuals, counts.sum(0), s]
    });
    match <[Array; 4]>::try_from(outs) {
        Ok([x, residuals, rank, singular_values]) => {
            LeastSquares { x, residuals, rank, singular_values }
        }
        Err(_) => unreachable!("the program has four results"),
    }
}

/// The Moore–Penrose inverse. Singular values up to `rtol` times the largest count as 0 (default:
/// 10 times the larger size times the dtype's eps). `jax.numpy.linalg.pinv`.
///
/// ```
/// use nnx::{Array, array::Tolerance, linalg::pinv};
///
/// let a = Array::from([[2.0, 0.0], [0.0, 0.0], [0.0, 4.0]]);
/// let inverse = pinv(&a, None);
/// let expected = Array::from([[0.5, 0.0, 0.0], [0.0, 0.0, 0.25]]);
/// assert!(inverse.allclose(expected, Tolerance::default()).item::<bool>());
/// ```
///
/// # Panics
/// Panics if there are fewer than two axes.
#[track_caller]
pub fn pinv(a: impl AsArray, rtol: Option<f64>) -> Array {
    pinv_of(a.as_array(), rtol)
}

#[track_caller]
fn pinv_of(a: &Array, rtol: Option<f64>) -> Array {
    let (m, n) = matrix("pinv", a);
    let (wide, own) = (computed(a.dtype()), returned(a.dtype()));
    let rtol = rtol.unwrap_or(10.0 * m.max(n) as f64 * finfo(wide).eps);
    one_program("pinv", std::slice::from_ref(a), |args| {
        if m == 0 || n == 0 {
            return args[0].astype(own).mt();
        }
        custom_jvp(PseudoInverse { rtol: rtol.to_bits() }, &[&args[0].astype(wide)]).astype(own)
    })
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct PseudoInverse {
    /// The bits of an f64.
    rtol: u64,
}

impl CustomJvp for PseudoInverse {
    const NAME: &'static str = "pinv";
    fn params(&self) -> String {
        format!("rtol={}", f64::from_bits(self.rtol))
    }
    fn body(&self, args: &[Array]) -> Array {
        let (u, s, vt) = svd(&args[0]);
        let cutoff = s.max(keepdims(-1)) * f64::from_bits(self.rtol);
        let s = where_(s.gt(cutoff), &s, f64::INFINITY);
        adjoint(&vt).matmul(adjoint(&u) / s.expand_dims(-1))
    }
    /// Golub & Pereyra (1973), "The differentiation of pseudo-inverses …", equation 4.12.
    fn jvp(&self, cx: &Jvp<'_>) -> Tangent {
        let (a, p, t) = (&cx.primals[0], cx.out(), cx.tangent(0)?);
        let (pt, tt) = (adjoint(p), adjoint(t));
        let s = p.matmul(pt.matmul(&tt));
        let u = tt.matmul(pt.matmul(p));
        let change = -p.matmul(t.matmul(p));
        Some(change + &s - s.matmul(a.matmul(p)) + &u - p.matmul(a.matmul(&u)))
    }
}

/// How many singular values are above `tol` (default: the largest times the larger size times the
/// dtype's eps), as i32. `jax.numpy.linalg.matrix_rank`.
///
/// ```
/// use nnx::{Array, linalg::matrix_rank};
///
/// let a = Array::from([[1.0_f32, 2.0], [2.0, 4.0]]); // one row is twice the other
/// assert_eq!(matrix_rank(&a, None).item::<i32>(), 1);
/// ```
///
/// # Panics
/// Panics if there are fewer than two axes.
#[track_caller]
pub fn matrix_rank(a: impl AsArray, tol: Option<f64>) -> Array {
    matrix_rank_of(a.as_array(), tol)
}

#[track_caller]
fn matrix_rank_of(a: &Array, tol: Option<f64>) -> Array {
    let (m, n) = matrix("matrix_rank", a);
    let eps = finfo(computed(a.dtype())).eps;
    one_program("matrix_rank", std::slice::from_ref(a), |args| {
        let s = svdvals(&args[0]);
        if m == 0 || n == 0 {
            return s.ne(0.0).sum(-1);
        }
        match tol {
            Some(tol) => s.gt(tol).sum(-1),
            None => s.gt(s.max(keepdims(-1)) * (m.max(n) as f64 * eps)).sum(-1),
        }
    })
}

/// The condition number: largest over smallest singular value. `jax.numpy.linalg.cond`.
///
/// ```
/// use nnx::{Array, linalg::cond};
///
/// assert_eq!(cond(Array::from([[8.0_f32, 0.0], [0.0, -2.0]])).item::<f32>(), 4.0);
/// ```
///
/// # Panics
/// Panics if there are fewer than two axes or an axis is empty.
#[track_caller]
pub fn cond(a: impl AsArray) -> Array {
    cond_of(a.as_array())
}

#[track_caller]
fn cond_of(a: &Array) -> Array {
    let (m, n) = matrix("cond", a);
    if m == 0 || n == 0 {
        invalid("cond", format!("{} has no singular values", a.aval()));
    }
    one_program("cond", std::slice::from_ref(a), |args| {
        let s = svdvals(&args[0]);
        s.max(-1) / s.min(-1)
    })
}
