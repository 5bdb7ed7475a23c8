//! Student’s t distribution with `df` degrees of freedom. See [`stats`](super).

use super::together;
use crate::array::Operand;
use crate::graph::Array;
use std::f64::consts::PI;

/// The logarithm of the density. `jax.scipy.stats.t.logpdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::t};
///
/// let y = t::logpdf(Array::from([1.0_f32, 3.0]), 5, 1.0, 2.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([-1.6618_f32, -2.2087]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpdf(x: impl Operand, df: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    together("t.logpdf", &x, &[&df, &loc, &scale], |args| {
        let [x, df, loc, scale] = [0, 1, 2, 3].map(|i: usize| &args[i]);
        let (half, more) = (df / 2.0, df / 2.0 + 0.5);
        let normalizer = half.lgamma() + (scale.square() * PI * df).log() / 2.0 - more.lgamma();
        let quadratic = ((x - loc) / scale).square() / df;
        -(normalizer + more * quadratic.log1p())
    })
}

/// The density. `jax.scipy.stats.t.pdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::t};
///
/// // One degree of freedom is Cauchy's distribution: 1/π and half of that.
/// let y = t::pdf(Array::from([0.0_f32, 1.0]), 1, 0.0, 1.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.31831_f32, 0.15915]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pdf(x: impl Operand, df: impl Operand, loc: impl Operand, scale: impl Operand) -> Array {
    logpdf(x, df, loc, scale).exp()
}
