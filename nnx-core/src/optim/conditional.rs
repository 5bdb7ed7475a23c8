//! Transformations that work at some steps only.

use super::extra::without_extra;
use super::functions::UserFunction;
use super::tree::select_state;
use super::{ExtraArgs, GradientTransformation, Params, safe_increment};
use crate::graph::Array;
use crate::module::walk::rebuild;
use crate::module::{OptState, Variable};
use nnx_derive::Module;
use std::sync::Arc;

type Condition = UserFunction<dyn Fn(&Array, &ExtraArgs<'_>) -> Array + Send + Sync>;

/// See [`conditionally_transform`].
///
/// ```
/// use nnx::optim::{Conditionally, Optimizer, Sgd, conditionally_mask, sgd};
/// use nnx::{Array, Param};
///
/// let x = Param::new(Array::scalar(0.0_f32));
/// let tx: Conditionally<Sgd> = conditionally_mask(sgd(0.1), |step, _| step.lt(100));
/// assert_eq!(Optimizer::new(&x, tx).opt_state.step.item::<i32>(), 0);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct Conditionally<T> {
    inner: T,
    should_transform: Condition,
    /// Whether updates that are not transformed become 0.
    masks: bool,
}

/// `inner` at the steps at which `should_transform` gives true; at others updates pass unchanged, and the state of
/// `inner` stays. The function gets the number of updates before, an i32 scalar, and what the optimizer was told
/// besides gradients. `optax.conditionally_transform`.
///
/// Static, and only clones of this very transformation count as equal, so that a jitted function is compiled again for
/// a new one.
///
/// ```
/// use nnx::optim::{Optimizer, clip, conditionally_transform, sgd};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// // Gradients are bounded in the first two steps.
/// let clipped = conditionally_transform(clip(1.0), |step, _| step.lt(2));
/// let mut opt = Optimizer::new(&x, (clipped, sgd(1.0)));
/// let gradient = Param::new(Array::scalar(-5.0_f32));
/// let mut after = |_| {
///     opt.update(&mut x, &gradient);
///     x.item::<f32>()
/// };
/// assert_eq!([0, 1, 2].map(|i| after(i)), [1.0, 2.0, 7.0]);
/// ```
pub fn conditionally_transform<T: GradientTransformation>(
    inner: T,
    should_transform: impl Fn(&Array, &ExtraArgs<'_>) -> Array + Send + Sync + 'static,
) -> Conditionally<T> {
    Conditionally {
        inner,
        should_transform: UserFunction(Arc::new(should_transform)),
        masks: false,
    }
}

/// `inner` at the steps at which `should_transform` gives true; at others updates become 0, and the state of `inner`
/// stays. `optax.conditionally_mask`; the function is that of [`conditionally_transform`].
///
/// ```
/// use nnx::optim::{Optimizer, conditionally_mask, sgd};
/// use nnx::{Array, Param};
///
/// let every_second = conditionally_mask(sgd(1.0), |step, _| (step % 2).eq(0));
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, every_second);
/// for _ in 0..4 {
///     opt.update(&mut x, &Param::new(Array::scalar(1.0_f32)));
/// }
/// assert_eq!(x.item::<f32>(), -2.0);
/// ```
pub fn conditionally_mask<T: GradientTransformation>(
    inner: T,
    should_transform: impl Fn(&Array, &ExtraArgs<'_>) -> Array + Send + Sync + 'static,
) -> Conditionally<T> {
    Conditionally { masks: true, ..conditionally_transform(inner, should_transform) }
}

/// The state inside, and how many updates there were.
///
/// ```
/// use nnx::optim::{ConditionallyState, Optimizer, adam, conditionally_mask};
/// use nnx::{Array, Param};
///
/// let once = conditionally_mask(adam(0.1), |step, _| step.eq(0));
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, once);
/// for _ in 0..3 {
///     opt.update(&mut x, &Param::new(Array::scalar(1.0_f32)));
/// }
/// let state: &ConditionallyState<_> = &opt.opt_state;
/// assert_eq!(state.step.item::<i32>(), 3);
/// // Adam has seen one gradient.
/// assert_eq!(state.inner_state.0.count.item::<i32>(), 1);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ConditionallyState<S> {
    /// The state of the transformation inside.
    pub inner_state: S,
    /// Updates so far, an i32 scalar.
    pub step: Variable<OptState>,
}

impl<T: GradientTransformation> GradientTransformation for Conditionally<T> {
    type State = ConditionallyState<T::State>;

    #[track_caller]
    fn init(&self, params: &Params) -> Self::State {
        ConditionallyState {
            inner_state: self.inner.init(params),
            step: Variable::new(Array::scalar(0_i32)),
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
        let take = (self.should_transform.0)(&state.step, extra);
        let mut next = rebuild(&state.inner_state, |_, array| array.clone());
        let stepped = self.inner.update_with(updates.clone(), &mut next, params, extra);
        state.inner_state = select_state(&take, &next, &state.inner_state);
        state.step.set(safe_increment(&state.step));
        let otherwise = if self.masks { stepped.zeros_like() } else { updates };
        stepped.select(&take, &otherwise)
    }

    /// Updates that pass would keep the axis of examples.
    fn takes_examples(&self) -> bool {
        self.masks && self.inner.takes_examples()
    }
}
