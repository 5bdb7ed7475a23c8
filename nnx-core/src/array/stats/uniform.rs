//! The uniform distribution over `loc..loc + scale`. See [`stats`](super).

use super::{or_impossible, or_nan, together};
use crate::array::{Operand, where_};
use crate::graph::Array;

/// The logarithm of the density. `jax.scipy.stats.uniform.logpdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpdf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    together("uniform.logpdf", x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        let outside = x.gt(loc + scale) | x.lt(loc);
        or_impossible(&!outside, -scale.log())
    })
}

/// The density. `jax.scipy.stats.uniform.pdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pdf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    logpdf(x, loc, scale).exp()
}

/// The probability of values up to `x`; NaN for NaN (0 in JAX). `jax.scipy.stats.uniform.cdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn cdf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    together("uniform.cdf", x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        let inside = where_(x.gt(loc + scale), 1.0, (x - loc) / scale);
        where_(x.lt(loc), 0.0, inside)
    })
}

/// The inverse of [`cdf`]. `jax.scipy.stats.uniform.ppf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn ppf(q: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    together("uniform.ppf", q, &[&loc, &scale], |args| {
        let [q, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        or_nan(q, loc + scale * q)
    })
}
