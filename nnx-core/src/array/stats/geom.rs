//! The geometric distribution: the trial that is the first to succeed, with the probability `p`. See [`stats`](super).

use super::{or_impossible, together};
use crate::array::Operand;
use crate::array::special::xlog1py;
use crate::graph::Array;

/// The logarithm of the probability. `jax.scipy.stats.geom.logpmf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpmf(k: &Array, p: impl Operand, loc: impl Operand) -> Array {
    together("geom.logpmf", k, &[&p, &loc], |args| {
        let [k, p, loc] = [0, 1, 2].map(|i: usize| &args[i]);
        let n = k - loc;
        or_impossible(&!n.le(0.0), xlog1py(&(&n - 1.0), -p) + p.log())
    })
}

/// The probability. `jax.scipy.stats.geom.pmf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pmf(k: &Array, p: impl Operand, loc: impl Operand) -> Array {
    logpmf(k, p, loc).exp()
}
