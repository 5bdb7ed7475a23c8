//! The beta-binomial distribution: of `n` trials, whose probability has the beta distribution of `a` and `b`, how
//! many succeed. See [`stats`](super).

use super::{or_impossible, together};
use crate::array::special::betaln;
use crate::array::{Operand, where_};
use crate::graph::Array;

/// The logarithm of the probability; of `k` the whole part counts, and NaN where `n` is negative or `a` or
/// `b` is not positive. `jax.scipy.stats.betabinom.logpmf` (default `loc` 0).
///
/// ```
/// use nnx::{Array, stats::betabinom};
/// // With a = b = 1 all counts are as likely.
/// let y = betabinom::logpmf(Array::from([0.0, 4.0, 5.0]), 4, 1.0, 1.0, 0).to_vec::<f64>();
/// assert!((y[1] - 0.2_f64.ln()).abs() < 1e-12 && y[2] == f64::NEG_INFINITY);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpmf(
    k: impl Operand,
    n: impl Operand,
    a: impl Operand,
    b: impl Operand,
    loc: impl Operand,
) -> Array {
    together("betabinom.logpmf", &k, &[&n, &a, &b, &loc], |args| {
        let [k, n, a, b, loc] = [0, 1, 2, 3, 4].map(|i: usize| &args[i]);
        let y = k.floor() - loc;
        let possible = y.ge(0.0) & y.le(n);
        let y = where_(&possible, y, 0.0);
        let rest = n - &y;
        let ways = -(n.log1p() + betaln(&(&rest + 1.0), &y + 1.0));
        let log = ways + betaln(&(y + a), rest + b) - betaln(a, b);
        let known = n.ge(0.0) & a.gt(0.0) & b.gt(0.0);
        where_(
            known,
            or_impossible(&(possible | k.is_nan()), where_(k.is_nan(), f64::NAN, log)),
            f64::NAN,
        )
    })
}

/// The probability. `jax.scipy.stats.betabinom.pmf` (default `loc` 0).
///
/// ```
/// use nnx::{Array, stats::betabinom};
/// let y = betabinom::pmf(Array::from([0.0, 1.0]), 1, 1.0, 3.0, 0).to_vec::<f64>();
/// assert!((y[0] - 0.75).abs() < 1e-12 && (y[1] - 0.25).abs() < 1e-12);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pmf(
    k: impl Operand,
    n: impl Operand,
    a: impl Operand,
    b: impl Operand,
    loc: impl Operand,
) -> Array {
    logpmf(k, n, a, b, loc).exp()
}
