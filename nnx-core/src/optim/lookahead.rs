//! Lookahead: parameters that follow those which an optimizer explores with.

use super::extra::without_extra;
use super::tree::select_state;
use super::{ExtraArgs, GradientTransformation, Params};
use crate::array::where_;
use crate::error::{Error, raise};
use crate::graph::Array;
use crate::module::{OptState, Variable};
use nnx_derive::Module;

/// See [`lookahead`].
///
/// ```
/// use nnx::optim::{Adam, Lookahead, Optimizer, adam, lookahead};
/// use nnx::{Array, Param};
///
/// let x = Param::new(Array::scalar(1.0_f32));
/// let opt: Optimizer<Lookahead<Adam>> = Optimizer::new(&x, lookahead(adam(1e-3), 5, 0.5));
/// assert_eq!(opt.opt_state.fast_state.0.count.item::<i32>(), 0);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct Lookahead<T> {
    fast_optimizer: T,
    sync_period: i32,
    slow_step_size: f64,
    reset_state: bool,
}

/// Steps of `fast_optimizer`; every `sync_period` steps slow parameters go `slow_step_size` of the way to where they led,
/// and the model starts again from there. `optax.lookahead`.
///
/// The model holds the fast parameters of `optax.LookaheadParams`, and the state the slow ones, which
/// [`Optimizer::put`](super::Optimizer::put) gives to the model, to evaluate it.
///
/// Source: Zhang et al., "Lookahead Optimizer: k steps forward, 1 step back", 2019.
///
/// ```
/// use nnx::optim::{Optimizer, lookahead, sgd};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(1.0_f32));
/// let mut opt = Optimizer::new(&x, lookahead(sgd(1.0), 2, 0.5));
/// for _ in 0..2 {
///     opt.update(&mut x, &Param::new(Array::scalar(1.0_f32)));
/// }
/// // The fast ones went from 1 to −1, and the slow ones half the way.
/// assert_eq!(x.item::<f32>(), 0.0);
/// assert_eq!(opt.put(&x, &opt.opt_state.slow).item::<f32>(), 0.0);
/// ```
///
/// # Panics
/// Panics if `sync_period` is less than 1.
#[track_caller]
pub fn lookahead<T: GradientTransformation>(
    fast_optimizer: T,
    sync_period: i32,
    slow_step_size: f64,
) -> Lookahead<T> {
    if sync_period < 1 {
        raise(Error::Invalid(format!(
            "lookahead: sync_period must be at least 1, got {sync_period}"
        )));
    }
    Lookahead { fast_optimizer, sync_period, slow_step_size, reset_state: false }
}

impl<T> Lookahead<T> {
    /// Whether the state of the optimizer starts anew after each period. Default: `false`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, lookahead, sgd};
    /// use nnx::{Array, Param};
    ///
    /// let fast = sgd(1.0).momentum(Some(0.5));
    /// let tx = lookahead(fast, 1, 1.0).reset_state(true);
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, tx);
    /// for _ in 0..2 {
    ///     opt.update(&mut x, &Param::new(Array::scalar(1.0_f32)));
    /// }
    /// // The second step has no momentum of the first; with it, x would be −2.5.
    /// assert_eq!(x.item::<f32>(), -2.0);
    /// ```
    pub fn reset_state(self, reset_state: bool) -> Self {
        Lookahead { reset_state, ..self }
    }
}

/// The slow parameters, and the state of the fast ones.
///
/// ```
/// use nnx::optim::{LookaheadState, Optimizer, lookahead, sgd};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(1.0_f32));
/// let mut opt = Optimizer::new(&x, lookahead(sgd(1.0), 2, 0.5));
/// for _ in 0..3 {
///     opt.update(&mut x, &Param::new(Array::scalar(1.0_f32)));
/// }
/// assert_eq!(x.item::<f32>(), -1.0);
/// // After two steps to −1 both met at 0, and the model went on alone.
/// let state: &LookaheadState<_> = &opt.opt_state;
/// assert_eq!(state.slow.get("").unwrap().item::<f32>(), 0.0);
/// assert_eq!(state.steps_since_sync.item::<i32>(), 1);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct LookaheadState<S> {
    /// The state of the optimizer.
    pub fast_state: S,
    /// Steps in this period, an i32 scalar.
    pub steps_since_sync: Variable<OptState>,
    /// The parameters that follow.
    pub slow: Params,
}

impl<T: GradientTransformation> GradientTransformation for Lookahead<T> {
    type State = LookaheadState<T::State>;

    #[track_caller]
    fn init(&self, params: &Params) -> Self::State {
        LookaheadState {
            fast_state: self.fast_optimizer.init(params),
            steps_since_sync: Variable::new(Array::scalar(0_i32)),
            slow: params.clone(),
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
        let updates =
            self.fast_optimizer.update_with(updates, &mut state.fast_state, params, extra);
        let sync = state.steps_since_sync.eq(self.sync_period - 1);
        let ahead = params.zip(&updates, |p, u| p + u).zip(&state.slow, |p, slow| p - slow);
        let share = |share: f64| where_(&sync, share as f32, 0.0_f32);
        let updates = updates.add_scale(share(self.slow_step_size - 1.0), &ahead);
        state.slow = state.slow.add_scale(share(self.slow_step_size), &ahead);
        if self.reset_state {
            let start = self.fast_optimizer.init(params);
            state.fast_state = select_state(&sync, &start, &state.fast_state);
        }
        state.steps_since_sync.set((state.steps_since_sync.value() + 1) % self.sync_period);
        updates
    }

    fn takes_examples(&self) -> bool {
        self.fast_optimizer.takes_examples()
    }
}
