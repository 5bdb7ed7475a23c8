//! The von Mises distribution of angles. See [`stats`](super).

use super::together;
use crate::array::special::i0e;
use crate::array::{Operand, where_};
use crate::graph::Array;
use std::f64::consts::TAU;

/// The logarithm of the density. `jax.scipy.stats.vonmises.logpdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::vonmises};
///
/// let y = vonmises::logpdf(Array::from([0.0_f32, 1.0]), 2.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([-0.66187_f32, -1.5813]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpdf(x: impl Operand, kappa: impl Operand) -> Array {
    together("vonmises.logpdf", &x, &[&kappa], |args| {
        let [x, kappa] = [0, 1].map(|i: usize| &args[i]);
        let log = kappa * (x.cos() - 1.0) - (i0e(kappa) * TAU).log();
        where_(kappa.gt(0.0), log, f64::NAN)
    })
}

/// The density. `jax.scipy.stats.vonmises.pdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::vonmises};
///
/// let y = vonmises::pdf(Array::from([0.0_f32, 1.0]), 2.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.51589_f32, 0.20571]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pdf(x: impl Operand, kappa: impl Operand) -> Array {
    logpdf(x, kappa).exp()
}
