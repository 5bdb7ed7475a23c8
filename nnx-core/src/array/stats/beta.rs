//! The beta distribution with the shapes `a` and `b`. See [`stats`](super).

use super::{or_impossible, together};
use crate::array::special::{betainc, betaln, xlog1py, xlogy};
use crate::array::{Operand, where_};
use crate::graph::Array;

/// The logarithm of the density. `jax.scipy.stats.beta.logpdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpdf(
    x: &Array,
    a: impl Operand,
    b: impl Operand,
    loc: impl Operand,
    scale: impl Operand,
) -> Array {
    together("beta.logpdf", x, &[&a, &b, &loc, &scale], |args| {
        let [x, a, b, loc, scale] = [0, 1, 2, 3, 4].map(|i: usize| &args[i]);
        let y = (x - loc) / scale;
        let log = xlogy(&(a - 1.0), &y) + xlog1py(&(b - 1.0), -&y) - betaln(a, b) - scale.log();
        let outside = x.gt(loc + scale) | x.lt(loc);
        let wrong = a.le(0.0) | b.le(0.0) | scale.le(0.0);
        where_(&wrong, f64::NAN, or_impossible(&!outside, log))
    })
}

/// The density. `jax.scipy.stats.beta.pdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pdf(
    x: &Array,
    a: impl Operand,
    b: impl Operand,
    loc: impl Operand,
    scale: impl Operand,
) -> Array {
    logpdf(x, a, b, loc, scale).exp()
}

/// The probability of values up to `x`. `jax.scipy.stats.beta.cdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn cdf(
    x: &Array,
    a: impl Operand,
    b: impl Operand,
    loc: impl Operand,
    scale: impl Operand,
) -> Array {
    together("beta.cdf", x, &[&a, &b, &loc, &scale], |args| {
        let [x, a, b, loc, scale] = [0, 1, 2, 3, 4].map(|i: usize| &args[i]);
        betainc(a, b, ((x - loc) / scale).clip(0.0, 1.0))
    })
}

/// The logarithm of [`cdf`]. `jax.scipy.stats.beta.logcdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logcdf(
    x: &Array,
    a: impl Operand,
    b: impl Operand,
    loc: impl Operand,
    scale: impl Operand,
) -> Array {
    cdf(x, a, b, loc, scale).log()
}

/// The probability of values above `x`. `jax.scipy.stats.beta.sf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn sf(
    x: &Array,
    a: impl Operand,
    b: impl Operand,
    loc: impl Operand,
    scale: impl Operand,
) -> Array {
    together("beta.sf", x, &[&a, &b, &loc, &scale], |args| {
        let [x, a, b, loc, scale] = [0, 1, 2, 3, 4].map(|i: usize| &args[i]);
        betainc(b, a, &(1.0 - ((x - loc) / scale).clip(0.0, 1.0)))
    })
}

/// The logarithm of [`sf`]. `jax.scipy.stats.beta.logsf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logsf(
    x: &Array,
    a: impl Operand,
    b: impl Operand,
    loc: impl Operand,
    scale: impl Operand,
) -> Array {
    sf(x, a, b, loc, scale).log()
}
