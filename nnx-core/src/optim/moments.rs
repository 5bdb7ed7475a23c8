//! Running means of updates and the correction of their start at zero.

use super::tree::number_dtype;
use super::{Hyperparam, Params, safe_increment};
use crate::array::Operand;
use crate::graph::Array;
use crate::value::DType;

/// (1 − decay) · value + decay · moment. `optax.tree.update_moment`.
pub(super) fn update_moment(
    values: &Params,
    moments: &Params,
    decay: impl Into<Hyperparam>,
) -> Params {
    let decay = decay.into();
    let rest = decay.complement();
    values.zip(moments, |g, t| g * &rest + t * &decay)
}

/// (1 − decay) · |value|² + decay · moment.
pub(super) fn update_second_moment(
    values: &Params,
    moments: &Params,
    decay: impl Into<Hyperparam>,
) -> Params {
    update_moment(&values.map(Array::squared_magnitude), moments, decay)
}

/// decay^count in `dtype`, f32 or f64: in a shorter one it could round to 1.
pub(super) fn power(decay: impl Into<Hyperparam>, count: &Array, dtype: DType) -> Array {
    let count = count.astype(dtype);
    match decay.into() {
        Hyperparam::Constant(decay) => count.full_like(decay).pow(&count),
        decay => decay.array(dtype).pow(&count),
    }
}

/// moment / (1 − decay^count). `optax.tree.bias_correction`.
pub(super) fn bias_correction(
    moments: &Params,
    decay: impl Into<Hyperparam>,
    count: &Array,
) -> Params {
    let correction = 1.0 - power(decay, count, number_dtype(moments));
    moments.map(|t| t / correction.astype(t.dtype()))
}

/// The corrected mean of updates, with Nesterov's step ahead if wanted.
pub(super) fn first_moment(
    updates: &Params,
    mu: &Params,
    b1: impl Into<Hyperparam>,
    count: &Array,
    nesterov: bool,
) -> Params {
    let b1 = b1.into();
    if !nesterov {
        return bias_correction(mu, b1, count);
    }
    let ahead = bias_correction(mu, &b1, &safe_increment(count));
    let now = bias_correction(updates, &b1, count);
    let rest = b1.complement();
    ahead.zip(&now, |m, g| m * &b1 + g * &rest)
}

/// mean / (√(square + eps_root) + eps).
pub(super) fn normalize(
    mean: &Params,
    square: &Params,
    eps_root: impl Operand,
    eps: impl Operand,
) -> Params {
    mean.zip(square, |m, v| m / ((v + &eps_root).sqrt() + &eps))
}
