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
///
/// ```
/// use nnx::optim::{ApplyIfFinite, Optimizer, Sgd, apply_if_finite, sgd};
/// use nnx::{Array, Param};
///
/// let x = Param::new(Array::scalar(0.0_f32));
/// let opt: Optimizer<ApplyIfFinite<Sgd>> = Optimizer::new(&x, apply_if_finite(sgd(0.1), 5));
/// assert!(opt.opt_state.last_finite.item::<bool>());
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ApplyIfFinite<T> {
    inner: T,
    max_consecutive_errors: i32,
}

/// Leaves a step of `inner` out, its state with it, where an update has a NaN or an infinity; after more than
/// `max_consecutive_errors` such steps in a row, they are taken. `optax.apply_if_finite`.
///
/// ```
/// use nnx::optim::{Optimizer, apply_if_finite, sgd};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, apply_if_finite(sgd(1.0), 5));
/// for gradient in [1.0, f32::NAN, 2.0] {
///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
/// }
/// assert_eq!(x.item::<f32>(), -3.0);
/// ```
pub fn apply_if_finite<T: GradientTransformation>(
    inner: T,
    max_consecutive_errors: i32,
) -> ApplyIfFinite<T> {
    ApplyIfFinite { inner, max_consecutive_errors }
}

/// How the last updates were.
///
/// ```
/// use nnx::optim::{ApplyIfFiniteState, Optimizer, apply_if_finite, sgd};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, apply_if_finite(sgd(1.0), 5));
/// for gradient in [f32::NAN, 1.0, f32::INFINITY, f32::NAN] {
///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
/// }
/// let state: &ApplyIfFiniteState<_> = &opt.opt_state;
/// assert_eq!(state.notfinite_count.item::<i32>(), 2);
/// assert_eq!(state.total_notfinite.item::<i32>(), 3);
/// assert!(!state.last_finite.item::<bool>());
/// ```
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
