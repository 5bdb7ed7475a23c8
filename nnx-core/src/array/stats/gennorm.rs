//! The generalized normal distribution with the exponent `beta`. See [`stats`](super).

use super::together;
use crate::array::Operand;
use crate::array::special::gammainc;
use crate::graph::Array;

/// The logarithm of the density. `jax.scipy.stats.gennorm.logpdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::gennorm};
///
/// // The exponent 1 is Laplace's distribution, 2 a normal one with the variance 1/2.
/// let y = gennorm::logpdf(Array::scalar(1.0_f32), Array::from([1.0_f32, 2.0]));
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([-1.6931_f32, -1.5724]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpdf(x: impl Operand, beta: impl Operand) -> Array {
    together("gennorm.logpdf", &x, &[&beta], |args| {
        let [x, beta] = [0, 1].map(|i: usize| &args[i]);
        (beta * 0.5).log() - (1.0 / beta).lgamma() - x.abs().pow(beta)
    })
}

/// The density. `jax.scipy.stats.gennorm.pdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::gennorm};
///
/// let y = gennorm::pdf(Array::from([0.0_f32, 1.0]), 3.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.55992_f32, 0.20598]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pdf(x: impl Operand, beta: impl Operand) -> Array {
    logpdf(x, beta).exp()
}

/// The probability of values up to `x`. `jax.scipy.stats.gennorm.cdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::gennorm};
///
/// let y = gennorm::cdf(Array::from([-1.0_f32, 0.0, 1.0]), 3.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.047856_f32, 0.5, 0.95214]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn cdf(x: impl Operand, beta: impl Operand) -> Array {
    together("gennorm.cdf", &x, &[&beta], |args| {
        let [x, beta] = [0, 1].map(|i: usize| &args[i]);
        (gammainc(&(1.0 / beta), x.abs().pow(beta)) * x.sign() + 1.0) * 0.5
    })
}
