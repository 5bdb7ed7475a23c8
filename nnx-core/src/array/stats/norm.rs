//! The normal distribution. See [`stats`](super).

use super::together;
use crate::array::Operand;
use crate::array::special::{log_ndtr, ndtr, ndtri};
use crate::graph::Array;
use std::f64::consts::TAU;

/// The logarithm of the density. `jax.scipy.stats.norm.logpdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpdf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    together("norm.logpdf", x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        let variance = scale.square();
        ((&variance * TAU).log() + (x - loc).square() / &variance) / -2.0
    })
}

/// The density. `jax.scipy.stats.norm.pdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pdf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    logpdf(x, loc, scale).exp()
}

/// The probability of values up to `x`. `jax.scipy.stats.norm.cdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn cdf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    together("norm.cdf", x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        ndtr(&((x - loc) / scale))
    })
}

/// The logarithm of [`cdf`]. `jax.scipy.stats.norm.logcdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logcdf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    together("norm.logcdf", x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        log_ndtr(&((x - loc) / scale))
    })
}

/// The probability of values above `x`. `jax.scipy.stats.norm.sf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn sf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    together("norm.sf", x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        ndtr(&((loc - x) / scale))
    })
}

/// The logarithm of [`sf`]. `jax.scipy.stats.norm.logsf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logsf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    together("norm.logsf", x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        log_ndtr(&((loc - x) / scale))
    })
}

/// The inverse of [`cdf`]. `jax.scipy.stats.norm.ppf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn ppf(q: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    together("norm.ppf", q, &[&loc, &scale], |args| {
        let [q, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        ndtri(q) * scale + loc
    })
}

/// The inverse of [`sf`]. `jax.scipy.stats.norm.isf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn isf(q: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    together("norm.isf", q, &[&loc, &scale], |args| {
        let [q, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        ndtri(&(1.0 - q)) * scale + loc
    })
}
