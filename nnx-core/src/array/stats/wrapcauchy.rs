//! The Cauchy distribution wrapped around a circle, with 0 < `c` < 1. See [`stats`](super).

use super::{or_impossible, together};
use crate::array::{Operand, where_};
use crate::graph::Array;
use std::f64::consts::TAU;

/// The logarithm of the density. `jax.scipy.stats.wrapcauchy.logpdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::wrapcauchy};
///
/// // Angles from 0 to 2π; none below.
/// let y = wrapcauchy::logpdf(Array::from([0.0_f32, 3.0, -1.0]), 0.5);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// let expected = Array::from([-0.73926_f32, -2.932, f32::NEG_INFINITY]);
/// assert!(y.allclose(expected, near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpdf(x: impl Operand, c: impl Operand) -> Array {
    together("wrapcauchy.logpdf", &x, &[&c], |args| {
        let [x, c] = [0, 1].map(|i: usize| &args[i]);
        let squared = c.square();
        let log = (1.0 - &squared).log() - TAU.ln() - (&squared + 1.0 - c * x.cos() * 2.0).log();
        let log = or_impossible(&(x.ge(0.0) & x.le(TAU)), log);
        where_(&(c.gt(0.0) & c.lt(1.0)), log, f64::NAN)
    })
}

/// The density. `jax.scipy.stats.wrapcauchy.pdf`.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::wrapcauchy};
///
/// let y = wrapcauchy::pdf(Array::from([0.0_f32, 3.0]), 0.5);
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.47746_f32, 0.053289]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pdf(x: impl Operand, c: impl Operand) -> Array {
    logpdf(x, c).exp()
}
