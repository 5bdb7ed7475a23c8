//! The logistic distribution. See [`stats`](super).

use super::together;
use crate::array::special::logit;
use crate::array::{Operand, logaddexp};
use crate::graph::Array;

/// The logarithm of the density. `jax.scipy.stats.logistic.logpdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpdf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    together("logistic.logpdf", x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        let half = (x - loc) / scale / 2.0;
        logaddexp(&half, -&half) * -2.0 - scale.log()
    })
}

/// The density. `jax.scipy.stats.logistic.pdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pdf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    logpdf(x, loc, scale).exp()
}

/// The probability of values up to `x`. `jax.scipy.stats.logistic.cdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn cdf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    together("logistic.cdf", x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        ((x - loc) / scale).sigmoid()
    })
}

/// The probability of values above `x`. `jax.scipy.stats.logistic.sf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn sf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    together("logistic.sf", x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        ((loc - x) / scale).sigmoid()
    })
}

/// The inverse of [`cdf`]. `jax.scipy.stats.logistic.ppf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn ppf(q: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    together("logistic.ppf", q, &[&loc, &scale], |args| {
        let [q, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        logit(q) * scale + loc
    })
}

/// The inverse of [`sf`]. `jax.scipy.stats.logistic.isf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn isf(q: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    together("logistic.isf", q, &[&loc, &scale], |args| {
        let [q, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        -logit(q) * scale + loc
    })
}
