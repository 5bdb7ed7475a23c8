//! The logistic distribution. See [`stats`](super).

use super::together;
use crate::array::special::logit;
use crate::array::{Operand, logaddexp};
use crate::graph::Array;

/// The logarithm of the density. `jax.scipy.stats.logistic.logpdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::logistic};
///
/// let y = logistic::logpdf(Array::from([1.0_f32, 3.0]), 1.0, 2.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([-2.0794_f32, -2.3197]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpdf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("logistic.logpdf", &x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        let half = (x - loc) / scale / 2.0;
        logaddexp(&half, -&half) * -2.0 - scale.log()
    })
}

/// The density. `jax.scipy.stats.logistic.pdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::logistic};
///
/// let y = logistic::pdf(Array::from([0.0_f32, 1.0]), 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.25_f32, 0.19661]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pdf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    logpdf(x, loc, scale).exp()
}

/// The probability of values up to `x`. `jax.scipy.stats.logistic.cdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::logistic};
///
/// let y = logistic::cdf(Array::from([-1.0_f32, 0.0, 1.0]), 0.0, 1.0); // the sigmoid function
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.26894_f32, 0.5, 0.73106]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn cdf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("logistic.cdf", &x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        ((x - loc) / scale).sigmoid()
    })
}

/// The probability of values above `x`. `jax.scipy.stats.logistic.sf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::logistic};
///
/// let y = logistic::sf(Array::from([-1.0_f32, 0.0, 1.0]), 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.73106_f32, 0.5, 0.26894]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn sf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("logistic.sf", &x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        ((loc - x) / scale).sigmoid()
    })
}

/// The inverse of [`cdf`]. `jax.scipy.stats.logistic.ppf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::logistic};
///
/// let x = logistic::ppf(Array::from([0.5_f32, 0.75]), 1.0, 2.0); // 1 and 1 + 2 log 3
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(x.allclose(Array::from([1.0_f32, 3.1972]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn ppf(q: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("logistic.ppf", &q, &[&loc, &scale], |args| {
        let [q, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        logit(q) * scale + loc
    })
}

/// The inverse of [`sf`]. `jax.scipy.stats.logistic.isf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::logistic};
///
/// let x = logistic::isf(Array::from([0.5_f32, 0.75]), 1.0, 2.0); // 1 and 1 − 2 log 3
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(x.allclose(Array::from([1.0_f32, -1.1972]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn isf(q: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("logistic.isf", &q, &[&loc, &scale], |args| {
        let [q, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        -logit(q) * scale + loc
    })
}
