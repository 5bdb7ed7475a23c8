//! The gamma distribution with the shape `a`. See [`stats`](super).

use super::{clamp, or_impossible, together};
use crate::array::special::{gammainc, gammaincc, xlogy};
use crate::array::{Operand, where_};
use crate::graph::Array;

/// The logarithm of the density. `jax.scipy.stats.gamma.logpdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::gamma};
///
/// // Shape 2, mean 2 · 3: `scale` is 1 / rate.
/// let y = gamma::logpdf(Array::from([3.0_f32, -1.0]), 2.0, 0.0, 3.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([-2.0986_f32, f32::NEG_INFINITY]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpdf(x: impl Operand, a: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("gamma.logpdf", &x, &[&a, &loc, &scale], |args| {
        let [x, a, loc, scale] = [0, 1, 2, 3].map(|i: usize| &args[i]);
        let inside = x.ge(loc);
        let y = where_(&inside, (x - loc) / scale, 1.0);
        let log = xlogy(&(a - 1.0), &y) - &y - (a.lgamma() + scale.log());
        or_impossible(&inside, log)
    })
}

/// The density. `jax.scipy.stats.gamma.pdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::gamma};
///
/// let y = gamma::pdf(Array::from([1.0_f32, 2.0]), 2.0, 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.36788_f32, 0.27067]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pdf(x: impl Operand, a: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    logpdf(x, a, loc, scale).exp()
}

/// The probability of values up to `x`. `jax.scipy.stats.gamma.cdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::gamma};
///
/// let y = gamma::cdf(Array::from([0.0_f32, 1.0, 2.0]), 2.0, 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.0_f32, 0.26424, 0.59399]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn cdf(x: impl Operand, a: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("gamma.cdf", &x, &[&a, &loc, &scale], |args| {
        let [x, a, loc, scale] = [0, 1, 2, 3].map(|i: usize| &args[i]);
        gammainc(a, clamp(&((x - loc) / scale), 0.0, f64::INFINITY))
    })
}

/// The logarithm of [`cdf`]. `jax.scipy.stats.gamma.logcdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::gamma};
///
/// let y = gamma::logcdf(Array::from([1.0_f32, 2.0]), 2.0, 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([-1.3309_f32, -0.52089]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logcdf(x: impl Operand, a: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    cdf(x, a, loc, scale).log()
}

/// The probability of values above `x`. `jax.scipy.stats.gamma.sf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::gamma};
///
/// let y = gamma::sf(Array::from([-1.0_f32, 1.0, 2.0]), 2.0, 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([1.0_f32, 0.73576, 0.40601]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn sf(x: impl Operand, a: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("gamma.sf", &x, &[&a, &loc, &scale], |args| {
        let [x, a, loc, scale] = [0, 1, 2, 3].map(|i: usize| &args[i]);
        gammaincc(a, clamp(&((x - loc) / scale), 0.0, f64::INFINITY))
    })
}

/// The logarithm of [`sf`]. `jax.scipy.stats.gamma.logsf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::gamma};
///
/// let y = gamma::logsf(Array::from([1.0_f32, 2.0]), 2.0, 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([-0.30685_f32, -0.90139]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logsf(x: impl Operand, a: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    sf(x, a, loc, scale).log()
}
