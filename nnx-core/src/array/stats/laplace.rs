//! The Laplace distribution. See [`stats`](super).

use super::together;
use crate::array::{Operand, select};
use crate::graph::Array;

/// The logarithm of the density. `jax.scipy.stats.laplace.logpdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpdf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    together("laplace.logpdf", x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        -((x - loc).abs() / scale + (scale * 2.0).log())
    })
}

/// The density. `jax.scipy.stats.laplace.pdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pdf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    logpdf(x, loc, scale).exp()
}

/// The probability of values up to `x`. `jax.scipy.stats.laplace.cdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn cdf(x: &Array, loc: impl Operand, scale: impl Operand) -> Array {
    together("laplace.cdf", x, &[&loc, &scale], |args| {
        let [x, loc, scale] = [0, 1, 2].map(|i: usize| &args[i]);
        let t = (x - loc) / scale;
        select(t.le(0.0), &(t.exp() * 0.5), &(1.0 - (-&t).exp() * 0.5))
    })
}
