//! Backtracking: shorter steps until the loss decreases enough.

use super::super::extra::without_extra;
use super::super::hyper::transformation;
use super::super::{ExtraArgs, GradientTransformation, Params};
use super::{number, real_dtype};
use crate::array::where_;
use crate::graph::Array;
use crate::module::{OptState, Variable};
use crate::transform::while_loop;
use nnx_derive::Module;

const NAME: &str = "scale_by_backtracking_linesearch";

transformation! {
    ScaleByBacktrackingLinesearch;
    /// Scales updates by the first step size at which the loss decreases enough:
    /// loss(p + s · u) ≤ (1 + `rtol`) · loss(p) + `slope_rtol` · s · slope + `atol`. Each try is `decrease_factor` times
    /// the one before it, and the first one `increase_factor` times the size that the step before ended with. A step
    /// that never gives a finite loss is left out. `optax.scale_by_backtracking_linesearch`, whose `verbose` is
    /// [`info`](ScaleByBacktrackingLinesearchState::info) here. Needs [`ExtraArgs::value`] and [`ExtraArgs::value_fn`].
    ///
    /// ```
    /// use nnx::optim::{ExtraArgs, Optimizer, scale_by_backtracking_linesearch, sgd};
    /// use nnx::{Array, Param, value_and_grad};
    ///
    /// let loss_fn = |x: &mut Param| x.square().sum(..);
    /// let mut x = Param::new(Array::from([1.0_f32, -3.0]));
    /// let mut opt = Optimizer::new(&x, (sgd(1.0), scale_by_backtracking_linesearch(15)));
    /// let (loss, grads) = value_and_grad(&loss_fn, &mut x);
    /// opt.update_with(&mut x, &grads, ExtraArgs::new().value(&loss).value_fn(&loss_fn));
    /// assert!(loss_fn(&mut x).item::<f32>() < loss.item::<f32>());
    /// ```
    ///
    /// Source: Vaswani et al., "Painless Stochastic Gradient: Interpolation, Line-Search, and Convergence Rates", 2019.
    scale_by_backtracking_linesearch(max_backtracking_steps: i32) {
        /// The part of the slope that the loss must follow.
        slope_rtol: f64 = 1e-4,
        /// From one try to the next.
        decrease_factor: f64 = 0.8,
        /// From the size of one step to the first try of the next.
        increase_factor: f64 = 1.5,
        /// The largest step size.
        max_learning_rate: f64 = 1.0,
        /// The excess of the loss that is allowed.
        atol: f64 = 0.0,
        /// The excess of the loss that is allowed, as a part of the loss before.
        rtol: f64 = 0.0,
        /// Whether the gradient at the end of the step is kept in the state, for
        /// [`Optimizer::value_and_grad`](crate::optim::Optimizer::value_and_grad).
        store_grad: bool = false,
    }
}

/// How the search ended. `optax.BacktrackingLinesearchInfo`.
///
/// ```
/// use nnx::optim::{
///     BacktrackingLinesearchInfo, ExtraArgs, Optimizer, scale_by_backtracking_linesearch, sgd,
/// };
/// use nnx::{Array, Param, value_and_grad};
///
/// let loss_fn = |x: &mut Param| x.square().sum(..);
/// let mut x = Param::new(Array::scalar(1.0_f32));
/// let mut opt = Optimizer::new(&x, (sgd(1.0), scale_by_backtracking_linesearch(15)));
/// let (loss, grads) = value_and_grad(&loss_fn, &mut x);
/// opt.update_with(&mut x, &grads, ExtraArgs::new().value(&loss).value_fn(&loss_fn));
/// // The size 1 leads to −1, where the loss is not less, and 0.8 to −0.6.
/// let info: &BacktrackingLinesearchInfo = &opt.opt_state.1.info;
/// assert_eq!(info.num_linesearch_steps.item::<i32>(), 2);
/// assert_eq!(info.decrease_error.item::<f32>(), 0.0);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct BacktrackingLinesearchInfo {
    /// Losses that were computed, an i32 scalar.
    pub num_linesearch_steps: Variable<OptState>,
    /// By how much the loss at the end is too large, 0 if the search succeeded.
    pub decrease_error: Variable<OptState>,
}

/// The end of the last search.
///
/// ```
/// use nnx::optim::{
///     ExtraArgs, Optimizer, ScaleByBacktrackingLinesearchState,
///     scale_by_backtracking_linesearch, sgd,
/// };
/// use nnx::{Array, Param, value_and_grad};
///
/// let loss_fn = |x: &mut Param| x.square().sum(..);
/// let mut x = Param::new(Array::scalar(1.0_f32));
/// let mut opt = Optimizer::new(&x, (sgd(1.0), scale_by_backtracking_linesearch(15)));
/// let (loss, grads) = value_and_grad(&loss_fn, &mut x);
/// opt.update_with(&mut x, &grads, ExtraArgs::new().value(&loss).value_fn(&loss_fn));
/// let state: &ScaleByBacktrackingLinesearchState = &opt.opt_state.1;
/// assert!((state.learning_rate.item::<f32>() - 0.8).abs() < 1e-6);
/// assert!((state.value.item::<f32>() - 0.36).abs() < 1e-5);
/// // Stored with `store_grad(true)` only.
/// assert!(state.grad.is_none());
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ScaleByBacktrackingLinesearchState {
    /// The step size.
    pub learning_rate: Variable<OptState>,
    /// The loss after the step.
    pub value: Variable<OptState>,
    /// The gradient after the step, if it is stored.
    pub grad: Option<Params>,
    /// How the search ended.
    pub info: BacktrackingLinesearchInfo,
}

/// A step size that was tried.
#[derive(Clone, Module)]
#[module(crate = crate)]
struct Try {
    learning_rate: Array,
    value: Array,
    decrease_error: Array,
    count: Array,
}

impl GradientTransformation for ScaleByBacktrackingLinesearch {
    type State = ScaleByBacktrackingLinesearchState;

    fn init(&self, params: &Params) -> Self::State {
        let dtype = real_dtype(params);
        ScaleByBacktrackingLinesearchState {
            learning_rate: number(1.0, dtype),
            value: number(f64::INFINITY, dtype),
            grad: self.store_grad.then(|| params.zeros_like()),
            info: BacktrackingLinesearchInfo {
                num_linesearch_steps: Variable::new(Array::scalar(0_i32)),
                decrease_error: number(f64::INFINITY, dtype),
            },
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
        let before = extra.loss(NAME).to_wide();
        let slope = updates.vdot(extra.gradients(NAME)).astype(before.dtype());
        let at = |learning_rate: &Array| params.add_scale(learning_rate, &updates);
        let infinity = before.full_like(f64::INFINITY);
        let first = state.learning_rate.astype(before.dtype()) * self.increase_factor;
        let end = while_loop(
            |t: &Try| {
                t.decrease_error.le(self.atol).logical_not()
                    & t.count.le(self.max_backtracking_steps)
            },
            |t: Try| {
                let smaller = &t.learning_rate * self.decrease_factor;
                let learning_rate = where_(t.count.gt(0), smaller, &t.learning_rate);
                let value = extra.loss_at(NAME, &at(&learning_rate)).astype(before.dtype());
                let allowed =
                    &before * (1.0 + self.rtol) + &learning_rate * self.slope_rtol * &slope;
                let error = &value - allowed;
                let decrease_error = where_(error.is_nan(), &infinity, &error).maximum(0.0);
                Try { learning_rate, value, decrease_error, count: t.count + 1 }
            },
            Try {
                learning_rate: first.minimum(self.max_learning_rate),
                value: before.clone(),
                decrease_error: infinity.clone(),
                count: Array::scalar(0_i32),
            },
        );
        if self.store_grad {
            state.grad = Some(extra.loss_and_gradients_at(NAME, &at(&end.learning_rate)).1);
        }
        let learning_rate = where_(end.decrease_error.is_inf(), 0.0, &end.learning_rate);
        let dtype = state.value.dtype();
        state.learning_rate.set(learning_rate.astype(dtype));
        state.value.set(end.value.astype(dtype));
        state.info.num_linesearch_steps.set(end.count);
        state.info.decrease_error.set(end.decrease_error.astype(dtype));
        updates.scale(&learning_rate)
    }
}
