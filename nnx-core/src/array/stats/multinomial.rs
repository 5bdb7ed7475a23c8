//! The multinomial distribution: of `n` trials with the probabilities `p`, how many end in which way. See
//! [`stats`](super).

use super::{at_least_f32, or_impossible};
use crate::array::special::xlogy;
use crate::array::{AsArray, Operand, invalid, one_program};
use crate::graph::Array;
use crate::value::PromotionKind;

/// The logarithm of the probability of the whole numbers along the last axis of `x`; −∞ if they are not `n`
/// together. `jax.scipy.stats.multinomial.logpmf`, for batches too: `n` has the shape of `x` without its last axis, or
/// one that broadcasts with it.
///
/// ```
/// use nnx::{Array, stats::multinomial};
/// // Two of three throws of a coin: 3 · 0.5³
/// let y = multinomial::logpmf(Array::from([2, 1]), 3, Array::from([0.5, 0.5]));
/// assert!((y.item::<f64>() - 0.375_f64.ln()).abs() < 1e-12);
/// ```
///
/// # Panics
/// Panics if `x` or `n` are not integers, `p` is not real, or the shapes do not broadcast.
#[track_caller]
pub fn logpmf(x: impl AsArray, n: impl Operand, p: impl AsArray) -> Array {
    let x = x.as_array();
    const OP: &str = "multinomial.logpmf";
    let p = p.as_array();
    let n = match n.kind() {
        PromotionKind::Strong(own) => n.array(own),
        _ => n.array(x.dtype()),
    };
    let all = || format!("x {}, n {} and p {}", x.aval(), n.aval(), p.aval());
    if !x.dtype().is_int() || !n.dtype().is_int() || p.dtype().is_complex() {
        invalid(OP, format!("needs integers x and n and real p, got {}", all()));
    }
    let met = crate::array::broadcast_shapes(x.shape(), p.shape())
        .filter(|shape| !shape.is_empty() && x.rank() > 0 && p.rank() > 0);
    let fits = met.as_ref().is_some_and(|shape| {
        crate::array::broadcast_shapes(&shape[..shape.len() - 1], n.shape()).is_some()
    });
    if !fits {
        invalid(OP, format!("needs x [.., k], n [..] and p [.., k], got {}", all()));
    }
    one_program(OP, &[x.clone(), n, p.clone()], |args| {
        let p = args[2].to_inexact();
        let own = p.dtype();
        let wide = at_least_f32(own);
        let [x, n] = [0, 1].map(|i: usize| args[i].astype(wide));
        let parts = xlogy(&x, p.astype(wide)) - (&x + 1.0).lgamma();
        let log = (&n + 1.0).lgamma() + parts.sum(-1);
        let exact = x.sum(-1).eq(&n).broadcast_to(log.shape());
        or_impossible(&exact, log).astype(own)
    })
}

/// The probability. `jax.scipy.stats.multinomial.pmf`.
///
/// ```
/// use nnx::{Array, stats::multinomial};
/// let p = multinomial::pmf(Array::from([2, 1]), 3, &Array::from([0.5, 0.5]));
/// assert!((p.item::<f64>() - 0.375).abs() < 1e-12);
/// ```
///
/// # Panics
/// As [`logpmf`].
#[track_caller]
pub fn pmf(x: impl AsArray, n: impl Operand, p: impl AsArray) -> Array {
    logpmf(x.as_array(), n, p).exp()
}
