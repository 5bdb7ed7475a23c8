//! The Poisson distribution with the mean `mu`. See [`stats`](super).

use super::{or_impossible, together};
use crate::array::special::{gammaincc, xlogy};
use crate::array::{Operand, where_};
use crate::graph::Array;

/// The logarithm of the probability. `jax.scipy.stats.poisson.logpmf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::poisson};
///
/// let y = poisson::logpmf(&Array::from([0.0_f32, 3.0, 0.5]), 2.0, 0.0); // 0.5 is not a count
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([-2.0_f32, -1.7123, f32::NEG_INFINITY]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpmf(k: &Array, mu: impl Operand, loc: impl Operand) -> Array {
    together("poisson.logpmf", k, &[&mu, &loc], |args| {
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
/// let y = poisson::pmf(&Array::from([0, 1, 2]), 2.0, 0.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.13534_f32, 0.27067, 0.27067]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pmf(k: &Array, mu: impl Operand, loc: impl Operand) -> Array {
    logpmf(k, mu, loc).exp()
}

/// The probability of values up to `k`. `jax.scipy.stats.poisson.cdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::poisson};
///
/// let y = poisson::cdf(&Array::from([-1, 0, 1, 2]), 2.0, 0.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.0_f32, 0.13534, 0.40601, 0.67668]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn cdf(k: &Array, mu: impl Operand, loc: impl Operand) -> Array {
    together("poisson.cdf", k, &[&mu, &loc], |args| {
        let [k, mu, loc] = [0, 1, 2].map(|i: usize| &args[i]);
        let n = k - loc;
        where_(n.lt(0.0), 0.0, gammaincc(&(&n + 1.0).floor(), mu))
    })
}
