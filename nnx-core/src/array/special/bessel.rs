//! Bessel functions of whole orders.

use super::{real, select};
use crate::array::{AsArray, invalid, iota, one_program, stack, where_};
use crate::graph::{Array, Jvp, Tangent};
use crate::ops::{CustomJvp, custom_jvp, inner_for};
use crate::value::{DType, promote_dtypes};

/// The Bessel functions of the first kind J₀(z) to Jᵥ(z) along a new first axis, by Miller's recurrence
/// from the order `n_iter` down. `jax.scipy.special.bessel_jn` (default `n_iter` 50, enough for |z| up to 20;
/// larger arguments need about |z| + 30).
///
/// ```
/// use nnx::{Array, special::bessel_jn};
/// let y = bessel_jn(Array::from([0.0, 1.0]), 1, 50);
/// assert_eq!(y.shape(), [2, 2]);
/// assert!((y.to_vec::<f64>()[3] - 0.440_050_585_744_933_5).abs() < 1e-14);
/// ```
///
/// # Panics
/// Panics if `v` is above `n_iter` or `n_iter` above 16,384, or for complex numbers.
#[track_caller]
pub fn bessel_jn(z: impl AsArray, v: usize, n_iter: usize) -> Array {
    bessel_jn_of(z.as_array(), v, n_iter)
}

#[track_caller]
fn bessel_jn_of(z: &Array, v: usize, n_iter: usize) -> Array {
    const OP: &str = "bessel_jn";
    real(OP, z);
    crate::array::products::check_powers(OP, n_iter);
    if v > n_iter {
        invalid(OP, format!("`v` = {v} is above `n_iter` = {n_iter}: begin at a higher order"));
    }
    one_program(OP, std::slice::from_ref(z), |args| {
        let z = args[0].to_inexact();
        let own = z.dtype();
        custom_jvp(Jn { v, n_iter }, &[&z.astype(promote_dtypes(own, DType::F32))]).astype(own)
    })
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Jn {
    v: usize,
    n_iter: usize,
}

impl CustomJvp for Jn {
    const NAME: &'static str = "bessel_jn";
    fn params(&self) -> String {
        format!("v={}, n_iter={}", self.v, self.n_iter)
    }
    /// Jₖ = 2 (k + 1) Jₖ₊₁ / z − Jₖ₊₂ from any start, scaled so that J₀ + 2 (J₂ + J₄ + …) = 1.
    fn body(&self, args: &[Array]) -> Array {
        let z = &args[0];
        let dtype = z.dtype();
        let zero = z.eq(0.0);
        let double = 2.0 / where_(&zero, 1.0, z);
        // Numbers that grow beyond this are made smaller, all of them.
        let (most, least) = if dtype == DType::F64 { (1e100, 1e-100) } else { (1e10, 1e-10) };
        let step = |k: &Array, state: &[Array]| {
            let next = (k + 1.0) * &state[1] * &double - &state[0];
            let shrink = where_(next.abs().gt(most), least, z.ones_like());
            let next = next * &shrink;
            let even = (k % 2.0).eq(0.0);
            let sum = &state[2] * &shrink + where_(&even, &next, 0.0);
            (vec![&state[1] * &shrink, next, sum], shrink)
        };
        let start = [z.zeros_like(), z.full_like(1e-16), z.zeros_like()];
        let high = inner_for(self.n_iter - self.v, &start, |i, state| {
            step(&(self.n_iter as f64 - i.astype(dtype)), state).0
        });

        let rows = self.v + 1;
        let column: Vec<usize> = std::iter::once(rows).chain(z.shape().iter().map(|_| 1)).collect();
        let order = iota([rows], dtype, 0).reshape(&column[..]);
        let mut all = high;
        all.push(stack(vec![z.zeros_like(); rows], 0));
        let out = inner_for(rows, &all, |i, state| {
            let k = self.v as f64 - i.astype(dtype);
            let (mut next, shrink) = step(&k, state);
            let here = order.eq(&k).broadcast_to(state[3].shape());
            let value = next[1].expand_dims(0).broadcast_to(state[3].shape());
            next.push(select(&here, &value, &state[3] * shrink.expand_dims(0)));
            next
        });
        let (first, sum) = (&out[1], &out[2]);
        let value = &out[3] / (sum * 2.0 - first).expand_dims(0);
        // The start of the series.
        let at_zero = where_(order.eq(0.0), 1.0, order.zeros_like()).broadcast_to(value.shape());
        let zero = zero.expand_dims(0).broadcast_to(value.shape());
        select(&zero, &at_zero, &value)
    }
    /// J₀′ = −J₁, and Jₖ′ = (Jₖ₋₁ − Jₖ₊₁) / 2.
    fn jvp(&self, cx: &Jvp<'_>) -> Tangent {
        let t = cx.tangent(0)?.expand_dims(0);
        let more = Jn { v: self.v + 1, n_iter: self.n_iter.max(self.v + 1) };
        let all = custom_jvp(more, &[&cx.primals[0]]);
        let rows = self.v + 1;
        let after = all.slice_dim(0, 1, rows + 1);
        let first = -all.slice_dim(0, 1, 2);
        let before = match rows {
            1 => first,
            _ => crate::array::concatenate([&first, &all.slice_dim(0, 0, rows - 1)], 0),
        };
        Some(t * ((before - after) * 0.5))
    }
}
