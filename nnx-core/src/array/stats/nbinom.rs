//! The negative binomial distribution: how many fail, each with the probability 1 − `p`, before `n` succeed. See [`stats`](super).

use super::{or_impossible, together};
use crate::array::Operand;
use crate::array::special::xlogy;
use crate::graph::Array;

/// The logarithm of the probability. `jax.scipy.stats.nbinom.logpmf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpmf(k: &Array, n: impl Operand, p: impl Operand, loc: impl Operand) -> Array {
    together("nbinom.logpmf", k, &[&n, &p, &loc], |args| {
        let [k, n, p, loc] = [0, 1, 2, 3].map(|i: usize| &args[i]);
        let y = k - loc;
        let ways = (&y + n).lgamma() - n.lgamma() - (&y + 1.0).lgamma();
        let linear = xlogy(n, p) + xlogy(&y, 1.0 - p);
        or_impossible(&!k.lt(loc), ways + linear)
    })
}

/// The probability. `jax.scipy.stats.nbinom.pmf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pmf(k: &Array, n: impl Operand, p: impl Operand, loc: impl Operand) -> Array {
    logpmf(k, n, p, loc).exp()
}
