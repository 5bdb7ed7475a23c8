//! The geometric distribution: the trial that is the first to succeed, with the probability `p`. See [`stats`](super).

use super::{or_impossible, together};
use crate::array::Operand;
use crate::array::special::xlog1py;
use crate::graph::Array;

/// The logarithm of the probability. `jax.scipy.stats.geom.logpmf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::geom};
///
/// let y = geom::logpmf(Array::from([0, 1, 3]), 0.5, 0.0); // trials count from 1
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// let expected = Array::from([f32::NEG_INFINITY, -0.69315_f32, -2.0794]);
/// assert!(y.allclose(expected, near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpmf(k: impl Operand, p: impl Operand, loc: impl Operand) -> Array {
    together("geom.logpmf", &k, &[&p, &loc], |args| {
        let [k, p, loc] = [0, 1, 2].map(|i: usize| &args[i]);
        let n = k - loc;
        or_impossible(&!n.le(0.0), xlog1py(&(&n - 1.0), -p) + p.log())
    })
}

/// The probability. `jax.scipy.stats.geom.pmf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::geom};
///
/// let y = geom::pmf(Array::from([0, 1, 2, 3]), 0.25, 0.0);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.0_f32, 0.25, 0.1875, 0.14062]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pmf(k: impl Operand, p: impl Operand, loc: impl Operand) -> Array {
    logpmf(k, p, loc).exp()
}
