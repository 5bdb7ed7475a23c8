//! Systems of linear equations, inverses, determinants.

use super::decompositions::permutation;
use super::{cholesky, computed, matrix, returned, square};
use crate::array::axes::invalid;
use crate::array::program::program2;
use crate::array::{AsArray, broadcast_shapes, concatenate, eye, iota, one_program, where_};
use crate::graph::{Array, Jvp, Tangent};
use crate::ops::{CustomJvp, Lu, LuSolve, TriangularSolve, custom_jvp, permute_rows};
use crate::run::{bind, bind1};
use crate::value::promote_dtypes;

/// How [`triangular_solve`] reads its matrix.
///
/// ```
/// use nnx::{Array, linalg::{TriangularOptions, triangular_solve}};
///
/// // x A = b with upper triangular A.
/// let options = TriangularOptions { left_side: false, lower: false, ..Default::default() };
/// let a = Array::from([[2.0_f32, 1.0], [0.0, 4.0]]);
/// let x = triangular_solve(&a, &Array::from([[2.0_f32, 9.0]]), options);
/// assert_eq!(x.to_vec::<f32>(), [1.0, 2.0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TriangularOptions {
    /// Solves op(A) x = b; otherwise x op(A) = b.
    pub left_side: bool,
    /// Whether A is lower triangular; the other triangle is not read.
    pub lower: bool,
    /// op(A) is the transpose of A.
    pub transpose_a: bool,
    /// op conjugates A.
    pub conjugate_a: bool,
    /// The diagonal counts as ones and is not read.
    pub unit_diagonal: bool,
}

impl Default for TriangularOptions {
    /// A x = b with lower triangular A.
    fn default() -> Self {
        TriangularOptions {
            left_side: true,
            lower: true,
            transpose_a: false,
            conjugate_a: false,
            unit_diagonal: false,
        }
    }
}

/// `a` and `b` with the same batches, as matrices; `b` may be a vector for which a column is made.
#[track_caller]
fn meet(op: &str, a: &Array, b: &Array, side: usize) -> (Array, Array) {
    let n = a.shape()[a.rank() - 1];
    let (batch_a, batch_b) = (&a.shape()[..a.rank() - 2], &b.shape()[..b.rank() - 2]);
    let fits = b.shape()[b.rank() - side] == n;
    let Some(batch) = broadcast_shapes(batch_a, batch_b).filter(|_| fits) else {
        let (a, b) = (a.aval(), b.aval());
        let which = if side == 2 { "rows" } else { "columns" };
        invalid(
            op,
            format!("{a} and {b}: as many {which} as A has and batches that broadcast are needed"),
        );
    };
    let wide = |x: &Array| x.broadcast_to_dims(&[&batch[..], &x.shape()[x.rank() - 2..]].concat());
    (wide(a), wide(b))
}

/// x of op(A) x = b (or x op(A) = b) for triangular A `[…, n, n]` and b `[…, n, k]`; batches
/// broadcast. `jax.lax.linalg.triangular_solve`.
///
/// ```
/// use nnx::{Array, linalg::{TriangularOptions, triangular_solve}};
///
/// let a = Array::from([[2.0_f32, 99.0], [1.0, 4.0]]); // 99 is not read
/// let b = Array::from([[2.0_f32], [9.0]]);
/// let x = triangular_solve(&a, &b, TriangularOptions::default());
/// assert_eq!(x.to_vec::<f32>(), [1.0, 2.0]);
/// ```
///
/// # Panics
/// Panics if A is not square, or b does not fit it.
#[track_caller]
pub fn triangular_solve(a: impl AsArray, b: impl AsArray, options: TriangularOptions) -> Array {
    let (a, b) = (a.as_array(), b.as_array());
    const OP: &str = "triangular_solve";
    square(OP, a);
    matrix(OP, b);
    let dtype = promote_dtypes(a.dtype(), b.dtype());
    let side = if options.left_side { 2 } else { 1 };
    one_program(OP, &[a.clone(), b.clone()], |args| {
        let (a, b) = (args[0].astype(computed(dtype)), args[1].astype(computed(dtype)));
        let (a, b) = meet(OP, &a, &b, side);
        let op = TriangularSolve {
            left: options.left_side,
            lower: options.lower,
            transpose: options.transpose_a,
            unit_diagonal: options.unit_diagonal,
        };
        let a = if options.conjugate_a { a.conj() } else { a };
        bind1(op, &[&a, &b]).astype(returned(dtype))
    })
}

/// x of A x = b for triangular A; b is a vector `[n]` or matrices `[…, n, k]`.
/// `jax.scipy.linalg.solve_triangular`.
///
/// ```
/// use nnx::{Array, linalg::solve_triangular};
///
/// let a = Array::from([[2.0_f32, 0.0], [1.0, 4.0]]);
/// let x = solve_triangular(&a, &Array::from([2.0_f32, 9.0]), true); // lower triangular
/// assert_eq!(x.to_vec::<f32>(), [1.0, 2.0]);
/// ```
///
/// # Panics
/// Panics if A is not square, or b does not fit it.
#[track_caller]
pub fn solve_triangular(a: impl AsArray, b: impl AsArray, lower: bool) -> Array {
    let (a, b) = (a.as_array(), b.as_array());
    let options = TriangularOptions { lower, ..Default::default() };
    if b.rank() == 1 {
        return triangular_solve(a, b.expand_dims(1), options).squeeze(-1);
    }
    triangular_solve(a, b, options)
}

/// x of A x = b for square A `[…, n, n]`; b is a vector `[n]` or matrices `[…, n, k]`. Batches
/// broadcast. `jax.numpy.linalg.solve`.
///
/// ```
/// use nnx::{Array, array::linalg::solve};
/// let a = Array::from_slice(&[0.0_f32, 2.0, 1.0, 0.0], [2, 2]);
/// let b = Array::from_slice(&[4.0_f32, 3.0], [2]);
/// assert_eq!(solve(&a, &b).to_vec::<f32>(), [3.0, 2.0]);
/// ```
///
/// # Panics
/// Panics if A is not square, or b does not fit it.
#[track_caller]
pub fn solve(a: impl AsArray, b: impl AsArray) -> Array {
    let (a, b) = (a.as_array(), b.as_array());
    const OP: &str = "solve";
    square(OP, a);
    if b.rank() == 0 {
        invalid(OP, format!("the right side of {} must not be a scalar", a.aval()));
    }
    let dtype = promote_dtypes(a.dtype(), b.dtype());
    one_program(OP, &[a.clone(), b.clone()], |args| {
        let (a, b) = (args[0].astype(computed(dtype)), args[1].astype(computed(dtype)));
        let vector = b.rank() == 1;
        let b = if vector { b.expand_dims(1) } else { b };
        // The decomposition before the broadcast: once per matrix.
        let factors = bind(Lu, &[&a.stop_gradient()]);
        let (whole, b) = meet(OP, &a, &b, 2);
        let batch = &whole.shape()[..whole.rank() - 2];
        let n = a.shape()[a.rank() - 1];
        let lu = factors[0].broadcast_to_dims(whole.shape());
        let rows = factors[2].broadcast_to_dims(&[batch, &[n]].concat());
        let x = bind1(LuSolve { transposed: false }, &[&whole, &lu, &rows, &b]);
        let x = if vector { x.squeeze(-1) } else { x };
        x.astype(returned(dtype))
    })
}

/// x of A x = b from the decomposition of A by [`lu_factor`](super::lu_factor); b is a vector
/// `[n]` or matrices `[…, n, k]`. `jax.scipy.linalg.lu_solve`.
///
/// ```
/// use nnx::{Array, linalg::{lu_factor, lu_solve}};
///
/// let (lu, pivots) = lu_factor(&Array::from([[0.0_f32, 2.0], [1.0, 0.0]]));
/// let x = lu_solve(&lu, &pivots, &Array::from([4.0_f32, 3.0]));
/// assert_eq!(x.to_vec::<f32>(), [3.0, 2.0]);
/// ```
///
/// # Panics
/// Panics if the matrices are not square or b does not fit them.
#[track_caller]
pub fn lu_solve(lu: impl AsArray, pivots: impl AsArray, b: impl AsArray) -> Array {
    let (lu, pivots, b) = (lu.as_array(), pivots.as_array(), b.as_array());
    const OP: &str = "lu_solve";
    let n = square(OP, lu);
    if b.rank() == 0 {
        let (lu, b) = (lu.aval(), b.aval());
        invalid(OP, format!("needs right sides with an axis of {n} elements for {lu}, got {b}"));
    }
    let dtype = promote_dtypes(lu.dtype(), b.dtype());
    one_program(OP, &[lu.clone(), pivots.clone(), b.clone()], |args| {
        let (lu, b) = (args[0].astype(computed(dtype)), args[2].astype(computed(dtype)));
        let vector = b.rank() == 1;
        let b = if vector { b.expand_dims(1) } else { b };
        let (lu, b) = meet(OP, &lu, &b, 2);
        let rows = permutation(&args[1], n);
        let rows = rows.broadcast_to_dims(&lu.shape()[..lu.rank() - 1]);
        let lower = TriangularOptions { unit_diagonal: true, ..Default::default() };
        let upper = TriangularOptions { lower: false, ..Default::default() };
        let y = triangular_solve(&lu, permute_rows(&b, &rows), lower);
        let x = triangular_solve(&lu, &y, upper);
        let x = if vector { x.squeeze(-1) } else { x };
        x.astype(returned(dtype))
    })
}

/// The lower Cholesky factor of A for [`cho_solve`]; as [`cholesky`].
/// `jax.scipy.linalg.cho_factor`.
///
/// ```
/// use nnx::{Array, linalg::cho_factor};
///
/// let factor = cho_factor(Array::from([[4.0_f32, 2.0], [2.0, 5.0]]));
/// assert_eq!(factor.to_vec::<f32>(), [2.0, 0.0, 1.0, 2.0]); // zeros above, unlike in JAX
/// ```
///
/// # Panics
/// Panics if the matrices are not square.
#[track_caller]
pub fn cho_factor(a: impl AsArray) -> Array {
    cholesky(a.as_array())
}

/// x of A x = b from the lower Cholesky factor of A; b is a vector `[n]` or matrices `[…, n, k]`.
/// `jax.scipy.linalg.cho_solve`.
///
/// ```
/// use nnx::{Array, linalg::{cho_factor, cho_solve}};
///
/// let factor = cho_factor(Array::from([[4.0_f32, 2.0], [2.0, 5.0]]));
/// let x = cho_solve(&factor, &Array::from([8.0_f32, 12.0]));
/// assert_eq!(x.to_vec::<f32>(), [1.0, 2.0]);
/// ```
///
/// # Panics
/// Panics if the factor is not square or b does not fit it.
#[track_caller]
pub fn cho_solve(factor: impl AsArray, b: impl AsArray) -> Array {
    let (factor, b) = (factor.as_array(), b.as_array());
    if b.rank() == 1 {
        return cho_solve(factor, b.expand_dims(1)).squeeze(-1);
    }
    one_program("cho_solve", &[factor.clone(), b.clone()], |args| {
        let forward = TriangularOptions::default();
        let y = triangular_solve(&args[0], &args[1], forward);
        let back = TriangularOptions { transpose_a: true, conjugate_a: true, ..forward };
        triangular_solve(&args[0], &y, back)
    })
}

/// The inverse of square matrices. To solve equations, [`solve`] is faster and more accurate.
/// `jax.numpy.linalg.inv`.
///
/// ```
/// use nnx::{Array, linalg::inv};
///
/// let a = Array::from([[1.0_f32, 3.0], [2.0, 4.0]]);
/// assert_eq!(inv(&a).to_vec::<f32>(), [-2.0, 1.5, 1.0, -0.5]);
/// ```
///
/// # Panics
/// Panics if the matrices are not square.
#[track_caller]
pub fn inv(a: impl AsArray) -> Array {
    let a = a.as_array();
    let n = square("inv", a);
    one_program("inv", std::slice::from_ref(a), |args| {
        let a = args[0].astype(returned(args[0].dtype()));
        solve(&a, eye(n, a.dtype()).broadcast_to_dims(a.shape()))
    })
}

/// The determinant of square matrices. `jax.numpy.linalg.det`.
///
/// ```
/// use nnx::{Array, linalg::det};
///
/// let two = Array::from([[[1.0_f32, 3.0], [2.0, 4.0]], [[1.0, 2.0], [2.0, 4.0]]]);
/// assert_eq!(det(&two).to_vec::<f32>(), [-2.0, 0.0]); // the axes before the last two are a batch
/// ```
///
/// # Panics
/// Panics if the matrices are not square.
#[track_caller]
pub fn det(a: impl AsArray) -> Array {
    let a = a.as_array();
    square("det", a);
    let (wide, own) = (computed(a.dtype()), returned(a.dtype()));
    one_program("det", std::slice::from_ref(a), |args| {
        custom_jvp(Determinant, &[&args[0].astype(wide)]).astype(own)
    })
}

/// The sign (a complex number of magnitude 1 for complex A) and the logarithm of the absolute
/// value of the determinant. `jax.numpy.linalg.slogdet`.
///
/// ```
/// use nnx::{DType, array::eye, linalg::slogdet};
///
/// // −(10⁻⁹⁹): its size is below the smallest f32.
/// let (sign, log) = slogdet(&(eye(99, DType::F32) * -0.1));
/// assert_eq!(sign.item::<f32>(), -1.0);
/// assert!((log.item::<f32>() + 99.0 * 10.0_f32.ln()).abs() < 1e-2);
/// ```
///
/// # Panics
/// Panics if the matrices are not square.
#[track_caller]
pub fn slogdet(a: impl AsArray) -> (Array, Array) {
    slogdet_of(a.as_array())
}

#[track_caller]
fn slogdet_of(a: &Array) -> (Array, Array) {
    square("slogdet", a);
    let (wide, own) = (computed(a.dtype()), returned(a.dtype()));
    program2("slogdet", std::slice::from_ref(a), |args| {
        let (diagonal, odd, _) = factors(&args[0].astype(wide));
        let size = diagonal.abs();
        let log = size.log().sum(-1);
        let signs = if wide.is_complex() {
            let safe = where_(size.eq(0.0), 1.0, &size);
            &diagonal / safe.astype(wide)
        } else {
            diagonal.sign()
        };
        let sign = (signs.prod(-1) * odd).astype(own);
        (sign, log.astype(own.real()))
    })
}

/// The diagonal of U, the sign of the permutation and LU itself with its permutation.
#[track_caller]
fn factors(a: &Array) -> (Array, Array, [Array; 2]) {
    let n = a.shape()[a.rank() - 1];
    let outs = bind(Lu, &[a]);
    let places = iota([n], crate::value::DType::I32, 0);
    let exchanges = outs[1].ne(places).sum(-1);
    let odd = where_((exchanges % 2).eq(1), -1.0, 1.0).astype(a.dtype());
    (outs[0].diagonal(0, -2, -1), odd, [outs[0].clone(), outs[2].clone()])
}

/// The determinant, whose derivative is finite for singular matrices too.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Determinant;

impl CustomJvp for Determinant {
    const NAME: &'static str = "det";
    fn body(&self, args: &[Array]) -> Array {
        let (diagonal, odd, _) = factors(&args[0]);
        diagonal.prod(-1) * odd
    }
    /// tr(adj(A) Ȧ).
    fn jvp(&self, cx: &Jvp<'_>) -> Tangent {
        let t = cx.tangent(0)?;
        Some(adjugate_times(&cx.primals[0], t).trace(0, -2, -1))
    }
}

/// adj(A) B, by LU with the division by the last pivot left out, as in JAX: right for matrices of
/// rank n − 1 too.
#[track_caller]
fn adjugate_times(a: &Array, b: &Array) -> Array {
    let n = a.shape()[a.rank() - 1];
    if n < 2 {
        return b.clone();
    }
    let (rows, columns) = (a.rank() - 2, a.rank() - 1);
    let (diagonal, odd, [lu, order]) = factors(a);
    let partial = diagonal.cumprod(-1) * odd.expand_dims(-1);
    let last = partial.rank() - 1;
    let before = partial.slice_dim(last, n - 2, n - 1).expand_dims(-1);
    let whole = partial.slice_dim(last, n - 1, n).expand_dims(-1);
    let corner = iota([n, 1], crate::value::DType::I32, 0).eq(n - 1)
        & iota([1, n], crate::value::DType::I32, 1).eq(n - 1);
    let lu = where_(&corner, 1.0 / before, lu);
    let unit = TriangularOptions { unit_diagonal: true, ..Default::default() };
    let upper = TriangularOptions { lower: false, ..Default::default() };
    // Where even that divides by zero, the adjugate is zero.
    let probe = crate::array::ones([&a.shape()[..columns], &[1]].concat(), a.dtype());
    let probe = triangular_solve(&lu, &probe, upper);
    let finite = (probe * 0.0).eq(0.0).all(crate::array::keepdims([-1, -2]));
    let y = triangular_solve(&lu, permute_rows(b, &order), unit);
    let scaled = y.slice_dim(rows, 0, n - 1) * whole;
    let y = concatenate([&scaled, &y.slice_dim(rows, n - 1, n)], rows as isize);
    let lu = where_(&finite, lu, eye(n, a.dtype()));
    let x = triangular_solve(&lu, &y, upper);
    where_(&finite, &x, x.zeros_like())
}
