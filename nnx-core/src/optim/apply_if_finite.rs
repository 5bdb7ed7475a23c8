//! Steps that are left out where an update is not finite.

use super::extra::without_extra;
use super::tree::select_state;
use super::{ExtraArgs, GradientTransformation, Params, safe_increment};
use crate::array::{select, where_};
use crate::graph::Array;
use crate::module::walk::rebuild;
use crate::module::{OptState, Variable};
use nnx_derive::Module;

/// See [`apply_if_finite`].
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ApplyIfFinite<T> {
    inner: T,
    max_consecutive_errors: i32,
}

/// Leaves a step of `inner` out, its state with it, where an update has a NaN or an infinity; after more than
/// `max_consecutive_errors` such steps in a row, they are taken. `optax.apply_if_finite`.
pub fn apply_if_finite<T: GradientTransformation>(
    inner: T,
    max_consecutive_errors: i32,
) -> ApplyIfFinite<T> {
    ApplyIfFinite { inner, max_consecutive_errors }
}

/// How the last updates were.
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ApplyIfFiniteState<S> {
    /// Updates that were not finite since the last one that was, an i32 scalar.
    pub notfinite_count: Variable<OptState>,
    /// Whether the last update was finite, a bool scalar.
    pub last_finite: Variable<OptState>,
    /// Updates that were not finite in all, an i32 scalar.
    pub total_notfinite: Variable<OptState>,
    /// The state of the transformation inside.
    pub inner_state: S,
}

impl<T: GradientTransformation> GradientTransformation for ApplyIfFinite<T> {
    type State = ApplyIfFiniteState<T::State>;

    fn init(&self, params: &Params) -> Self::State {
        ApplyIfFiniteState {
            notfinite_count: Variable::new(Array::scalar(0_i32)),
            last_finite: Variable::new(Array::scalar(true)),
            total_notfinite: Variable::new(Array::scalar(0_i32)),
            inner_state: self.inner.init(params),
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
        let mut finite = Array::scalar(true);
        for update in updates.arrays() {
            finite &= update.is_finite().all(..);
        }
        let in_a_row = where_(&finite, 0, safe_increment(&state.notfinite_count));
        let take = &finite | in_a_row.gt(self.max_consecutive_errors);
        // The step is computed in any case, and kept if it is to be taken.
        let mut next = rebuild(&state.inner_state, |_, array| array.clone());
        let stepped = self.inner.update_with(updates, &mut next, params, extra);
        let inner_state = select_state(&take, &next, &state.inner_state);
        let total = safe_increment(&state.total_notfinite);
        *state = ApplyIfFiniteState {
            notfinite_count: Variable::new(in_a_row),
            total_notfinite: Variable::new(select(&finite, &state.total_notfinite, &total)),
            last_finite: Variable::new(finite),
            inner_state,
        };
        stepped.map(|u| select(take.broadcast_to(u.shape()), u, u.zeros_like()))
    }

    fn takes_examples(&self) -> bool {
        self.inner.takes_examples()
    }
}
