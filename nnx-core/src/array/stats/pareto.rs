//! The Pareto distribution with the exponent `b`. See [`stats`](super).

use super::{or_impossible, or_nan, together};
use crate::array::{Operand, where_};
use crate::graph::Array;

/// The logarithm of the density. `jax.scipy.stats.pareto.logpdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::pareto};
///
/// // It begins at `loc + scale`: no density at 1.
/// let y = pareto::logpdf(Array::from([1.0_f32, 3.0]), 3.0, 0.0, 2.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([f32::NEG_INFINITY, -1.2164_f32]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpdf(x: impl Operand, b: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("pareto.logpdf", &x, &[&b, &loc, &scale], |args| {
        let [x, b, loc, scale] = [0, 1, 2, 3].map(|i: usize| &args[i]);
        let log = -((scale / b).log() + (b + 1.0) * ((x - loc) / scale).log());
        or_impossible(&!x.lt(loc + scale), log)
    })
}

/// The density. `jax.scipy.stats.pareto.pdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::pareto};
///
/// let y = pareto::pdf(Array::from([0.5_f32, 1.0, 2.0]), 3.0, 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.0_f32, 3.0, 0.1875]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pdf(x: impl Operand, b: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    logpdf(x, b, loc, scale).exp()
}

/// The probability of values up to `x`. `jax.scipy.stats.pareto.cdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::pareto};
///
/// let y = pareto::cdf(Array::from([0.5_f32, 1.0, 2.0]), 3.0, 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.0_f32, 0.0, 0.875]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn cdf(x: impl Operand, b: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("pareto.cdf", &x, &[&b, &loc, &scale], |args| {
        let [x, b, loc, scale] = [0, 1, 2, 3].map(|i: usize| &args[i]);
        where_(x.lt(loc + scale), 0.0, 1.0 - ((x - loc) / scale).pow(-b))
    })
}

/// The logarithm of [`cdf`]. `jax.scipy.stats.pareto.logcdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::pareto};
///
/// let y = pareto::logcdf(Array::from([0.5_f32, 2.0]), 3.0, 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([f32::NEG_INFINITY, -0.13353_f32]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logcdf(x: impl Operand, b: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("pareto.logcdf", &x, &[&b, &loc, &scale], |args| {
        let [x, b, loc, scale] = [0, 1, 2, 3].map(|i: usize| &args[i]);
        or_impossible(&!x.lt(loc + scale), (-((x - loc) / scale).pow(-b)).log1p())
    })
}

/// The logarithm of [`sf`]. `jax.scipy.stats.pareto.logsf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::pareto};
///
/// let y = pareto::logsf(Array::from([0.5_f32, 2.0]), 3.0, 0.0, 1.0); // −3 log x
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.0_f32, -2.0794]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logsf(x: impl Operand, b: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("pareto.logsf", &x, &[&b, &loc, &scale], |args| {
        let [x, b, loc, scale] = [0, 1, 2, 3].map(|i: usize| &args[i]);
        where_(x.lt(loc + scale), 0.0, -(b * ((x - loc) / scale).log()))
    })
}

/// The probability of values above `x`. `jax.scipy.stats.pareto.sf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::pareto};
///
/// let y = pareto::sf(Array::from([0.5_f32, 1.0, 2.0]), 3.0, 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([1.0_f32, 1.0, 0.125]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn sf(x: impl Operand, b: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    logsf(x, b, loc, scale).exp()
}

/// The inverse of [`cdf`]. `jax.scipy.stats.pareto.ppf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::pareto};
///
/// let x = pareto::ppf(Array::from([0.0_f32, 0.875]), 3.0, 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(x.allclose(Array::from([1.0_f32, 2.0]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn ppf(q: impl Operand, b: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("pareto.ppf", &q, &[&b, &loc, &scale], |args| {
        let [q, b, loc, scale] = [0, 1, 2, 3].map(|i: usize| &args[i]);
        or_nan(q, loc + scale * (1.0 - q).pow(-(1.0 / b)))
    })
}
