//! The Cauchy distribution. See [`stats`](super).

use super::together;
use crate::array::Operand;
use crate::graph::Array;
use std::f64::consts::{FRAC_PI_2, PI};

/// The probability that a standard variable lies above `z`, by an angle that loses nothing for great ones:
/// π / 2 − atan z cancels.
#[track_caller]
fn above(z: &Array) -> Array {
    z.ones_like().atan2(z) / PI
}

/// The logarithm of the density. `jax.scipy.stats.cauchy.logpdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::cauchy};
///
/// let y = cauchy::logpdf(Array::from([1.0_f32, 3.0]), 1.0, 2.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([-1.8379_f32, -2.531]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpdf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("cauchy.logpdf", &x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        let t = (x - loc) / scale;
        -((scale * PI).log() + t.square().log1p())
    })
}

/// The density. `jax.scipy.stats.cauchy.pdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::cauchy};
///
/// let y = cauchy::pdf(Array::from([0.0_f32, 1.0]), 0.0, 1.0); // 1/π and half of that
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.31831_f32, 0.15915]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pdf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    logpdf(x, loc, scale).exp()
}

/// The probability of values up to `x`. `jax.scipy.stats.cauchy.cdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::cauchy};
///
/// let y = cauchy::cdf(Array::from([-1.0_f32, 0.0, 1.0]), 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.25_f32, 0.5, 0.75]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn cdf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("cauchy.cdf", &x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        above(&((loc - x) / scale))
    })
}

/// The logarithm of [`cdf`]. `jax.scipy.stats.cauchy.logcdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::cauchy};
///
/// let y = cauchy::logcdf(Array::from([0.0_f32, 1.0]), 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([-0.69315_f32, -0.28768]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logcdf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    cdf(x, loc, scale).log()
}

/// The probability of values above `x`. `jax.scipy.stats.cauchy.sf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::cauchy};
///
/// let y = cauchy::sf(Array::from([-1.0_f32, 0.0, 1.0]), 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.75_f32, 0.5, 0.25]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn sf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("cauchy.sf", &x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        above(&((x - loc) / scale))
    })
}

/// The logarithm of [`sf`]. `jax.scipy.stats.cauchy.logsf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::cauchy};
///
/// let y = cauchy::logsf(Array::from([0.0_f32, 1.0]), 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([-0.69315_f32, -1.3863]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logsf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    sf(x, loc, scale).log()
}

/// The inverse of [`cdf`]. `jax.scipy.stats.cauchy.ppf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::cauchy};
///
/// // The quartiles are `scale` from `loc`.
/// let x = cauchy::ppf(Array::from([0.25_f32, 0.75]), 1.0, 2.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(x.allclose(Array::from([-1.0_f32, 3.0]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn ppf(q: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("cauchy.ppf", &q, &[&loc, &scale], |args| {
        let [q, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        (q * PI - FRAC_PI_2).tan() * scale + loc
    })
}

/// The inverse of [`sf`]. `jax.scipy.stats.cauchy.isf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::cauchy};
///
/// let x = cauchy::isf(Array::from([0.25_f32, 0.75]), 1.0, 2.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(x.allclose(Array::from([3.0_f32, -1.0]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn isf(q: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("cauchy.isf", &q, &[&loc, &scale], |args| {
        let [q, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        (FRAC_PI_2 - q * PI).tan() * scale + loc
    })
}
