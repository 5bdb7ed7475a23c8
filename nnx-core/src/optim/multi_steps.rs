//! Gradient accumulation.

use super::extra::without_extra;
use super::{ExtraArgs, GradientTransformation, Params, safe_increment};
use crate::array::select;
use crate::graph::Array;
use crate::module::walk::{collect_leaves, rebuild};
use crate::module::{OptState, Variable};
use crate::value::DType;
use nnx_derive::Module;

/// See [`multi_steps`].
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct MultiSteps<T> {
    inner: T,
    every: i32,
}

/// Takes a step of `inner` with the mean of the gradients of every `every` calls; the calls
/// between change nothing. `optax.MultiSteps`.
///
/// # Panics
/// Panics if `every` is less than 1.
#[track_caller]
pub fn multi_steps<T: GradientTransformation>(inner: T, every: i32) -> MultiSteps<T> {
    if every < 1 {
        crate::error::raise(crate::error::Error::Invalid(format!(
            "multi_steps: a step needs at least one gradient, got {every}"
        )));
    }
    MultiSteps { inner, every }
}

/// The state of gradient accumulation.
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct MultiStepsState<S> {
    /// Gradients since the last step, an i32 scalar.
    pub mini_step: Variable<OptState>,
    /// Steps taken, an i32 scalar.
    pub gradient_step: Variable<OptState>,
    /// The state of the transformation inside.
    pub inner_opt_state: S,
    /// The running mean of gradients.
    pub acc_grads: Params,
}

impl<T: GradientTransformation> GradientTransformation for MultiSteps<T> {
    type State = MultiStepsState<T::State>;

    fn init(&self, params: &Params) -> Self::State {
        MultiStepsState {
            mini_step: Variable::new(Array::scalar(0_i32)),
            gradient_step: Variable::new(Array::scalar(0_i32)),
            inner_opt_state: self.inner.init(params),
            acc_grads: params.zeros_like().astype(DType::F32),
        }
    }

    without_extra!();

    #[track_caller]
    fn update_with(
        &self,
        updates: Params,
        state: &mut Self::State,
        params: &Params,
        extra: &ExtraArgs<'_>,
    ) -> Params {
        let seen = state.mini_step.value().clone();
        let mean = updates.zip(&state.acc_grads, |g, acc| acc + (g - acc) / (&seen + 1));
        let emit = seen.eq(self.every - 1);
        // The inner step is computed at every call and kept at the last.
        let before = collect_leaves(&state.inner_opt_state);
        let mut next = rebuild(&state.inner_opt_state, |_, array| array.clone());
        let gradients = mean.zip(&updates, |mean, g| mean.astype(g.dtype()));
        let step = self.inner.update_with(gradients, &mut next, params, extra);
        let next = rebuild(&next, |i, new| {
            let old = &before[i].array;
            select(&emit.broadcast_to(old.shape()), &new.astype(old.dtype()), old)
        });
        let stepped = safe_increment(&state.gradient_step);
        let keep = 1 - &emit.astype(DType::I32);
        *state = MultiStepsState {
            mini_step: Variable::new(safe_increment(&seen) % self.every),
            gradient_step: Variable::new(select(&emit, &stepped, &state.gradient_step)),
            acc_grads: mean.map(|mean| mean * &keep),
            inner_opt_state: next,
        };
        step.map(|update| update * emit.astype(update.dtype()))
    }
}
