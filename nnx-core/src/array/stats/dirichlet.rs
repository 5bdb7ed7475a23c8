//! The Dirichlet distribution over vectors of probabilities. See [`stats`](super).

use super::or_impossible;
use crate::array::special::xlogy;
use crate::array::{AsArray, concatenate, finfo, invalid, keepdims, one_program};
use crate::graph::Array;
use crate::value::promote_dtypes;

/// The logarithm of the density of the vectors along the first axis of `x`, of as many elements as `alpha`
/// or one less: then the last one is 1 less their sum. −∞ where the elements are not positive or their sum
/// is not 1, to 1e-6, or in f16 and bf16 to their rounding. `jax.scipy.stats.dirichlet.logpdf`, where the short dtypes
/// have no rounding to spare.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::dirichlet};
///
/// // Two vectors of three probabilities: one in each column. The second has not the sum 1.
/// let x = Array::from([[0.2_f32, 0.2], [0.3, 0.3], [0.5, 0.6]]);
/// let y = dirichlet::logpdf(&x, &Array::from([1.0_f32, 2.0, 3.0]));
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([1.5041_f32, f32::NEG_INFINITY]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if `alpha` is not a vector, `x` does not fit it, or for complex numbers.
#[track_caller]
pub fn logpdf(x: impl AsArray, alpha: impl AsArray) -> Array {
    let (x, alpha) = (x.as_array(), alpha.as_array());
    const OP: &str = "dirichlet.logpdf";
    let dtype = promote_dtypes(x.dtype(), alpha.dtype());
    let dtype = dtype.inexact();
    let n = alpha.size();
    let rows = x.shape().first().copied().unwrap_or(0);
    if alpha.rank() != 1
        || n == 0
        || !(rows == n || rows + 1 == n)
        || dtype.is_complex()
        || x.rank() == 0
    {
        let (x, alpha) = (x.aval(), alpha.aval());
        invalid(
            OP,
            format!("needs vectors along the first axis that fit alpha, got {x} and {alpha}"),
        );
    }
    one_program(OP, &[x.clone(), alpha.clone()], |args| {
        let (mut x, alpha) = (args[0].astype(dtype), args[1].astype(dtype));
        if rows != n {
            x = concatenate([&x, &(1.0 - x.sum(keepdims(0)))], 0);
        }
        let normalizer = alpha.lgamma().sum(0) - alpha.sum(0).lgamma();
        let mut shape = vec![1; x.rank()];
        shape[0] = n;
        let log = xlogy(&(alpha.reshape(shape) - 1.0), &x).sum(0) - normalizer;
        // Numbers that were divided by their sum are each rounded once.
        let close = if dtype.size() < 4 { n as f64 * finfo(dtype).eps } else { 1e-6 };
        let inside = x.gt(0.0).all(0) & (x.to_wide().sum(0) - 1.0).abs().lt(close);
        or_impossible(&inside, log)
    })
}

/// The density. See [`logpdf`]. `jax.scipy.stats.dirichlet.pdf`.
///
/// ```
/// use nnx::{Array, stats::dirichlet};
///
/// // The last probability, 0.5, may be left out.
/// let y = dirichlet::pdf(Array::from([0.2_f32, 0.3]), &Array::from([1.0_f32, 2.0, 3.0]));
/// assert!((y.item::<f32>() - 4.5).abs() < 1e-3);
/// ```
///
/// # Panics
/// As [`logpdf`].
#[track_caller]
pub fn pdf(x: impl AsArray, alpha: impl AsArray) -> Array {
    logpdf(x.as_array(), alpha).exp()
}
