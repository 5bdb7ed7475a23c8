//! Products of Householder reflections: what QR decompositions are made of.

use super::{computed, matrix, returned};
use crate::array::axes::invalid;
use crate::array::program::program2;
use crate::array::{AsArray, eye, one_program, zeros};
use crate::graph::Array;
use crate::ops::{Geqrf, HouseholderProduct, adjoint};
use crate::run::{bind, bind1};
use crate::value::promote_dtypes;

/// The product of reflections I − τ w wᴴ, `[…, m, n]` with m ≥ n: its first n columns, from vectors in the
/// columns of `a` below the diagonal, and factors `taus` `[…, k]`, k ≤ n. `jax.lax.linalg.householder_product`.
///
/// ```
/// use nnx::{Array, linalg::{householder_product, qr, qr_raw}};
/// let a = Array::from([[3.0, 1.0], [4.0, 2.0]]);
/// let (reflections, taus) = qr_raw(&a);
/// let (q, _) = qr(&a);
/// let difference = (householder_product(reflections, taus) - q).abs().max(..);
/// assert!(difference.item::<f64>() < 1e-12);
/// ```
///
/// # Panics
/// Panics if there are more columns than rows, or the factors do not fit.
#[track_caller]
pub fn householder_product(a: impl AsArray, taus: impl AsArray) -> Array {
    let a = a.as_array();
    const OP: &str = "householder_product";
    let taus = taus.as_array();
    let (m, n) = matrix(OP, a);
    let fits = taus.rank() + 1 == a.rank()
        && taus.shape()[..taus.rank() - 1] == a.shape()[..a.rank() - 2]
        && taus.shape()[taus.rank() - 1] <= n
        && m >= n;
    if !fits {
        let (a, taus) = (a.aval(), taus.aval());
        invalid(
            OP,
            format!("needs vectors [m, n] with m ≥ n and up to n factors, got {a} and {taus}"),
        );
    }
    let dtype = promote_dtypes(a.dtype(), taus.dtype());
    let (wide, own) = (computed(dtype), returned(dtype));
    one_program(OP, &[a.clone(), taus.clone()], |args| {
        let (a, taus) = (args[0].astype(wide), args[1].astype(wide));
        if a.size() == 0 {
            return a.astype(own);
        }
        if taus.size() == 0 {
            let unit = eye(m, wide).slice_dim(1, 0, n);
            return unit.broadcast_to_dims(a.shape()).astype(own);
        }
        bind1(HouseholderProduct, &[&a, &taus]).astype(own)
    })
}

/// The reflections of the QR decomposition of matrices `[…, m, n]`: R in the upper triangle and the vectors
/// below it, and the factors `[…, min(m, n)]`. `jax.numpy.linalg.qr` with mode `raw`, without its transposition.
///
/// ```
/// use nnx::{Array, linalg::{qr, qr_raw}};
/// let a = Array::from([[3.0, 1.0], [4.0, 2.0]]);
/// let (reflections, taus) = qr_raw(&a);
/// let (_, r) = qr(&a);
/// assert!((reflections.triu(0) - r).abs().max(..).item::<f64>() < 1e-12);
/// assert_eq!(taus.shape(), [2]);
/// ```
///
/// # Panics
/// Panics if there are fewer than two axes.
#[track_caller]
pub fn qr_raw(a: impl AsArray) -> (Array, Array) {
    qr_raw_of(a.as_array())
}

#[track_caller]
fn qr_raw_of(a: &Array) -> (Array, Array) {
    let (m, n) = matrix("qr_raw", a);
    let (wide, own) = (computed(a.dtype()), returned(a.dtype()));
    program2("qr_raw", std::slice::from_ref(a), |args| {
        let a = args[0].astype(wide);
        if a.size() == 0 {
            let shape = [&a.shape()[..a.rank() - 2], &[m.min(n)]].concat();
            return (a.astype(own), zeros(shape, own));
        }
        let outs = bind(Geqrf, &[&a]);
        (outs[0].astype(own), outs[1].astype(own))
    })
}

/// Q C, or C Q if not `left`, where Q `[…, m, m]` is the product of the reflections of [`qr_raw`]; with
/// `transpose` Qᴴ in its place. `jax.lax.linalg.ormqr`.
///
/// ```
/// use nnx::{Array, linalg::{ormqr, qr_raw}};
/// let a = Array::from([[3.0, 1.0], [4.0, 2.0]]);
/// let (reflections, taus) = qr_raw(&a);
/// // Qᴴ A is R.
/// let r = ormqr(&reflections, taus, a, true, true);
/// assert!((r - reflections.triu(0)).abs().max(..).item::<f64>() < 1e-12);
/// ```
///
/// # Panics
/// Panics if the shapes do not fit.
#[track_caller]
pub fn ormqr(
    a: impl AsArray,
    taus: impl AsArray,
    c: impl AsArray,
    left: bool,
    transpose: bool,
) -> Array {
    let a = a.as_array();
    const OP: &str = "ormqr";
    let (taus, c) = (taus.as_array(), c.as_array());
    let ((m, n), (rows, columns)) = (matrix(OP, a), matrix(OP, c));
    let lead = |x: &Array, k: usize| x.shape()[..x.rank() - k].to_vec();
    let fits = taus.rank() + 1 == a.rank()
        && lead(taus, 1) == lead(a, 2)
        && lead(c, 2) == lead(a, 2)
        && taus.shape()[taus.rank() - 1] <= m.min(n)
        && m == if left { rows } else { columns };
    if !fits {
        let (a, taus, c) = (a.aval(), taus.aval(), c.aval());
        let side = if left { "rows" } else { "columns" };
        invalid(
            OP,
            format!(
                "{a}, {taus} and {c}: c with as many {side} as `a` has rows, factors for its \
                     columns and equal batches are needed"
            ),
        );
    }
    let dtype = promote_dtypes(a.dtype(), c.dtype());
    let wide = computed(dtype);
    one_program(OP, &[a.clone(), taus.clone(), c.clone()], |args| {
        let k = args[1].shape()[args[1].rank() - 1];
        let columns = args[0].rank() - 1;
        let mut pairs = vec![(0, 0); args[0].rank()];
        pairs[columns] = (0, (m - k) as i64);
        let vectors = args[0].slice_dim(columns, 0, k).pad(&pairs, 0);
        let q = householder_product(vectors.astype(wide), args[1].astype(wide));
        let q = if transpose { adjoint(&q) } else { q };
        let c = args[2].astype(wide);
        let product = if left { q.matmul(c) } else { c.matmul(q) };
        product.astype(returned(dtype))
    })
}

/// The side of Q in [`qr_multiply`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum QrSide {
    /// C Q.
    #[default]
    Right,
    /// Q C.
    Left,
}

/// C Q or Q C with Q `[…, m, k]` of the QR decomposition of A `[…, m, n]`, k = min(m, n), and R; `conjugate`
/// takes the conjugate of Q. C is a matrix or a vector. `jax.scipy.linalg.qr_multiply` without pivoting
/// (defaults `Right`, false).
///
/// ```
/// use nnx::{Array, linalg::{QrSide, qr, qr_multiply}};
/// let a = Array::from([[3.0, 1.0], [4.0, 2.0]]);
/// let c = Array::from([[1.0, 0.0], [2.0, 5.0]]);
/// let (product, _) = qr_multiply(&a, &c, QrSide::Left, false);
/// let difference = product - qr(a).0.matmul(c);
/// assert!(difference.abs().max(..).item::<f64>() < 1e-12);
/// ```
///
/// # Panics
/// Panics if C does not fit.
#[track_caller]
pub fn qr_multiply(
    a: impl AsArray,
    c: impl AsArray,
    mode: QrSide,
    conjugate: bool,
) -> (Array, Array) {
    let a = a.as_array();
    const OP: &str = "qr_multiply";
    let c = c.as_array();
    let (m, n) = matrix(OP, a);
    let k = m.min(n);
    let vector = c.rank() == 1;
    let (size, wanted, what) = match mode {
        QrSide::Right => (c.shape().last(), m, "columns"),
        QrSide::Left if vector => (c.shape().last(), k, "elements"),
        QrSide::Left => (c.shape().iter().nth_back(1), k, "rows"),
    };
    if size != Some(&wanted) {
        let (a, c) = (a.aval(), c.aval());
        invalid(OP, format!("{c} must have {wanted} {what} for Q of {a}"));
    }
    let dtype = promote_dtypes(a.dtype(), c.dtype());
    program2(OP, &[a.clone(), c.clone()], |args| {
        let (a, c) = (args[0].astype(computed(dtype)), args[1].astype(computed(dtype)));
        let (q, r) = super::qr(&a);
        let q = if conjugate { q.conj() } else { q };
        let product = match mode {
            QrSide::Right => c.matmul(q),
            QrSide::Left => q.matmul(c),
        };
        (product.astype(returned(dtype)), r.astype(returned(dtype)))
    })
}
