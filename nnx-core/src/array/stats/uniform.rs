//! The uniform distribution over `loc..loc + scale`. See [`stats`](super).

use super::{or_impossible, or_nan, together};
use crate::array::{Operand, where_};
use crate::graph::Array;

/// The logarithm of the density. `jax.scipy.stats.uniform.logpdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::uniform};
///
/// // Over 1..3: `scale` is the width, not the end.
/// let y = uniform::logpdf(Array::from([0.0_f32, 2.0, 3.0]), 1.0, 2.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// let expected = Array::from([f32::NEG_INFINITY, -0.69315_f32, -0.69315]);
/// assert!(y.allclose(expected, near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpdf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("uniform.logpdf", &x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        let outside = x.gt(loc + scale) | x.lt(loc);
        or_impossible(&!outside, -scale.log())
    })
}

/// The density. `jax.scipy.stats.uniform.pdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::uniform};
///
/// let y = uniform::pdf(Array::from([0.0_f32, 2.0, 3.0]), 1.0, 2.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.0_f32, 0.5, 0.5]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pdf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    logpdf(x, loc, scale).exp()
}

/// The probability of values up to `x`; NaN for NaN (0 in JAX). `jax.scipy.stats.uniform.cdf`.
///
/// ```
/// use nnx::{Array, stats::uniform};
///
/// let y = uniform::cdf(Array::from([0.0_f32, 2.0, 4.0]), 1.0, 2.0);
/// assert_eq!(y.to_vec::<f32>(), [0.0, 0.5, 1.0]);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn cdf(x: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("uniform.cdf", &x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        let inside = where_(x.gt(loc + scale), 1.0, (x - loc) / scale);
        where_(x.lt(loc), 0.0, inside)
    })
}

/// The inverse of [`cdf`]. `jax.scipy.stats.uniform.ppf`.
///
/// ```
/// use nnx::{Array, stats::uniform};
///
/// let x = uniform::ppf(Array::from([0.0_f32, 0.25, 1.0]), 1.0, 2.0);
/// assert_eq!(x.to_vec::<f32>(), [1.0, 1.5, 3.0]);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn ppf(q: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("uniform.ppf", &q, &[&loc, &scale], |args| {
        let [q, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        or_nan(q, loc + scale * q)
    })
}
