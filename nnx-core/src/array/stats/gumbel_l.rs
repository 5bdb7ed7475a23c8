//! The Gumbel distribution of the smallest value. See [`stats`](super).

use super::together;
use crate::array::{Operand, where_};
use crate::graph::Array;

/// The logarithm of the density. `jax.scipy.stats.gumbel_l.logpdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::gumbel_l};
///
/// let y = gumbel_l::logpdf(Array::from([1.0_f32, 3.0]), 1.0, 2.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([-1.6931_f32, -2.4114]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpdf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("gumbel_l.logpdf", &x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        let z = (x - loc) / scale;
        right(scale, &z - z.exp() - scale.log())
    })
}

/// The density. `jax.scipy.stats.gumbel_l.pdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::gumbel_l};
///
/// let y = gumbel_l::pdf(Array::from([-1.0_f32, 0.0, 1.0]), 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.25465_f32, 0.36788, 0.17937]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pdf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    logpdf(x, loc, scale).exp()
}

/// The logarithm of [`cdf`]. `jax.scipy.stats.gumbel_l.logcdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::gumbel_l};
///
/// let y = gumbel_l::logcdf(Array::from([-30.0_f32, 0.0]), 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([-30.0_f32, -0.45868]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logcdf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("gumbel_l.logcdf", &x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        right(scale, (-(-((x - loc) / scale).exp()).expm1()).log())
    })
}

/// The probability of values up to `x`. `jax.scipy.stats.gumbel_l.cdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::gumbel_l};
///
/// let y = gumbel_l::cdf(Array::from([-1.0_f32, 0.0, 1.0]), 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.3078_f32, 0.63212, 0.93401]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn cdf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    logcdf(x, loc, scale).exp()
}

/// The logarithm of [`sf`]. `jax.scipy.stats.gumbel_l.logsf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::gumbel_l};
///
/// let y = gumbel_l::logsf(Array::from([0.0_f32, 1.0]), 0.0, 1.0); // −eˣ
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([-1.0_f32, -2.7183]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logsf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("gumbel_l.logsf", &x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        right(scale, -((x - loc) / scale).exp())
    })
}

/// The probability of values above `x`. `jax.scipy.stats.gumbel_l.sf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::gumbel_l};
///
/// let y = gumbel_l::sf(Array::from([-1.0_f32, 0.0, 1.0]), 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.6922_f32, 0.36788, 0.065988]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn sf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    logsf(x, loc, scale).exp()
}

/// The inverse of [`cdf`]; NaN at 0 and 1. `jax.scipy.stats.gumbel_l.ppf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::gumbel_l};
///
/// let x = gumbel_l::ppf(Array::from([0.25_f32, 0.75]), 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(x.allclose(Array::from([-1.2459_f32, 0.32663]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn ppf(q: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("gumbel_l.ppf", &q, &[&loc, &scale], |args| {
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
