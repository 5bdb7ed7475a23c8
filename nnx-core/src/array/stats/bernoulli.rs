//! The Bernoulli distribution: 1 with the probability `p`, else 0. See [`stats`](super).

use super::{or_impossible, together};
use crate::array::special::{xlog1py, xlogy};
use crate::array::{Operand, where_};
use crate::graph::Array;

/// The logarithm of the probability. `jax.scipy.stats.bernoulli.logpmf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::bernoulli};
///
/// // log 0.75 and log 0.25; 2 cannot be.
/// let y = bernoulli::logpmf(Array::from([0, 1, 2]), 0.25, 0.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// let expected = Array::from([-0.28768_f32, -1.3863, f32::NEG_INFINITY]);
/// assert!(y.allclose(expected, near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpmf(k: impl Operand, p: impl Operand, loc: impl Operand) -> Array {
    together("bernoulli.logpmf", &k, &[&p, &loc], |args| {
        let [k, p, loc] = [0, 1, 2].map(|i: usize| &args[i]);
        let k = k - loc;
        let log = xlogy(&k, p) + xlog1py(&(1.0 - &k), -p);
        or_impossible(&!(k.lt(0.0) | k.gt(1.0)), log)
    })
}

/// The probability. `jax.scipy.stats.bernoulli.pmf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::bernoulli};
///
/// let y = bernoulli::pmf(Array::from([0, 1, 2]), 0.25, 0.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.75_f32, 0.25, 0.0]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pmf(k: impl Operand, p: impl Operand, loc: impl Operand) -> Array {
    logpmf(k, p, loc).exp()
}

/// The probability of values up to `k`. `jax.scipy.stats.bernoulli.cdf`.
///
/// ```
/// use nnx::{Array, stats::bernoulli};
///
/// let y = bernoulli::cdf(Array::from([-1.0_f32, 0.0, 0.5, 1.0]), 0.25);
/// assert_eq!(y.to_vec::<f32>(), [0.0, 0.75, 0.75, 1.0]);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn cdf(k: impl Operand, p: impl Operand) -> Array {
    together("bernoulli.cdf", &k, &[&p], |args| {
        let [k, p] = [0, 1].map(|i: usize| &args[i]);
        let known = where_(k.ge(1.0), 1.0, 1.0 - p);
        let wrong = k.is_nan() | p.is_nan() | p.lt(0.0) | p.gt(1.0);
        where_(&wrong, f64::NAN, where_(k.lt(0.0), 0.0, known))
    })
}

/// The inverse of [`cdf`]. `jax.scipy.stats.bernoulli.ppf`.
///
/// ```
/// use nnx::{Array, stats::bernoulli};
///
/// let k = bernoulli::ppf(Array::from([0.5_f32, 0.75, 0.8]), 0.25);
/// assert_eq!(k.to_vec::<f32>(), [0.0, 0.0, 1.0]);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn ppf(q: impl Operand, p: impl Operand) -> Array {
    together("bernoulli.ppf", &q, &[&p], |args| {
        let [q, p] = [0, 1].map(|i: usize| &args[i]);
        let right = q.ge(0.0) & q.le(1.0) & p.ge(0.0) & p.le(1.0);
        let value = where_(q.le(1.0 - p), q.zeros_like(), 1.0);
        where_(&right, value, f64::NAN)
    })
}
