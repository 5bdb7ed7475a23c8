//! The binomial distribution: of `n` trials with the probability `p`, how many succeed. See [`stats`](super).

use super::{or_impossible, together};
use crate::array::special::{xlog1py, xlogy};
use crate::array::{Operand, where_};
use crate::graph::Array;

/// The logarithm of the probability. `jax.scipy.stats.binom.logpmf`.
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpmf(k: &Array, n: impl Operand, p: impl Operand, loc: impl Operand) -> Array {
    together("binom.logpmf", k, &[&n, &p, &loc], |args| {
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
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pmf(k: &Array, n: impl Operand, p: impl Operand, loc: impl Operand) -> Array {
    logpmf(k, n, p, loc).exp()
}
