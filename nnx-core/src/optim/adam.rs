//! Scaling by Adam's moments.

use super::scale::COUNT_DTYPE;
use super::{GradientTransformation, Params, safe_increment};
use crate::Array;
use crate::module::{OptState, Variable};
use nnx_derive::Module;

/// See [`scale_by_adam`].
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ScaleByAdam {
    b1: f64,
    b2: f64,
    eps: f64,
    eps_root: f64,
    nesterov: bool,
}

/// Divides the running mean of updates by the root of the running mean of their squares, both
/// corrected for their start at zero. b1 = 0.9, b2 = 0.999, eps = 1e-8 unless set.
/// `optax.scale_by_adam`.
///
/// Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2014.
pub fn scale_by_adam() -> ScaleByAdam {
    ScaleByAdam { b1: 0.9, b2: 0.999, eps: 1e-8, eps_root: 0.0, nesterov: false }
}

impl ScaleByAdam {
    /// Decay of the mean of updates.
    pub fn b1(self, b1: f64) -> Self {
        ScaleByAdam { b1, ..self }
    }
    /// Decay of the mean of squares.
    pub fn b2(self, b2: f64) -> Self {
        ScaleByAdam { b2, ..self }
    }
    /// Added to the root.
    pub fn eps(self, eps: f64) -> Self {
        ScaleByAdam { eps, ..self }
    }
    /// Added below the root.
    pub fn eps_root(self, eps_root: f64) -> Self {
        ScaleByAdam { eps_root, ..self }
    }
    /// Adam with Nesterov's momentum.
    ///
    /// Source: Dozat, "Incorporating Nesterov Momentum into Adam", 2016.
    pub fn nesterov(self, nesterov: bool) -> Self {
        ScaleByAdam { nesterov, ..self }
    }
}

/// The moments of Adam.
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ScaleByAdamState {
    /// Steps taken, an i32 scalar.
    pub count: Variable<OptState>,
    /// Running mean of updates.
    pub mu: Params,
    /// Running mean of squared updates.
    pub nu: Params,
}

impl ScaleByAdamState {
    pub(super) fn new(params: &Params) -> Self {
        ScaleByAdamState {
            count: Variable::new(Array::scalar(0_i32)),
            mu: params.zeros_like(),
            nu: params.zeros_like(),
        }
    }
}

impl GradientTransformation for ScaleByAdam {
    type State = ScaleByAdamState;

    fn init(&self, params: &Params) -> ScaleByAdamState {
        ScaleByAdamState::new(params)
    }

    fn update(&self, updates: Params, state: &mut ScaleByAdamState, _: &Params) -> Params {
        let mu = update_moment(&updates, &state.mu, self.b1);
        let nu = update_moment(&updates.map(Array::square), &state.nu, self.b2);
        let count = safe_increment(&state.count);
        let mu_hat = first_moment(&updates, &mu, self.b1, &count, self.nesterov);
        let nu_hat = bias_correction(&nu, self.b2, &count);
        *state = ScaleByAdamState { count: Variable::new(count), mu, nu };
        mu_hat.zip(&nu_hat, |m, v| m / ((v + self.eps_root).sqrt() + self.eps))
    }
}

/// (1 − decay) · value + decay · moment. `optax.tree.update_moment`.
pub(super) fn update_moment(values: &Params, moments: &Params, decay: f64) -> Params {
    values.zip(moments, |g, t| g * (1.0 - decay) + t * decay)
}

/// moment / (1 − decay^count). `optax.tree.bias_correction`.
pub(super) fn bias_correction(moments: &Params, decay: f64, count: &Array) -> Params {
    // The power is taken in f32: in a short dtype it could round to 1.
    let count = count.astype(COUNT_DTYPE);
    let correction = 1.0 - count.full_like(decay).pow(&count);
    moments.map(|t| t / correction.astype(t.dtype()))
}

/// The corrected mean, with Nesterov's step ahead if wanted.
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
