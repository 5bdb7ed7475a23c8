//! The beta distribution with the shapes `a` and `b`. See [`stats`](super).

use super::{clamp, or_impossible, together};
use crate::array::special::{betainc, betaln, xlog1py, xlogy};
use crate::array::{Operand, where_};
use crate::graph::Array;

/// The logarithm of the density. `jax.scipy.stats.beta.logpdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::beta};
///
/// // Over 1..3: `loc` is where it begins, `scale` its width.
/// let y = beta::logpdf(Array::from([1.5_f32, 4.0]), 2.0, 3.0, 1.0, 2.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([-0.1699_f32, f32::NEG_INFINITY]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpdf(
    x: impl Operand,
    a: impl Operand,
    b: impl Operand,
    loc: impl Operand,
    scale: impl Operand,
) -> Array {
    together("beta.logpdf", &x, &[&a, &b, &loc, &scale], |args| {
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
/// ```
/// use nnx::{Array, array::Tolerance, stats::beta};
///
/// let y = beta::pdf(Array::from([0.25_f32, 0.5]), 2.0, 3.0, 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([1.6875_f32, 1.5]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pdf(
    x: impl Operand,
    a: impl Operand,
    b: impl Operand,
    loc: impl Operand,
    scale: impl Operand,
) -> Array {
    logpdf(x, a, b, loc, scale).exp()
}

/// The probability of values up to `x`. `jax.scipy.stats.beta.cdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::beta};
///
/// let y = beta::cdf(Array::from([0.25_f32, 0.5, 1.0]), 2.0, 3.0, 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.26172_f32, 0.6875, 1.0]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn cdf(
    x: impl Operand,
    a: impl Operand,
    b: impl Operand,
    loc: impl Operand,
    scale: impl Operand,
) -> Array {
    together("beta.cdf", &x, &[&a, &b, &loc, &scale], |args| {
        let [x, a, b, loc, scale] = [0, 1, 2, 3, 4].map(|i: usize| &args[i]);
        betainc(a, b, clamp(&((x - loc) / scale), 0.0, 1.0))
    })
}

/// The logarithm of [`cdf`]. `jax.scipy.stats.beta.logcdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::beta};
///
/// let y = beta::logcdf(Array::from([0.25_f32, 0.5]), 2.0, 3.0, 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([-1.3405_f32, -0.37469]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logcdf(
    x: impl Operand,
    a: impl Operand,
    b: impl Operand,
    loc: impl Operand,
    scale: impl Operand,
) -> Array {
    cdf(x, a, b, loc, scale).log()
}

/// The probability of values above `x`. `jax.scipy.stats.beta.sf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::beta};
///
/// let y = beta::sf(Array::from([0.25_f32, 0.5, 1.0]), 2.0, 3.0, 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.73828_f32, 0.3125, 0.0]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn sf(
    x: impl Operand,
    a: impl Operand,
    b: impl Operand,
    loc: impl Operand,
    scale: impl Operand,
) -> Array {
    together("beta.sf", &x, &[&a, &b, &loc, &scale], |args| {
        let [x, a, b, loc, scale] = [0, 1, 2, 3, 4].map(|i: usize| &args[i]);
        betainc(b, a, &(1.0 - clamp(&((x - loc) / scale), 0.0, 1.0)))
    })
}

/// The logarithm of [`sf`]. `jax.scipy.stats.beta.logsf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::beta};
///
/// let y = beta::logsf(Array::from([0.25_f32, 0.5]), 2.0, 3.0, 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([-0.30343_f32, -1.1632]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logsf(
    x: impl Operand,
    a: impl Operand,
    b: impl Operand,
    loc: impl Operand,
    scale: impl Operand,
) -> Array {
    sf(x, a, b, loc, scale).log()
}
