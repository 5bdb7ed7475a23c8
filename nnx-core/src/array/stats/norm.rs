//! The normal distribution. See [`stats`](super).

use super::together;
use crate::array::Operand;
use crate::array::special::{log_ndtr, ndtr, ndtri};
use crate::graph::Array;
use std::f64::consts::TAU;

/// The logarithm of the density. `jax.scipy.stats.norm.logpdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::norm};
///
/// let x = Array::from([1.0_f32, 3.0]);
/// let y = norm::logpdf(&x, 1.0, 2.0); // the mean and the standard deviation
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([-1.6121_f32, -2.1121]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpdf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("norm.logpdf", &x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        let variance = scale.square();
        ((&variance * TAU).log() + (x - loc).square() / &variance) / -2.0
    })
}

/// The density. `jax.scipy.stats.norm.pdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::norm};
///
/// let y = norm::pdf(Array::from([0.0_f32, 1.0]), 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.39894_f32, 0.24197]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pdf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    logpdf(x, loc, scale).exp()
}

/// The probability of values up to `x`. `jax.scipy.stats.norm.cdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::norm};
///
/// let y = norm::cdf(Array::from([-1.0_f32, 0.0, 1.0]), 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.15866_f32, 0.5, 0.84134]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn cdf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("norm.cdf", &x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        ndtr(&((x - loc) / scale))
    })
}

/// The logarithm of [`cdf`]. `jax.scipy.stats.norm.logcdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::norm};
///
/// let y = norm::logcdf(Array::from([0.0_f32, -20.0]), 0.0, 1.0); // where `cdf` is 0 in f32
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([-0.69315_f32, -203.92]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logcdf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("norm.logcdf", &x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        log_ndtr(&((x - loc) / scale))
    })
}

/// The probability of values above `x`. `jax.scipy.stats.norm.sf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::norm};
///
/// let y = norm::sf(Array::from([-1.0_f32, 0.0, 4.0]), 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.84134_f32, 0.5, 3.1671e-5]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn sf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("norm.sf", &x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        ndtr(&((loc - x) / scale))
    })
}

/// The logarithm of [`sf`]. `jax.scipy.stats.norm.logsf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::norm};
///
/// let y = norm::logsf(Array::from([0.0_f32, 20.0]), 0.0, 1.0); // where `sf` is 0 in f32
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([-0.69315_f32, -203.92]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logsf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("norm.logsf", &x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        log_ndtr(&((loc - x) / scale))
    })
}

/// The inverse of [`cdf`]. `jax.scipy.stats.norm.ppf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::norm};
///
/// let x = norm::ppf(Array::from([0.025_f32, 0.975]), 1.0, 2.0); // 1 ± 1.96 · 2
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(x.allclose(Array::from([-2.9199_f32, 4.9199]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn ppf(q: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("norm.ppf", &q, &[&loc, &scale], |args| {
        let [q, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        ndtri(q) * scale + loc
    })
}

/// The inverse of [`sf`]. `jax.scipy.stats.norm.isf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::norm};
///
/// let x = norm::isf(Array::from([0.025_f32, 0.975]), 1.0, 2.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(x.allclose(Array::from([4.9199_f32, -2.9199]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn isf(q: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("norm.isf", &q, &[&loc, &scale], |args| {
        let [q, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        // Not of 1 − q, which loses the digits of a small q.
        loc - ndtri(q) * scale
    })
}
