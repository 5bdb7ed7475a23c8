//! The exponential distribution. See [`stats`](super).

use super::{or_impossible, or_nan, together};
use crate::array::{Operand, where_};
use crate::graph::Array;

/// The logarithm of the density. `jax.scipy.stats.expon.logpdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpdf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    together("expon.logpdf", x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        or_impossible(&!x.lt(loc), -((x - loc) / scale + scale.log()))
    })
}

/// The density. `jax.scipy.stats.expon.pdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pdf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    logpdf(x, loc, scale).exp()
}

/// The probability of values up to `x`. `jax.scipy.stats.expon.cdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn cdf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    together("expon.cdf", x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        where_(x.lt(loc), 0.0, -((loc - x) / scale).expm1())
    })
}

/// The logarithm of [`cdf`]. `jax.scipy.stats.expon.logcdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logcdf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    (-sf(x, loc, scale)).log1p()
}

/// The logarithm of [`sf`]. `jax.scipy.stats.expon.logsf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logsf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    together("expon.logsf", x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        where_(x.lt(loc), 0.0, (loc - x) / scale)
    })
}

/// The probability of values above `x`. `jax.scipy.stats.expon.sf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn sf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    logsf(x, loc, scale).exp()
}

/// The inverse of [`cdf`]. `jax.scipy.stats.expon.ppf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn ppf(q: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    together("expon.ppf", q, &[&loc, &scale], |args| {
        let [q, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        or_nan(q, loc - scale * (-q).log1p())
    })
}
