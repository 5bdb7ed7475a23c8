//! The χ² distribution with `df` degrees of freedom. See [`stats`](super).

use super::{or_impossible, together};
use crate::array::Operand;
use crate::array::special::{gammainc, gammaincc};
use crate::graph::Array;
use std::f64::consts::LN_2;

/// The logarithm of the density. `jax.scipy.stats.chi2.logpdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpdf(x: &Array, df: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("chi2.logpdf", x, &[&df, &loc, &scale], |args| {
        let [x, df, loc, scale] = [0, 1, 2, 3].map(|i: usize| &args[i]);
        let (y, half) = ((x - loc) / scale, df / 2.0);
        let kernel = (&half - 1.0) * y.log() - &y / 2.0;
        let normalizer = half.lgamma() + &half * LN_2 + scale.log();
        or_impossible(&!x.lt(loc), kernel - normalizer)
    })
}

/// The density. `jax.scipy.stats.chi2.pdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pdf(x: &Array, df: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    logpdf(x, df, loc, scale).exp()
}

/// The probability of values up to `x`. `jax.scipy.stats.chi2.cdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn cdf(x: &Array, df: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("chi2.cdf", x, &[&df, &loc, &scale], |args| {
        let [x, df, loc, scale] = [0, 1, 2, 3].map(|i: usize| &args[i]);
        gammainc(&(df / 2.0), ((x - loc) / (scale * 2.0)).maximum(0.0))
    })
}

/// The logarithm of [`cdf`]. `jax.scipy.stats.chi2.logcdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logcdf(x: &Array, df: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    cdf(x, df, loc, scale).log()
}

/// The probability of values above `x`. `jax.scipy.stats.chi2.sf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn sf(x: &Array, df: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("chi2.sf", x, &[&df, &loc, &scale], |args| {
        let [x, df, loc, scale] = [0, 1, 2, 3].map(|i: usize| &args[i]);
        gammaincc(&(df / 2.0), ((x - loc) / (scale * 2.0)).maximum(0.0))
    })
}

/// The logarithm of [`sf`]. `jax.scipy.stats.chi2.logsf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logsf(x: &Array, df: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    sf(x, df, loc, scale).log()
}
