//! The gamma distribution with the shape `a`. See [`stats`](super).

use super::{or_impossible, together};
use crate::array::special::{gammainc, gammaincc, xlogy};
use crate::array::{Operand, where_};
use crate::graph::Array;

/// The logarithm of the density. `jax.scipy.stats.gamma.logpdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpdf(x: &Array, a: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("gamma.logpdf", x, &[&a, &loc, &scale], |args| {
        let [x, a, loc, scale] = [0, 1, 2, 3].map(|i: usize| &args[i]);
        let inside = x.ge(loc);
        let y = where_(&inside, (x - loc) / scale, 1.0);
        let log = xlogy(&(a - 1.0), &y) - &y - (a.lgamma() + scale.log());
        or_impossible(&inside, log)
    })
}

/// The density. `jax.scipy.stats.gamma.pdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pdf(x: &Array, a: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    logpdf(x, a, loc, scale).exp()
}

/// The probability of values up to `x`. `jax.scipy.stats.gamma.cdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn cdf(x: &Array, a: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("gamma.cdf", x, &[&a, &loc, &scale], |args| {
        let [x, a, loc, scale] = [0, 1, 2, 3].map(|i: usize| &args[i]);
        gammainc(a, ((x - loc) / scale).maximum(0.0))
    })
}

/// The logarithm of [`cdf`]. `jax.scipy.stats.gamma.logcdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logcdf(x: &Array, a: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    cdf(x, a, loc, scale).log()
}

/// The probability of values above `x`. `jax.scipy.stats.gamma.sf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn sf(x: &Array, a: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("gamma.sf", x, &[&a, &loc, &scale], |args| {
        let [x, a, loc, scale] = [0, 1, 2, 3].map(|i: usize| &args[i]);
        let y = (x - loc) / scale;
        where_(y.lt(0.0), 1.0, gammaincc(a, &y))
    })
}

/// The logarithm of [`sf`]. `jax.scipy.stats.gamma.logsf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logsf(x: &Array, a: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    sf(x, a, loc, scale).log()
}
