//! The Poisson distribution with the mean `mu`. See [`stats`](super).

use super::{or_impossible, together};
use crate::array::special::{gammaincc, xlogy};
use crate::array::{Operand, where_};
use crate::graph::Array;

/// The logarithm of the probability. `jax.scipy.stats.poisson.logpmf`.
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
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pmf(k: &Array, mu: impl Operand, loc: impl Operand) -> Array {
    logpmf(k, mu, loc).exp()
}

/// The probability of values up to `k`. `jax.scipy.stats.poisson.cdf`.
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
