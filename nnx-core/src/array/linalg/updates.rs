//! Updates of factors, symmetric products, polar decomposition by iteration.

use super::{
    TriangularOptions, cholesky, computed, matrix, qr, real_only, returned, square,
    triangular_solve,
};
use crate::array::axes::invalid;
use crate::array::program::program;
use crate::array::{AsArray, concatenate, eye, finfo, iota, one_program, where_};
use crate::graph::Array;
use crate::ops::{adjoint, inner_for, inner_while};
use crate::value::{DType, promote_dtypes};

/// The upper triangular R' with R'ᵀ R' = Rᵀ R + w wᵀ for upper triangular R `[…, n, n]` and w `[…, n]`, real.
/// By rotations, in O(n²); R' may have negative numbers on its diagonal. `jax.lax.linalg.cholesky_update`.
///
/// ```
/// use nnx::{Array, linalg::cholesky_update};
/// let r = Array::from([[3.0, 1.0], [0.0, 2.0]]);
/// let new = cholesky_update(&r, &Array::from([4.0, 2.0]));
/// let back = new.t().matmul(&new);
/// assert!((back - Array::from([[25.0, 11.0], [11.0, 9.0]])).abs().max(..).item::<f64>() < 1e-12);
/// ```
///
/// # Panics
/// Panics if R is not square, w does not fit, or the numbers are complex.
#[track_caller]
pub fn cholesky_update(r_matrix: impl AsArray, w_vector: impl AsArray) -> Array {
    let r_matrix = r_matrix.as_array();
    const OP: &str = "cholesky_update";
    let w = w_vector.as_array();
    let n = square(OP, r_matrix);
    real_only(OP, r_matrix);
    real_only(OP, w);
    if *w.shape() != r_matrix.shape()[..r_matrix.rank() - 1] {
        let (r, w) = (r_matrix.aval(), w.aval());
        invalid(OP, format!("the vector {w} must have as many elements as {r} has rows"));
    }
    let dtype = promote_dtypes(r_matrix.dtype(), w.dtype());
    one_program(OP, &[r_matrix.clone(), w.clone()], |args| {
        let (r, w) = (args[0].astype(computed(dtype)), args[1].astype(computed(dtype)));
        if n == 0 {
            return r.astype(returned(dtype));
        }
        let rows = iota([n, 1], DType::I32, 0);
        let out = inner_for(n, &[r, w], |k, state| {
            let (r, w) = (&state[0], &state[1]);
            let row = r.dynamic_index(k, -2);
            let [x, y] = [&row, w].map(|v| v.dynamic_index(k, -1).expand_dims(-1));
            let size = x.hypot(&y);
            let turn = y.ne(0.0) & size.gt(0.0);
            let safe = where_(&turn, size, 1.0);
            let c = where_(&turn, &x / &safe, 1.0);
            let s = where_(turn, y / safe, 0.0);
            let new = &c * &row + &s * w;
            let r = where_(rows.eq(k), new.expand_dims(-2), r);
            vec![r, c * w - s * row]
        });
        out[0].astype(returned(dtype))
    })
}

/// α A Aᵀ + β C for A `[…, m, n]` and symmetric C `[…, m, m]`; with `symmetrize_output` the upper triangle is that of
/// the lower one. `jax.lax.linalg.symmetric_product` (defaults α 1, β 0, false).
///
/// ```
/// use nnx::{Array, linalg::symmetric_product};
/// let (a, c) = (Array::from([[1.0], [2.0]]), Array::from([[1.0, 0.0], [0.0, 1.0]]));
/// let y = symmetric_product(a, c, 1.0, 10.0, true);
/// assert_eq!(y.to_vec::<f64>(), [11.0, 2.0, 2.0, 14.0]);
/// ```
///
/// # Panics
/// Panics if C does not fit.
#[track_caller]
pub fn symmetric_product(
    a_matrix: impl AsArray,
    c_matrix: impl AsArray,
    alpha: f64,
    beta: f64,
    symmetrize_output: bool,
) -> Array {
    let a_matrix = a_matrix.as_array();
    const OP: &str = "symmetric_product";
    let c = c_matrix.as_array();
    let (m, _) = matrix(OP, a_matrix);
    let lead = &a_matrix.shape()[..a_matrix.rank() - 2];
    if c.shape() != [lead, &[m, m]].concat() {
        let (a, c) = (a_matrix.aval(), c.aval());
        invalid(OP, format!("{c} must be square, of the rows and batches of {a}"));
    }
    let dtype = promote_dtypes(a_matrix.dtype(), c.dtype());
    one_program(OP, &[a_matrix.clone(), c.clone()], |args| {
        let (a, c) = (args[0].astype(computed(dtype)), args[1].astype(computed(dtype)));
        let product = a.matmul(a.mt()) * alpha + c * beta;
        let product = match symmetrize_output {
            true => product.tril(0) + product.tril(-1).mt(),
            false => product,
        };
        product.astype(returned(dtype))
    })
}

/// The results of [`qdwh`].
#[derive(Debug, Clone)]
pub struct Qdwh {
    /// U `[m, n]` with orthonormal columns.
    pub u: Array,
    /// The Hermitian H ≥ 0 `[n, n]` with A = U H.
    pub h: Array,
    /// The number of iterations, an i32 scalar.
    pub num_iters: Array,
    /// Whether they came to an end before the most that are allowed, a bool scalar.
    pub is_converged: Array,
}

/// The polar decomposition A = U H of a matrix `[m, n]` of full rank with m ≥ n, by Halley's iteration with dynamical
/// weights (Nakatsukasa, Bai & Gygi 2010, "Optimizing Halley's iteration for computing the matrix polar
/// decomposition"). `jax.lax.linalg.qdwh` (default `max_iterations` 10).
///
/// [`polar`](super::polar), by singular values, takes matrices of any rank and shape.
///
/// ```
/// use nnx::{Array, array::Tolerance, linalg::qdwh};
/// let a = Array::from([[1.0, 2.0], [3.0, 4.0], [0.0, 1.0]]);
/// let found = qdwh(&a, 10);
/// assert!(found.is_converged.item::<bool>());
/// let back = found.u.matmul(&found.h);
/// assert!(back.allclose(&a, Tolerance::default()).item::<bool>());
/// ```
///
/// # Panics
/// Panics if `x` is not a matrix, or has more columns than rows.
#[track_caller]
pub fn qdwh(x: impl AsArray, max_iterations: usize) -> Qdwh {
    qdwh_of(x.as_array(), max_iterations)
}

#[track_caller]
fn qdwh_of(x: &Array, max_iterations: usize) -> Qdwh {
    const OP: &str = "qdwh";
    if x.rank() != 2 || x.shape()[0] < x.shape()[1] {
        invalid(
            OP,
            format!("needs a matrix with at least as many rows as columns, got {}", x.aval()),
        );
    }
    let (wide, own) = (computed(x.dtype()), returned(x.dtype()));
    let outs = program(OP, std::slice::from_ref(x), |args| {
        let x = args[0].astype(wide);
        if x.size() == 0 {
            let (u, h) = (x.astype(own), eye(x.shape()[1], own));
            return vec![u, h.zeros_like(), Array::scalar(0), Array::scalar(true)];
        }
        let eps = finfo(wide).eps;
        let near = 5.0 * eps;
        let (one, inf) = (x.abs().sum(0).max(..), x.abs().sum(1).max(..));
        let size = one.sqrt() * inf.sqrt();
        let mut u = &x / where_(one.eq(0.0), 1.0, size).astype(wide);
        let mut left = Array::scalar(true);
        let mut count = 0;
        // The weights follow from a lower bound of the singular values.
        let mut low = eps;
        while low + near < 1.0 && count < max_iterations {
            count += 1;
            let squared = low * low;
            let d = (4.0 * (1.0 / squared - 1.0) / squared).cbrt();
            let root = (1.0 + d).sqrt();
            let a = root + (2.0 - d + 2.0 * (2.0 - squared) / (squared * root)).sqrt();
            let b = (a - 1.0).powi(2) / 4.0;
            let c = a + b - 1.0;
            low *= (a + b * squared) / (1.0 + c * squared);
            let next = step(&u, a, b, c);
            left = change(&u, &next).gt(near.cbrt());
            u = next;
        }
        let most = max_iterations;
        let start = [Array::constant_int(DType::I32, count as i64), u, left];
        let out = inner_while(
            &start,
            |s| s[0].lt(most) & &s[2],
            |s| {
                // The weights' limit is Halley's iteration itself.
                let next = step(&s[1], 3.0, 1.0, 3.0);
                let left = change(&s[1], &next).gt(near.cbrt());
                vec![&s[0] + 1, next, left]
            },
        );
        // A step of Newton and Schulz for the last digits.
        let u = &out[1] * 1.5 - out[1].matmul(adjoint(&out[1]).matmul(&out[1])) * 0.5;
        let h = adjoint(&u).matmul(&x);
        let h = (&h + adjoint(&h)) / 2.0;
        vec![u.astype(own), h.astype(own), out[0].clone(), out[2].logical_not()]
    });
    match <[Array; 4]>::try_from(outs) {
        Ok([u, h, num_iters, is_converged]) => Qdwh { u, h, num_iters, is_converged },
        Err(_) => unreachable!("the program has four results"),
    }
}

/// The Frobenius norm of a difference.
#[track_caller]
fn change(a: &Array, b: &Array) -> Array {
    (a - b).abs().square().sum(..).sqrt()
}

/// U (a + b UᴴU) (1 + c UᴴU)⁻¹: by a QR decomposition for large weights, otherwise by Cholesky's.
#[track_caller]
fn step(u: &Array, a: f64, b: f64, c: f64) -> Array {
    let (m, n) = (u.shape()[0], u.shape()[1]);
    let one = eye(n, u.dtype());
    if c > 100.0 {
        let (q, _) = qr(concatenate([&(u * c.sqrt()), &one], 0));
        let (upper, lower) = (q.slice_dim(0, 0, m), q.slice_dim(0, m, m + n));
        return u * (b / c) + upper.matmul(adjoint(&lower)) * ((a - b / c) / c.sqrt());
    }
    let l = cholesky(&(adjoint(u).matmul(u) * c + one));
    let forward = TriangularOptions::default();
    let back = TriangularOptions { transpose_a: true, conjugate_a: true, ..forward };
    let z = triangular_solve(&l, triangular_solve(&l, adjoint(u), forward), back);
    u * (b / c) + adjoint(&z) * (a - b / c)
}
