//! The Poisson distribution with the mean `mu`. See [`stats`](super).

use super::{at_least_f32, or_impossible, together};
use crate::array::special::{gammaincc, xlogy};
use crate::array::{Operand, iota, where_};
use crate::graph::Array;
use std::f64::consts::{E, TAU};

/// The logarithm of the probability. `jax.scipy.stats.poisson.logpmf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::poisson};
///
/// let y = poisson::logpmf(Array::from([0.0_f32, 3.0, 0.5]), 2.0, 0.0); // 0.5 is not a count
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([-2.0_f32, -1.7123, f32::NEG_INFINITY]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpmf(k: impl Operand, mu: impl Operand, loc: impl Operand) -> Array {
    together("poisson.logpmf", &k, &[&mu, &loc], |args| {
        let [k, mu, loc] = [0, 1, 2].map(|i: usize| &args[i]);
        let n = k - loc;
        let log = xlogy(&n, mu) - (&n + 1.0).lgamma() - mu;
        or_impossible(&!(n.lt(0.0) | k.round().ne(k)), log)
    })
}

/// The probability. `jax.scipy.stats.poisson.pmf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::poisson};
///
/// let y = poisson::pmf(Array::from([0, 1, 2]), 2.0, 0.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.13534_f32, 0.27067, 0.27067]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pmf(k: impl Operand, mu: impl Operand, loc: impl Operand) -> Array {
    logpmf(k, mu, loc).exp()
}

/// The probability of values up to `k`. `jax.scipy.stats.poisson.cdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::poisson};
///
/// let y = poisson::cdf(Array::from([-1, 0, 1, 2]), 2.0, 0.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.0_f32, 0.13534, 0.40601, 0.67668]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn cdf(k: impl Operand, mu: impl Operand, loc: impl Operand) -> Array {
    together("poisson.cdf", &k, &[&mu, &loc], |args| {
        let [k, mu, loc] = [0, 1, 2].map(|i: usize| &args[i]);
        let n = k - loc;
        where_(n.lt(0.0), 0.0, gammaincc((&n + 1.0).floor(), mu))
    })
}

/// The entropy −Σ p log p in nats, which `loc` does not change; NaN for negative `mu`.
/// `jax.scipy.stats.poisson.entropy` (default `loc` 0).
///
/// Below a mean of 100 the sum itself, above Stirling's series ½ log 2πeμ − 1/12μ − 1/24μ² − 19/360μ³.
///
/// ```
/// use nnx::{Array, stats::poisson};
/// assert!((poisson::entropy(Array::scalar(5.0), 0).item::<f64>() - 2.204_395_243_428_367).abs() < 1e-12);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn entropy(mu: impl Operand, loc: impl Operand) -> Array {
    // Fifteen standard deviations above the largest mean.
    const TERMS: usize = 250;
    const LARGE: f64 = 100.0;
    together("poisson.entropy", &mu, &[&loc], |args| {
        let own = args[0].dtype();
        let mu = args[0].astype(at_least_f32(own));
        let inside = mu.gt(0.0) & mu.lt(LARGE);
        let small = where_(&inside, &mu, 1.0).expand_dims(-1);
        let k = iota([TERMS], mu.dtype(), 0);
        let log = &k * small.log() - small - (&k + 1.0).lgamma();
        let sum = -(log.exp() * log).sum(-1);
        let large = where_(mu.ge(LARGE), &mu, LARGE);
        let inverse = 1.0 / &large;
        let series = ((&inverse * (19.0 / 360.0) + 1.0 / 24.0) * &inverse + 1.0 / 12.0) * inverse;
        let value = where_(&inside, sum, (large * (TAU * E)).log() * 0.5 - series);
        let value = where_(mu.eq(0.0), 0.0, value);
        where_(mu.ge(0.0), value, f64::NAN).astype(own)
    })
}
