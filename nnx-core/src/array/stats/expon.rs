//! The exponential distribution. See [`stats`](super).

use super::{or_impossible, or_nan, together};
use crate::array::{Operand, where_};
use crate::graph::Array;

/// The logarithm of the density. `jax.scipy.stats.expon.logpdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::expon};
///
/// // From 1 on, with the mean 2 above it: `scale` is 1 / rate.
/// let y = expon::logpdf(Array::from([0.0_f32, 1.0, 3.0]), 1.0, 2.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// let expected = Array::from([f32::NEG_INFINITY, -0.69315_f32, -1.6931]);
/// assert!(y.allclose(expected, near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpdf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("expon.logpdf", &x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        or_impossible(&!x.lt(loc), -((x - loc) / scale + scale.log()))
    })
}

/// The density. `jax.scipy.stats.expon.pdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::expon};
///
/// let y = expon::pdf(Array::from([-1.0_f32, 0.0, 1.0]), 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.0_f32, 1.0, 0.36788]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pdf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    logpdf(x, loc, scale).exp()
}

/// The probability of values up to `x`. `jax.scipy.stats.expon.cdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::expon};
///
/// let y = expon::cdf(Array::from([-1.0_f32, 0.0, 1.0]), 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.0_f32, 0.0, 0.63212]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn cdf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("expon.cdf", &x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        where_(x.lt(loc), 0.0, -((loc - x) / scale).expm1())
    })
}

/// The logarithm of [`cdf`]. `jax.scipy.stats.expon.logcdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::expon};
///
/// let y = expon::logcdf(Array::from([0.0_f32, 1.0]), 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([f32::NEG_INFINITY, -0.45868_f32]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logcdf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    (-sf(x, loc, scale)).log1p()
}

/// The logarithm of [`sf`]. `jax.scipy.stats.expon.logsf`.
///
/// ```
/// use nnx::{Array, stats::expon};
///
/// let y = expon::logsf(Array::from([-1.0_f32, 3.0, 400.0]), 0.0, 2.0);
/// assert_eq!(y.to_vec::<f32>(), [0.0, -1.5, -200.0]);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logsf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("expon.logsf", &x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        where_(x.lt(loc), 0.0, (loc - x) / scale)
    })
}

/// The probability of values above `x`. `jax.scipy.stats.expon.sf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::expon};
///
/// let y = expon::sf(Array::from([-1.0_f32, 1.0, 2.0]), 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([1.0_f32, 0.36788, 0.13534]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn sf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    logsf(x, loc, scale).exp()
}

/// The inverse of [`cdf`]. `jax.scipy.stats.expon.ppf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::expon};
///
/// let x = expon::ppf(Array::from([0.0_f32, 0.5, 1.0]), 0.0, 2.0); // the median is 2 log 2
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(x.allclose(Array::from([0.0_f32, 1.3863, f32::INFINITY]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn ppf(q: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("expon.ppf", &q, &[&loc, &scale], |args| {
        let [q, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        or_nan(q, loc - scale * (-q).log1p())
    })
}
