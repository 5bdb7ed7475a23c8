//! The Gumbel distribution of the smallest value. See [`stats`](super).

use super::together;
use crate::array::{Operand, where_};
use crate::graph::Array;

/// The logarithm of the density. `jax.scipy.stats.gumbel_l.logpdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpdf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    together("gumbel_l.logpdf", x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        let z = (x - loc) / scale;
        right(scale, &z - z.exp() - scale.log())
    })
}

/// The density. `jax.scipy.stats.gumbel_l.pdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pdf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    logpdf(x, loc, scale).exp()
}

/// The logarithm of [`cdf`]. `jax.scipy.stats.gumbel_l.logcdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logcdf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    together("gumbel_l.logcdf", x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        right(scale, (-(-((x - loc) / scale).exp()).expm1()).log())
    })
}

/// The probability of values up to `x`. `jax.scipy.stats.gumbel_l.cdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn cdf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    logcdf(x, loc, scale).exp()
}

/// The logarithm of [`sf`]. `jax.scipy.stats.gumbel_l.logsf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logsf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    together("gumbel_l.logsf", x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        right(scale, -((x - loc) / scale).exp())
    })
}

/// The probability of values above `x`. `jax.scipy.stats.gumbel_l.sf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn sf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    logsf(x, loc, scale).exp()
}

/// The inverse of [`cdf`]; NaN at 0 and 1. `jax.scipy.stats.gumbel_l.ppf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn ppf(q: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    together("gumbel_l.ppf", q, &[&loc, &scale], |args| {
        let [q, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        let value = loc + scale * (-(-q).log1p()).log();
        where_(&(q.gt(0.0) & q.lt(1.0)), value, f64::NAN)
    })
}

/// `y` where the scale is positive, NaN elsewhere.
#[track_caller]
fn right(scale: &Array, y: Array) -> Array {
    where_(scale.gt(0.0), y, f64::NAN)
}
