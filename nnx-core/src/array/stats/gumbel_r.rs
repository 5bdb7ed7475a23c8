//! The Gumbel distribution of the largest value. See [`stats`](super).

use super::together;
use crate::array::{Operand, where_};
use crate::graph::Array;

/// The logarithm of the density. `jax.scipy.stats.gumbel_r.logpdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::gumbel_r};
///
/// let y = gumbel_r::logpdf(Array::from([1.0_f32, 3.0]), 1.0, 2.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([-1.6931_f32, -2.061]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpdf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("gumbel_r.logpdf", &x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        let z = (x - loc) / scale;
        right(scale, -scale.log() - (&z + (-&z).exp()))
    })
}

/// The density. `jax.scipy.stats.gumbel_r.pdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::gumbel_r};
///
/// let y = gumbel_r::pdf(Array::from([-1.0_f32, 0.0, 1.0]), 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.17937_f32, 0.36788, 0.25465]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pdf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    logpdf(x, loc, scale).exp()
}

/// The logarithm of [`cdf`]. `jax.scipy.stats.gumbel_r.logcdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::gumbel_r};
///
/// let y = gumbel_r::logcdf(Array::from([0.0_f32, -1.0]), 0.0, 1.0); // −e⁻ˣ
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([-1.0_f32, -2.7183]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logcdf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("gumbel_r.logcdf", &x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        right(scale, -((loc - x) / scale).exp())
    })
}

/// The probability of values up to `x`. `jax.scipy.stats.gumbel_r.cdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::gumbel_r};
///
/// let y = gumbel_r::cdf(Array::from([-1.0_f32, 0.0, 1.0]), 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.065988_f32, 0.36788, 0.6922]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn cdf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    logcdf(x, loc, scale).exp()
}

/// The probability of values above `x`. `jax.scipy.stats.gumbel_r.sf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::gumbel_r};
///
/// let y = gumbel_r::sf(Array::from([-1.0_f32, 0.0, 1.0]), 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.93401_f32, 0.63212, 0.3078]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn sf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("gumbel_r.sf", &x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        right(scale, 1.0 - (-((loc - x) / scale).exp()).exp())
    })
}

/// The logarithm of [`sf`]. `jax.scipy.stats.gumbel_r.logsf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::gumbel_r};
///
/// let y = gumbel_r::logsf(Array::from([0.0_f32, 30.0]), 0.0, 1.0); // about −x in the tail
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([-0.45868_f32, -30.0]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logsf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("gumbel_r.logsf", &x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        right(scale, log1mexp(&((loc - x) / scale).exp()))
    })
}

/// The inverse of [`cdf`]; NaN at 0 and 1. `jax.scipy.stats.gumbel_r.ppf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::gumbel_r};
///
/// let x = gumbel_r::ppf(Array::from([0.25_f32, 0.75]), 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(x.allclose(Array::from([-0.32663_f32, 1.2459]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn ppf(q: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("gumbel_r.ppf", &q, &[&loc, &scale], |args| {
        let [q, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        let value = loc - scale * (-q.log()).log();
        where_(&(q.gt(0.0) & q.lt(1.0)), value, f64::NAN)
    })
}

/// `y` where the scale is positive, NaN elsewhere.
#[track_caller]
fn right(scale: &Array, y: Array) -> Array {
    where_(scale.gt(0.0), y, f64::NAN)
}

/// log(1 − e⁻ˣ) for x > 0, by whichever form is exact.
#[track_caller]
fn log1mexp(x: &Array) -> Array {
    let small = x.lt(std::f64::consts::LN_2);
    where_(&small, (-(-x).expm1()).log(), (-(-x).exp()).log1p())
}
