//! The binomial distribution: of `n` trials with the probability `p`, how many succeed. See [`stats`](super).

use super::{or_impossible, together};
use crate::array::special::{xlog1py, xlogy};
use crate::array::{Operand, where_};
use crate::graph::Array;

/// The logarithm of the probability. `jax.scipy.stats.binom.logpmf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::binom};
///
/// // Two heads of three throws; four cannot be.
/// let y = binom::logpmf(Array::from([2, 4]), 3, 0.5, 0.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([-0.98083_f32, f32::NEG_INFINITY]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpmf(k: impl Operand, n: impl Operand, p: impl Operand, loc: impl Operand) -> Array {
    together("binom.logpmf", &k, &[&n, &p, &loc], |args| {
        let [k, n, p, loc] = [0, 1, 2, 3].map(|i: usize| &args[i]);
        let y = k - loc;
        let ways = (n + 1.0).lgamma() - ((&y + 1.0).lgamma() + (n - &y + 1.0).lgamma());
        let linear = xlogy(&y, p) + xlog1py(&(n - &y), -p);
        let certain = (y.eq(0.0) & n.eq(0.0)) | linear.eq(0.0);
        let log = where_(&certain, 0.0, ways + linear);
        or_impossible(&(k.ge(loc) & k.lt(loc + n + 1.0)), log)
    })
}

/// The probability. `jax.scipy.stats.binom.pmf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::binom};
///
/// let y = binom::pmf(Array::from([0, 1, 2, 3]), 3, 0.5, 0.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.125_f32, 0.375, 0.375, 0.125]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pmf(k: impl Operand, n: impl Operand, p: impl Operand, loc: impl Operand) -> Array {
    logpmf(k, n, p, loc).exp()
}
