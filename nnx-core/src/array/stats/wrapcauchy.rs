//! The Cauchy distribution wrapped around a circle, with 0 < `c` < 1. See [`stats`](super).

use super::{or_impossible, together};
use crate::array::{Operand, where_};
use crate::graph::Array;
use std::f64::consts::TAU;

/// The logarithm of the density. `jax.scipy.stats.wrapcauchy.logpdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpdf(x: &Array, c: impl Operand) -> Array {
    together("wrapcauchy.logpdf", x, &[&c], |args| {
        let [x, c] = [0, 1].map(|i: usize| &args[i]);
        let squared = c.square();
        let log = (1.0 - &squared).log() - TAU.ln() - (&squared + 1.0 - c * x.cos() * 2.0).log();
        let log = or_impossible(&(x.ge(0.0) & x.le(TAU)), log);
        where_(&(c.gt(0.0) & c.lt(1.0)), log, f64::NAN)
    })
}

/// The density. `jax.scipy.stats.wrapcauchy.pdf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pdf(x: &Array, c: impl Operand) -> Array {
    logpdf(x, c).exp()
}
