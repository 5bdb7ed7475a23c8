//! Running means of updates and the correction of their start at zero.

use super::tree::number_dtype;
use super::{Params, safe_increment};
use crate::graph::Array;
use crate::value::DType;

/// (1 − decay) · value + decay · moment. `optax.tree.update_moment`.
pub(super) fn update_moment(values: &Params, moments: &Params, decay: f64) -> Params {
    values.zip(moments, |g, t| g * (1.0 - decay) + t * decay)
}

/// (1 − decay) · |value|² + decay · moment.
pub(super) fn update_second_moment(values: &Params, moments: &Params, decay: f64) -> Params {
    update_moment(&values.map(Array::squared_magnitude), moments, decay)
}

/// decay^count in `dtype`, f32 or f64: in a shorter one it could round to 1.
pub(super) fn power(decay: f64, count: &Array, dtype: DType) -> Array {
    let count = count.astype(dtype);
    count.full_like(decay).pow(&count)
}

/// moment / (1 − decay^count). `optax.tree.bias_correction`.
pub(super) fn bias_correction(moments: &Params, decay: f64, count: &Array) -> Params {
    let correction = 1.0 - power(decay, count, number_dtype(moments));
    moments.map(|t| t / correction.astype(t.dtype()))
}

/// The corrected mean of updates, with Nesterov's step ahead if wanted.
pub(super) fn first_moment(
    updates: &Params,
    mu: &Params,
    b1: f64,
    count: &Array,
    nesterov: bool,
) -> Params {
    if !nesterov {
        return bias_correction(mu, b1, count);
    }
    let ahead = bias_correction(mu, b1, &safe_increment(count));
    let now = bias_correction(updates, b1, count);
    ahead.zip(&now, |m, g| m * b1 + g * (1.0 - b1))
}

/// mean / (√(square + eps_root) + eps).
pub(super) fn normalize(mean: &Params, square: &Params, eps_root: f64, eps: f64) -> Params {
    mean.zip(square, |m, v| m / ((v + eps_root).sqrt() + eps))
}
