//! The negative binomial distribution: how many fail, each with the probability 1 − `p`, before `n` succeed. See [`stats`](super).

use super::{or_impossible, together};
use crate::array::Operand;
use crate::array::special::xlogy;
use crate::graph::Array;

/// The logarithm of the probability. `jax.scipy.stats.nbinom.logpmf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::nbinom};
///
/// // Two failures before the third success; −1 cannot be.
/// let y = nbinom::logpmf(Array::from([2, -1]), 3, 0.5, 0.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([-1.674_f32, f32::NEG_INFINITY]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpmf(k: impl Operand, n: impl Operand, p: impl Operand, loc: impl Operand) -> Array {
    together("nbinom.logpmf", &k, &[&n, &p, &loc], |args| {
        let [k, n, p, loc] = [0, 1, 2, 3].map(|i: usize| &args[i]);
        let y = k - loc;
        let ways = (&y + n).lgamma() - n.lgamma() - (&y + 1.0).lgamma();
        let linear = xlogy(n, p) + xlogy(&y, 1.0 - p);
        or_impossible(&!k.lt(loc), ways + linear)
    })
}

/// The probability. `jax.scipy.stats.nbinom.pmf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::nbinom};
///
/// let y = nbinom::pmf(Array::from([0, 1, 2]), 3, 0.5, 0.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.125_f32, 0.1875, 0.1875]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pmf(k: impl Operand, n: impl Operand, p: impl Operand, loc: impl Operand) -> Array {
    logpmf(k, n, p, loc).exp()
}
