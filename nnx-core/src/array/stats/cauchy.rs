//! The Cauchy distribution. See [`stats`](super).

use super::together;
use crate::array::Operand;
use crate::graph::Array;
use std::f64::consts::{FRAC_PI_2, PI};

/// The logarithm of the density. `jax.scipy.stats.cauchy.logpdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpdf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    together("cauchy.logpdf", x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        let t = (x - loc) / scale;
        -((scale * PI).log() + t.square().log1p())
    })
}

/// The density. `jax.scipy.stats.cauchy.pdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pdf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    logpdf(x, loc, scale).exp()
}

/// The probability of values up to `x`. `jax.scipy.stats.cauchy.cdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn cdf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    together("cauchy.cdf", x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        (((x - loc) / scale).atan() + FRAC_PI_2) / PI
    })
}

/// The logarithm of [`cdf`]. `jax.scipy.stats.cauchy.logcdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logcdf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    cdf(x, loc, scale).log()
}

/// The probability of values above `x`. `jax.scipy.stats.cauchy.sf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn sf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    together("cauchy.sf", x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        (((loc - x) / scale).atan() + FRAC_PI_2) / PI
    })
}

/// The logarithm of [`sf`]. `jax.scipy.stats.cauchy.logsf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logsf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    sf(x, loc, scale).log()
}

/// The inverse of [`cdf`]. `jax.scipy.stats.cauchy.ppf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn ppf(q: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    together("cauchy.ppf", q, &[&loc, &scale], |args| {
        let [q, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        (q * PI - FRAC_PI_2).tan() * scale + loc
    })
}

/// The inverse of [`sf`]. `jax.scipy.stats.cauchy.isf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn isf(q: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    together("cauchy.isf", q, &[&loc, &scale], |args| {
        let [q, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        (FRAC_PI_2 - q * PI).tan() * scale + loc
    })
}
