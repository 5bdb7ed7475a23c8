//! Functions of general matrices by the Schur decomposition, and Sylvester's equation.

use super::{SchurOutput, computed, expm, matrix, returned, rsf2csf, schur, square};
use crate::array::axes::invalid;
use crate::array::program::program2;
use crate::array::{AsArray, eye, iota, one_program, where_};
use crate::graph::{Array, Closed, Jvp, Mode, Tangent, trace};
use crate::ops::{CustomJvp, Sylvester, adjoint, custom_jvp, inner_for};
use crate::rewrite::interpret_jvp;
use crate::run::bind1;
use crate::value::{DType, promote_dtypes};

/// Which elements lie on the diagonal number `k` above the main one.
#[track_caller]
fn on_diagonal(n: usize, k: &Array) -> Array {
    let (i, j) = (iota([n, 1], DType::I32, 0), iota([1, n], DType::I32, 1));
    (&i + k).eq(j)
}

/// The principal square root of square matrices, complex: X X = A, with eigenvalues in the right half of
/// the plane. `jax.scipy.linalg.sqrtm`.
///
/// By the root of the triangular Schur form, diagonal by diagonal (Björck & Hammarling 1983, "A Schur
/// method for the square root of a matrix"). A singular matrix that has no root gives inf and NaN. The
/// derivative, which JAX does not have, is the solution of X Ẋ + Ẋ X = Ȧ.
///
/// ```
/// use nnx::{Array, linalg::sqrtm};
/// let a = Array::from([[4.0, 1.0], [0.0, 9.0]]);
/// let x = sqrtm(&a);
/// assert!((x.real() - Array::from([[2.0, 0.2], [0.0, 3.0]])).abs().max(..).item::<f64>() < 1e-12);
/// ```
///
/// # Panics
/// Panics if the matrices are not square.
#[track_caller]
pub fn sqrtm(a: impl AsArray) -> Array {
    let a = a.as_array();
    square("sqrtm", a);
    one_program("sqrtm", std::slice::from_ref(a), |args| {
        custom_jvp(SquareRoot, &[&args[0].astype(computed(args[0].dtype()))])
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct SquareRoot;

impl CustomJvp for SquareRoot {
    const NAME: &'static str = "sqrtm";
    fn body(&self, args: &[Array]) -> Array {
        let (t, z) = if args[0].dtype().is_complex() {
            schur(&args[0], SchurOutput::Complex)
        } else {
            // The real eigenvalues stay so: rounding would tell which root of a negative one is taken.
            let (t, z) = schur(&args[0], SchurOutput::Real);
            rsf2csf(&t, &z)
        };
        let n = t.shape()[t.rank() - 1];
        let diagonal = t.diagonal(0, -2, -1).sqrt();
        let sums = diagonal.expand_dims(-1) + diagonal.expand_dims(-2);
        let start = where_(eye(n, DType::Bool), diagonal.expand_dims(-1), t.zeros_like());
        let root = inner_for(n.saturating_sub(1), &[start], |i, state| {
            // The elements of this diagonal are still zeros, so that the product lacks them.
            let rest = &t - state[0].matmul(&state[0]);
            let next = where_(rest.eq(0.0), 0.0, &rest / &sums);
            vec![where_(on_diagonal(n, &(i + 1)), next, &state[0])]
        });
        z.matmul(&root[0]).matmul(adjoint(&z))
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Tangent {
        let (x, t) = (cx.out(), cx.tangent(0)?);
        Some(bind1(Sylvester { tol: 0.0_f64.to_bits() }, &[x, x, &t.astype(x.dtype())]))
    }
}

/// A function of square matrices, complex: the matrix with the same eigenvectors and `func` of the
/// eigenvalues. `func` works elementwise on complex numbers. `jax.scipy.linalg.funm`.
///
/// By Parlett's recurrence on the Schur form (Golub & Van Loan, 9.1.2). It divides by differences of
/// eigenvalues, so that the result is inaccurate where some are close to each other; where they are equal
/// the division is left out, as in JAX. There is no derivative, as in JAX.
///
/// ```
/// use nnx::{Array, linalg::funm};
/// let a = Array::from([[1.0, 2.0], [0.0, 3.0]]);
/// let square = funm(&a, |x| x * x);
/// assert!((square.real() - a.matmul(&a)).abs().max(..).item::<f64>() < 1e-12);
/// ```
///
/// # Panics
/// Panics if the matrices are not square, or `func` makes another shape.
#[track_caller]
pub fn funm(a: impl AsArray, func: impl FnOnce(&Array) -> Array) -> Array {
    let a = a.as_array();
    const OP: &str = "funm";
    square(OP, a);
    one_program(OP, std::slice::from_ref(a), |args| {
        let (t, z) = schur(&args[0], SchurOutput::Real);
        let (t, z) = rsf2csf(&t, &z);
        let n = t.shape()[t.rank() - 1];
        let w = t.diagonal(0, -2, -1);
        let values = func(&w);
        if values.shape() != w.shape() {
            let (values, w) = (values.aval(), w.aval());
            invalid(OP, format!("`func` must keep the shape of {w}, it made {values}"));
        }
        let values = values.astype(t.dtype());
        let gaps = w.expand_dims(-2) - w.expand_dims(-1);
        let gaps = where_(gaps.eq(0.0), 1.0, gaps);
        let start = where_(eye(n, DType::Bool), values.expand_dims(-1), t.zeros_like());
        let found = inner_for(n.saturating_sub(1), &[start], |i, state| {
            let f = &state[0];
            let next = (t.matmul(f) - f.matmul(&t)) / &gaps;
            vec![where_(on_diagonal(n, &(i + 1)), next, f)]
        });
        z.matmul(&found[0]).matmul(adjoint(&z))
    })
}

/// X `[…, m, n]` of A X + X B = C. NaN where the sum of an eigenvalue of A and one of B is smaller than `tol`:
/// then there is no solution, or there are many. `jax.scipy.linalg.solve_sylvester` with `method="schur"`
/// (default `tol` 1e-8).
///
/// By the Schur decompositions of A and B (Bartels & Stewart 1972). It has the derivatives of the equation.
///
/// ```
/// use nnx::{Array, linalg::solve_sylvester};
/// let (a, b) = (Array::from([[2.0, 1.0], [0.0, 3.0]]), Array::from([[1.0]]));
/// let x = solve_sylvester(&a, &b, Array::from([[4.0], [8.0]]), 1e-8);
/// assert!((x - Array::from([[2.0 / 3.0], [2.0]])).abs().max(..).item::<f64>() < 1e-12);
/// ```
///
/// # Panics
/// Panics if the shapes do not fit.
#[track_caller]
pub fn solve_sylvester(a: impl AsArray, b: impl AsArray, c: impl AsArray, tol: f64) -> Array {
    let a = a.as_array();
    const OP: &str = "solve_sylvester";
    let (b, c) = (b.as_array(), c.as_array());
    let (m, n) = matrix(OP, c);
    let lead = |x: &Array| x.shape()[..x.rank() - 2].to_vec();
    let fits = square(OP, a) == m && square(OP, b) == n;
    let both = crate::array::broadcast_shapes(&lead(a), &lead(b));
    let batch = both.and_then(|both| crate::array::broadcast_shapes(&both, &lead(c)));
    let Some(batch) = batch.filter(|_| fits) else {
        let (a, b, c) = (a.aval(), b.aval(), c.aval());
        let rule = "[m, m], [n, n] and [m, n] with batches that broadcast are needed";
        invalid(OP, format!("{a}, {b} and {c}: {rule}"));
    };
    let dtype = promote_dtypes(promote_dtypes(a.dtype(), b.dtype()), c.dtype());
    one_program(OP, &[a.clone(), b.clone(), c.clone()], |args| {
        let wide = |i: usize, rows: usize, columns: usize| {
            let shape = [&batch[..], &[rows, columns]].concat();
            args[i].astype(computed(dtype)).broadcast_to_dims(&shape)
        };
        let op = Sylvester { tol: tol.to_bits() };
        bind1(op, &[&wide(0, m, m), &wide(1, n, n), &wide(2, m, n)]).astype(returned(dtype))
    })
}

/// The exponential of square matrices `a`, and its derivative there in the direction `e`: [`expm`]'s.
/// `jax.scipy.linalg.expm_frechet`.
///
/// ```
/// use nnx::{Array, linalg::expm_frechet};
/// let (a, e) = (Array::from([[0.0, 1.0], [0.0, 0.0]]), Array::from([[0.0, 2.0], [0.0, 0.0]]));
/// let (_, derivative) = expm_frechet(&a, &e);
/// assert!((derivative - e).abs().max(..).item::<f64>() < 1e-15);
/// ```
///
/// # Panics
/// Panics if the matrices are not square, or differ in shape.
#[track_caller]
pub fn expm_frechet(a: impl AsArray, e: impl AsArray) -> (Array, Array) {
    let a = a.as_array();
    const OP: &str = "expm_frechet";
    let e = e.as_array();
    square(OP, a);
    if a.shape() != e.shape() {
        let (a, e) = (a.aval(), e.aval());
        invalid(OP, format!("the direction {e} must have the shape of {a}"));
    }
    let dtype = promote_dtypes(a.dtype(), e.dtype());
    program2(OP, &[a.clone(), e.clone()], |args| {
        let [a, e] = [0, 1].map(|i| args[i].astype(computed(dtype)));
        let (Closed { graph, .. }, ()) =
            trace(OP, &[a.aval().clone()], |args| (vec![expm(&args[0])], ()));
        let (outs, tangents) =
            interpret_jvp(&graph, std::slice::from_ref(&a), &[Some(e)], Mode::Forward);
        let tangent = tangents[0].clone().unwrap_or_else(|| a.zeros_like());
        (outs[0].astype(returned(dtype)), tangent.astype(returned(dtype)))
    })
}
