//! Bernoulli numbers.

use crate::array::products::check_powers;
use crate::graph::Array;
use crate::value::DType;
use std::f64::consts::PI;

/// The Bernoulli numbers B₀ to Bₙ, with B₁ = −½. `jax.scipy.special.bernoulli`, whose dtype is f32.
///
/// Bₖ = (−1)^(k/2 + 1) 2 k! ζ(k) / (2π)ᵏ for even k ≥ 2.
///
/// ```
/// use nnx::{DType, special::bernoulli};
/// assert_eq!(bernoulli(4, DType::F32).to_vec::<f32>(), [1.0, -0.5, 1.0 / 6.0, 0.0, -1.0 / 30.0]);
/// ```
///
/// # Panics
/// Panics if `n` is above 16,384.
#[track_caller]
pub fn bernoulli(n: usize, dtype: DType) -> Array {
    check_powers("bernoulli", n);
    let mut numbers = vec![0.0; n.max(2) + 1];
    numbers[..3].copy_from_slice(&[1.0, -0.5, 1.0 / 6.0]);
    let mut size = 1.0 / PI.powi(2);
    for k in (4..=n).step_by(2) {
        let x = k as f64;
        size *= -(x - 1.0) * x / (4.0 * PI * PI);
        numbers[k] = size * zeta(x);
    }
    numbers.truncate(n + 1);
    Array::from_slice(&numbers, [n + 1]).astype(dtype)
}

/// ζ(s) for s ≥ 4: fifty terms, the smallest first, and the rest by the Euler–Maclaurin formula.
fn zeta(s: f64) -> f64 {
    const N: f64 = 50.0;
    let correction = s / (12.0 * N) - s * (s + 1.0) * (s + 2.0) / (720.0 * N.powi(3));
    let rest = N.powf(-s) * (N / (s - 1.0) + 0.5 + correction);
    rest + (2..50).rev().map(|j| f64::from(j).powf(-s)).sum::<f64>() + 1.0
}
