//! The χ² distribution with `df` degrees of freedom. See [`stats`](super).

use super::{clamp, or_impossible, together};
use crate::array::Operand;
use crate::array::special::{gammainc, gammaincc};
use crate::graph::Array;
use std::f64::consts::LN_2;

/// The logarithm of the density. `jax.scipy.stats.chi2.logpdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::chi2};
///
/// let y = chi2::logpdf(Array::from([1.0_f32, -1.0]), 3, 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([-1.4189_f32, f32::NEG_INFINITY]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpdf(x: impl Operand, df: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("chi2.logpdf", &x, &[&df, &loc, &scale], |args| {
        let [x, df, loc, scale] = [0, 1, 2, 3].map(|i: usize| &args[i]);
        let (y, half) = ((x - loc) / scale, df / 2.0);
        let kernel = (&half - 1.0) * y.log() - &y / 2.0;
        let normalizer = half.lgamma() + &half * LN_2 + scale.log();
        or_impossible(&!x.lt(loc), kernel - normalizer)
    })
}

/// The density. `jax.scipy.stats.chi2.pdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::chi2};
///
/// let y = chi2::pdf(Array::from([1.0_f32, 2.0]), 3, 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.24197_f32, 0.20755]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pdf(x: impl Operand, df: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    logpdf(x, df, loc, scale).exp()
}

/// The probability of values up to `x`. `jax.scipy.stats.chi2.cdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::chi2};
///
/// // With two degrees of freedom 1 − exp(−x/2).
/// let y = chi2::cdf(Array::from([0.0_f32, 2.0]), 2, 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.0_f32, 0.63212]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn cdf(x: impl Operand, df: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("chi2.cdf", &x, &[&df, &loc, &scale], |args| {
        let [x, df, loc, scale] = [0, 1, 2, 3].map(|i: usize| &args[i]);
        gammainc(&(df / 2.0), clamp(&((x - loc) / (scale * 2.0)), 0.0, f64::INFINITY))
    })
}

/// The logarithm of [`cdf`]. `jax.scipy.stats.chi2.logcdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::chi2};
///
/// let y = chi2::logcdf(Array::from([1.0_f32, 2.0]), 3, 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([-1.6157_f32, -0.84958]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logcdf(x: impl Operand, df: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    cdf(x, df, loc, scale).log()
}

/// The probability of values above `x`. `jax.scipy.stats.chi2.sf`.
///
/// ```
/// use nnx::{Array, stats::chi2};
///
/// // How likely a test statistic of 3.84 or more is with one degree of freedom.
/// let p = chi2::sf(Array::scalar(3.841_459_f32), 1, 0.0, 1.0);
/// assert!((p.item::<f32>() - 0.05).abs() < 1e-5);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn sf(x: impl Operand, df: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("chi2.sf", &x, &[&df, &loc, &scale], |args| {
        let [x, df, loc, scale] = [0, 1, 2, 3].map(|i: usize| &args[i]);
        gammaincc(&(df / 2.0), clamp(&((x - loc) / (scale * 2.0)), 0.0, f64::INFINITY))
    })
}

/// The logarithm of [`sf`]. `jax.scipy.stats.chi2.logsf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::chi2};
///
/// // With two degrees of freedom −x/2.
/// let y = chi2::logsf(Array::from([1.0_f32, 4.0]), 2, 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([-0.5_f32, -2.0]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logsf(x: impl Operand, df: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    sf(x, df, loc, scale).log()
}
