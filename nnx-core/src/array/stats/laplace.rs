//! The Laplace distribution. See [`stats`](super).

use super::together;
use crate::array::{Operand, select};
use crate::graph::Array;

/// The logarithm of the density. `jax.scipy.stats.laplace.logpdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::laplace};
///
/// let y = laplace::logpdf(Array::from([1.0_f32, 3.0]), 1.0, 2.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([-1.3863_f32, -2.3863]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpdf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("laplace.logpdf", &x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        -((x - loc).abs() / scale + (scale * 2.0).log())
    })
}

/// The density. `jax.scipy.stats.laplace.pdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::laplace};
///
/// let y = laplace::pdf(Array::from([-1.0_f32, 0.0, 1.0]), 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.18394_f32, 0.5, 0.18394]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pdf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    logpdf(x, loc, scale).exp()
}

/// The probability of values up to `x`. `jax.scipy.stats.laplace.cdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::laplace};
///
/// let y = laplace::cdf(Array::from([-1.0_f32, 0.0, 1.0]), 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.18394_f32, 0.5, 0.81606]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn cdf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("laplace.cdf", &x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        let t = (x - loc) / scale;
        select(t.le(0.0), &(t.exp() * 0.5), &(1.0 - (-&t).exp() * 0.5))
    })
}
