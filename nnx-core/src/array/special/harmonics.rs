//! Spherical harmonics.

use super::{Operand, select};
use crate::array::products::check_powers;
use crate::array::program::together;
use crate::array::{complex, where_};
use crate::graph::{Array, Jvp, Tangent};
use crate::ops::{CustomJvp, custom_jvp, inner_for};
use crate::value::{DType, promote_dtypes};
use std::f64::consts::PI;

/// The spherical harmonic of degree `n` and order `m` at the angle `theta` from the pole and the angle `phi`
/// around it, in radians; with the phase of Condon and Shortley, orthonormal on the sphere. The result is
/// complex, and 0 where |m| > n. `jax.scipy.special.sph_harm_y`, with broadcasting and for `n_max` as a number.
///
/// Degrees above `n_max` are taken to be `n_max`. Not differentiable with respect to `n` and `m`.
///
/// ```
/// use nnx::{Array, special::sph_harm_y};
/// let y = sph_harm_y(&Array::from([0, 1]), 0, Array::from([0.5, 0.0]), 0.25, 1);
/// let want = [0.282_094_791_773_878_14, 0.488_602_511_902_919_9];
/// assert!(y.real().to_vec::<f64>().iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-14));
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, for complex numbers, or if `n_max` is above 16,384.
#[track_caller]
pub fn sph_harm_y(
    n: impl Operand,
    m: impl Operand,
    theta: impl Operand,
    phi: impl Operand,
    n_max: usize,
) -> Array {
    const OP: &str = "sph_harm_y";
    check_powers(OP, n_max);
    together(OP, &[&n, &m, &theta, &phi], |args| {
        let wide = promote_dtypes(args[0].dtype(), DType::F32);
        let [n, m, theta, phi] = [0, 1, 2, 3].map(|i: usize| args[i].astype(wide));
        let (n, m) = (n.stop_gradient().minimum(n_max as f64), m.stop_gradient());
        let height = custom_jvp(Legendre { n_max }, &[&n, &m, &theta]);
        let angle = m * phi;
        complex(&height * angle.cos(), height * angle.sin())
    })
}

/// Associated Legendre functions of cos θ with the harmonics' factor.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Legendre {
    n_max: usize,
}

impl CustomJvp for Legendre {
    const NAME: &'static str = "legendre";
    fn params(&self) -> String {
        format!("n_max={}", self.n_max)
    }
    /// From degree to degree: along the diagonal up to the order |m|, then by the recurrence of three terms
    /// (DLMF 14.10.3 and 14.7.15, with the factor taken in).
    fn body(&self, args: &[Array]) -> Array {
        let [n, m, theta] = [0, 1, 2].map(|i: usize| &args[i]);
        let (sin, cos) = (theta.sin(), theta.cos());
        let order = m.abs();
        let start = [theta.zeros_like(), theta.full_like(0.5 / PI.sqrt())];
        let square = order.square();
        let both = inner_for(self.n_max, &start, |i, state| {
            let l = i.astype(theta.dtype()) + 1.0;
            let whole = l.square();
            let diagonal = -((2.0 + 1.0 / &l) * 0.5).sqrt() * &sin * &state[1];
            let inside = order.lt(&l);
            let gap = where_(&inside, &whole - &square, 1.0);
            let four = &whole * 4.0 - 1.0;
            let scale = (&four / gap).sqrt();
            let back = (&l - 1.0).square();
            let before = where_(&inside, &back - &square, 0.0);
            // At the first degree `back` is 0, and so is what it multiplies.
            let weight = (before / (back * 4.0 - 1.0).abs()).maximum(0.0).sqrt();
            let higher = scale * (&cos * &state[1] - weight * &state[0]);
            let next = select(&inside, &higher, &diagonal);
            let last = where_(&inside, &state[1], 0.0);
            let more = n.ge(&l);
            vec![select(&more, &last, &state[0]), select(&more, &next, &state[1])]
        });
        let odd = m.lt(0.0) & (m % 2.0).ne(0.0);
        let value = select(&odd, &-&both[1], &both[1]);
        where_(order.le(n), value, 0.0)
    }
    /// Half the difference of what the ladder operators make of it: the neighbouring orders.
    fn jvp(&self, cx: &Jvp<'_>) -> Tangent {
        let [n, m, theta] = [0, 1, 2].map(|i: usize| &cx.primals[i]);
        let t = cx.tangent(2)?;
        let of = |m: Array| custom_jvp(self.clone(), &[n, &m, theta]);
        let up = ((n - m) * (n + m + 1.0)).maximum(0.0).sqrt() * of(m + 1.0);
        let down = ((n + m) * (n - m + 1.0)).maximum(0.0).sqrt() * of(m - 1.0);
        Some(t * ((up - down) * 0.5))
    }
}
