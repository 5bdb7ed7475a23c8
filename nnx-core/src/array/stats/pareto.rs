//! The Pareto distribution with the exponent `b`. See [`stats`](super).

use super::{or_impossible, or_nan, together};
use crate::array::{Operand, where_};
use crate::graph::Array;

/// The logarithm of the density. `jax.scipy.stats.pareto.logpdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpdf(x: &Array, b: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("pareto.logpdf", x, &[&b, &loc, &scale], |args| {
        let [x, b, loc, scale] = [0, 1, 2, 3].map(|i: usize| &args[i]);
        let log = -((scale / b).log() + (b + 1.0) * ((x - loc) / scale).log());
        or_impossible(&!x.lt(loc + scale), log)
    })
}

/// The density. `jax.scipy.stats.pareto.pdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pdf(x: &Array, b: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    logpdf(x, b, loc, scale).exp()
}

/// The probability of values up to `x`. `jax.scipy.stats.pareto.cdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn cdf(x: &Array, b: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("pareto.cdf", x, &[&b, &loc, &scale], |args| {
        let [x, b, loc, scale] = [0, 1, 2, 3].map(|i: usize| &args[i]);
        where_(x.lt(loc + scale), 0.0, 1.0 - ((x - loc) / scale).pow(-b))
    })
}

/// The logarithm of [`cdf`]. `jax.scipy.stats.pareto.logcdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logcdf(x: &Array, b: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("pareto.logcdf", x, &[&b, &loc, &scale], |args| {
        let [x, b, loc, scale] = [0, 1, 2, 3].map(|i: usize| &args[i]);
        or_impossible(&!x.lt(loc + scale), (-((x - loc) / scale).pow(-b)).log1p())
    })
}

/// The logarithm of [`sf`]. `jax.scipy.stats.pareto.logsf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logsf(x: &Array, b: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("pareto.logsf", x, &[&b, &loc, &scale], |args| {
        let [x, b, loc, scale] = [0, 1, 2, 3].map(|i: usize| &args[i]);
        where_(x.lt(loc + scale), 0.0, -(b * ((x - loc) / scale).log()))
    })
}

/// The probability of values above `x`. `jax.scipy.stats.pareto.sf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn sf(x: &Array, b: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    logsf(x, b, loc, scale).exp()
}

/// The inverse of [`cdf`]. `jax.scipy.stats.pareto.ppf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn ppf(q: &Array, b: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("pareto.ppf", q, &[&b, &loc, &scale], |args| {
        let [q, b, loc, scale] = [0, 1, 2, 3].map(|i: usize| &args[i]);
        or_nan(q, loc + scale * (1.0 - q).pow(-(1.0 / b)))
    })
}
