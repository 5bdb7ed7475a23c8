//! The normal distribution of vectors. See [`stats`](super).

use super::at_least_f32;
use crate::array::linalg::{cholesky, solve_triangular};
use crate::array::{AsArray, invalid, one_program};
use crate::graph::Array;
use crate::value::promote_dtypes;
use std::f64::consts::TAU;

/// The logarithm of the density of the vectors along the last axis of `x`, with the mean `[.., n]` and the covariance
/// `[.., n, n]`; half floats are computed in f32. NaN if the covariance is not positive definite.
/// `jax.scipy.stats.multivariate_normal.logpdf` of vectors.
///
/// ```
/// use nnx::{Array, DType, array::{Tolerance, eye, zeros}, stats::multivariate_normal};
///
/// let x = Array::from([[0.0_f32, 0.0], [1.0, 2.0]]); // −log 2π, and 5/2 less
/// let log = multivariate_normal::logpdf(&x, &zeros([2], DType::F32), &eye(2, DType::F32));
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(log.allclose(Array::from([-1.8379_f32, -4.3379]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not fit, or for complex numbers.
#[track_caller]
pub fn logpdf(x: impl AsArray, mean: impl AsArray, cov: impl AsArray) -> Array {
    let (x, mean, cov) = (x.as_array(), mean.as_array(), cov.as_array());
    const OP: &str = "multivariate_normal.logpdf";
    let dtype = promote_dtypes(promote_dtypes(x.dtype(), mean.dtype()), cov.dtype());
    let n = mean.shape().last().copied().unwrap_or(0);
    let square = cov.rank() >= 2 && cov.shape()[cov.rank() - 2..] == [n, n];
    let batch = square.then(|| &cov.shape()[..cov.rank() - 1]);
    let met = crate::array::broadcast_shapes(x.shape(), mean.shape())
        .and_then(|shape| crate::array::broadcast_shapes(&shape, batch?));
    let (Some(shape), true) = (met, !dtype.is_complex() && n > 0 && x.shape().last() == Some(&n))
    else {
        let (x, mean, cov) = (x.aval(), mean.aval(), cov.aval());
        invalid(OP, format!("needs [.., n], [.., n] and [.., n, n], got {x}, {mean} and {cov}"))
    };
    let (wide, own) =
        (at_least_f32(dtype), if dtype.is_float() { dtype } else { at_least_f32(dtype) });
    one_program(OP, &[x.clone(), mean.clone(), cov.clone()], |args| {
        let [x, mean, cov] = [0, 1, 2].map(|i: usize| args[i].astype(wide));
        let factor = cholesky(&cov);
        let y = (x - mean).broadcast_to_dims(&shape);
        let matrices = [&shape[..], &[n]].concat();
        let columns = y.expand_dims(-1);
        let whole = factor.broadcast_to_dims(&matrices);
        let y = solve_triangular(&whole, &columns, true).squeeze(-1);
        let log_det = factor.diagonal(0, -2, -1).log().sum(-1);
        (y.square().sum(-1) * -0.5 - n as f64 / 2.0 * TAU.ln() - log_det).astype(own)
    })
}

/// The density. See [`logpdf`]. `jax.scipy.stats.multivariate_normal.pdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::multivariate_normal};
///
/// let x = Array::from([[0.0_f32, 0.0], [1.0, 2.0]]); // two vectors
/// let cov = Array::from([[1.0_f32, 0.5], [0.5, 2.0]]);
/// let y = multivariate_normal::pdf(&x, &Array::from([0.0_f32, 0.0]), &cov);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.12031_f32, 0.038368]), near).item::<bool>());
/// ```
///
/// # Panics
/// As [`logpdf`].
#[track_caller]
pub fn pdf(x: impl AsArray, mean: impl AsArray, cov: impl AsArray) -> Array {
    logpdf(x.as_array(), mean, cov).exp()
}
