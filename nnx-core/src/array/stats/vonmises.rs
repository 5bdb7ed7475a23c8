//! The von Mises distribution of angles. See [`stats`](super).

use super::together;
use crate::array::special::i0e;
use crate::array::{Operand, where_};
use crate::graph::Array;
use std::f64::consts::TAU;

/// The logarithm of the density. `jax.scipy.stats.vonmises.logpdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpdf(x: &Array, kappa: impl Operand) -> Array {
    together("vonmises.logpdf", x, &[&kappa], |args| {
        let [x, kappa] = [0, 1].map(|i: usize| &args[i]);
        let log = kappa * (x.cos() - 1.0) - (i0e(kappa) * TAU).log();
        where_(kappa.gt(0.0), log, f64::NAN)
    })
}

/// The density. `jax.scipy.stats.vonmises.pdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pdf(x: &Array, kappa: impl Operand) -> Array {
    logpdf(x, kappa).exp()
}
