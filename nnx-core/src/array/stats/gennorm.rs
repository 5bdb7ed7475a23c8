//! The generalized normal distribution with the exponent `beta`. See [`stats`](super).

use super::together;
use crate::array::Operand;
use crate::array::special::gammainc;
use crate::graph::Array;

/// The logarithm of the density. `jax.scipy.stats.gennorm.logpdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpdf(x: &Array, beta: impl Operand) -> Array {
    together("gennorm.logpdf", x, &[&beta], |args| {
        let [x, beta] = [0, 1].map(|i: usize| &args[i]);
        (beta * 0.5).log() - (1.0 / beta).lgamma() - x.abs().pow(beta)
    })
}

/// The density. `jax.scipy.stats.gennorm.pdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pdf(x: &Array, beta: impl Operand) -> Array {
    logpdf(x, beta).exp()
}

/// The probability of values up to `x`. `jax.scipy.stats.gennorm.cdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn cdf(x: &Array, beta: impl Operand) -> Array {
    together("gennorm.cdf", x, &[&beta], |args| {
        let [x, beta] = [0, 1].map(|i: usize| &args[i]);
        (gammainc(&(1.0 / beta), x.abs().pow(beta)) * x.sign() + 1.0) * 0.5
    })
}
