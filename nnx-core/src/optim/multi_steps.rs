//! Gradient accumulation.

use super::extra::without_extra;
use super::functions::UserFunction;
use super::hyper::{number, transformation};
use super::tree::select_state;
use super::{ExtraArgs, GradientTransformation, Params, Schedule, safe_increment};
use crate::array::where_;
use crate::error::{Error, raise};
use crate::graph::Array;
use crate::module::walk::rebuild;
use crate::module::{OptState, Variable};
use crate::value::DType;
use nnx_derive::Module;
use std::sync::Arc;

/// Which gradients [`MultiSteps`] leaves out; made by [`skip_not_finite`], [`skip_large_updates`] and
/// [`SkipUpdates::custom`].
///
/// ```
/// use nnx::optim::{Params, SkipUpdates, multi_steps, sgd, skip_large_updates, skip_not_finite};
///
/// let rules: [SkipUpdates; 3] = [
///     skip_not_finite(),
///     skip_large_updates(100.0),
///     SkipUpdates::custom(|gradients: &Params, _, _| gradients.global_norm().gt(10.0)),
/// ];
/// let all = rules.map(|rule| multi_steps(sgd(0.1), 4).should_skip_update(Some(rule)));
/// assert_eq!(all.len(), 3);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct SkipUpdates(SkipRule);

#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
enum SkipRule {
    NotFinite,
    Large(f64),
    Custom(SkipFunction),
}

type SkipFunction = UserFunction<dyn Fn(&Params, &Array, &Params) -> Array + Send + Sync>;

/// Leaves out gradients that hold a NaN or an infinity. `optax.skip_not_finite`; see [`multi_steps`].
///
/// ```
/// use nnx::optim::{Optimizer, multi_steps, sgd, skip_not_finite};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let tx = multi_steps(sgd(1.0), 1).should_skip_update(Some(skip_not_finite()));
/// let mut opt = Optimizer::new(&x, tx);
/// for gradient in [1.0, f32::INFINITY, 2.0] {
///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
/// }
/// assert_eq!(x.item::<f32>(), -3.0);
/// ```
pub fn skip_not_finite() -> SkipUpdates {
    SkipUpdates(SkipRule::NotFinite)
}

/// Leaves out gradients unless the sum of their squares is less than `max_squared_norm`. `optax.skip_large_updates`;
/// see [`multi_steps`].
///
/// ```
/// use nnx::optim::{Optimizer, multi_steps, sgd, skip_large_updates};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let tx = multi_steps(sgd(1.0), 1).should_skip_update(Some(skip_large_updates(25.0)));
/// let mut opt = Optimizer::new(&x, tx);
/// for gradient in [1.0_f32, 5.0, 2.0] {
///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
/// }
/// // The square of 5 is not less than 25.
/// assert_eq!(x.item::<f32>(), -3.0);
/// ```
pub fn skip_large_updates(max_squared_norm: f64) -> SkipUpdates {
    SkipUpdates(SkipRule::Large(max_squared_norm))
}

impl SkipUpdates {
    /// Leaves out gradients for which `skips` gives true, a bool scalar. It gets the gradients, the count of steps
    /// taken, an i32 scalar, and the parameters.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, SkipUpdates, multi_steps, sgd};
    /// use nnx::{Array, Param};
    ///
    /// // Gradients after the first two steps.
    /// let late = SkipUpdates::custom(|_, step, _| step.ge(2));
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, multi_steps(sgd(1.0), 1).should_skip_update(Some(late)));
    /// for _ in 0..4 {
    ///     opt.update(&mut x, &Param::new(Array::scalar(1.0_f32)));
    /// }
    /// assert_eq!(x.item::<f32>(), -2.0);
    /// ```
    pub fn custom(
        skips: impl Fn(&Params, &Array, &Params) -> Array + Send + Sync + 'static,
    ) -> Self {
        SkipUpdates(SkipRule::Custom(UserFunction(Arc::new(skips))))
    }

    fn state(&self, updates: &Params, step: &Array, params: &Params) -> SkipState {
        let (skips, measured) = match &self.0 {
            SkipRule::NotFinite => {
                let mut count = Array::scalar(0_i32);
                for update in updates.arrays() {
                    count += update.is_finite().logical_not().astype(DType::I32).sum(..);
                }
                (count.gt(0), Some(count))
            }
            SkipRule::Large(most) => {
                let square = updates.vdot(updates);
                (square.lt(*most).logical_not(), Some(square))
            }
            SkipRule::Custom(skips) => (skips.0(updates, step, params), None),
        };
        SkipState { should_skip: Variable::new(skips), measured: measured.map(Variable::new) }
    }
}

/// Whether the last gradients were left out.
///
/// ```
/// use nnx::optim::{Optimizer, SkipState, multi_steps, sgd, skip_large_updates};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let tx = multi_steps(sgd(1.0), 1).should_skip_update(Some(skip_large_updates(25.0)));
/// let mut opt = Optimizer::new(&x, tx);
/// for gradient in [1.0_f32, 6.0] {
///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
/// }
/// let skip: &SkipState = opt.opt_state.skip_state.as_ref().unwrap();
/// assert!(skip.should_skip.item::<bool>());
/// assert_eq!(skip.measured.as_ref().unwrap().item::<f32>(), 36.0);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct SkipState {
    /// Whether they were, a bool scalar.
    pub should_skip: Variable<OptState>,
    /// By what: how many elements are not finite, or the sum of squares.
    pub measured: Option<Variable<OptState>>,
}

/// See [`multi_steps`].
///
/// ```
/// use nnx::optim::{MultiSteps, Optimizer, Sgd, multi_steps, sgd};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let tx: MultiSteps<Sgd> = multi_steps(sgd(1.0), 2).use_grad_mean(false);
/// let mut opt = Optimizer::new(&x, tx);
/// for gradient in [1.0_f32, 3.0] {
///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
/// }
/// // The sum, and not the mean.
/// assert_eq!(x.item::<f32>(), -4.0);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct MultiSteps<T> {
    inner: T,
    every: i32,
    #[module(static)]
    every_k_schedule: Option<Schedule>,
    use_grad_mean: bool,
    should_skip_update: Option<SkipUpdates>,
    accumulator_dtype: DType,
}

/// Takes a step of `inner` with the mean of the gradients of every `every` calls; the calls
/// between change nothing. `optax.MultiSteps`.
///
/// ```
/// use nnx::optim::{Optimizer, multi_steps, sgd, skip_not_finite};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let tx = multi_steps(sgd(1.0), 2).should_skip_update(Some(skip_not_finite()));
/// let mut opt = Optimizer::new(&x, tx);
/// for gradient in [1.0, f32::NAN, 3.0] {
///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
/// }
/// assert_eq!(x.item::<f32>(), -2.0);
/// assert!(opt.opt_state.has_updated().item::<bool>());
/// ```
///
/// # Panics
/// Panics if `every` is less than 1.
#[track_caller]
pub fn multi_steps<T: GradientTransformation>(inner: T, every: i32) -> MultiSteps<T> {
    if every < 1 {
        raise(Error::Invalid(format!(
            "multi_steps: a step needs at least one gradient, got {every}"
        )));
    }
    MultiSteps {
        inner,
        every,
        every_k_schedule: None,
        use_grad_mean: true,
        should_skip_update: None,
        accumulator_dtype: DType::F32,
    }
}

impl<T> MultiSteps<T> {
    number! {
        /// How many gradients the next step takes, by the count of steps taken, in place of `every`.
        every_k_schedule: Option<Schedule> = None
    }
    number! {
        /// Whether a step takes the mean of the gradients, or their sum.
        use_grad_mean: bool = true
    }
    number! {
        /// Which gradients are left out, and not counted.
        should_skip_update: Option<SkipUpdates> = None
    }
    number! {
        /// In which dtype gradients are gathered.
        accumulator_dtype: DType = DType::F32
    }
}

/// The state of gradient accumulation.
///
/// ```
/// use nnx::optim::{MultiStepsState, Optimizer, multi_steps, sgd};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, multi_steps(sgd(1.0), 2));
/// for gradient in [1.0_f32, 3.0, 5.0] {
///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
/// }
/// let state: &MultiStepsState<_> = &opt.opt_state;
/// // One step was taken, and one gradient waits.
/// assert_eq!(state.gradient_step.item::<i32>(), 1);
/// assert_eq!(state.mini_step.item::<i32>(), 1);
/// assert_eq!(state.acc_grads.get("").unwrap().item::<f32>(), 5.0);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct MultiStepsState<S> {
    /// Gradients since the last step, an i32 scalar.
    pub mini_step: Variable<OptState>,
    /// Steps taken, an i32 scalar.
    pub gradient_step: Variable<OptState>,
    /// The state of the transformation inside.
    pub inner_opt_state: S,
    /// The running mean of gradients, or their sum.
    pub acc_grads: Params,
    /// Whether the last gradients were left out, if there is a rule.
    pub skip_state: Option<SkipState>,
}

impl<S> MultiStepsState<S> {
    /// Whether the last call took a step, a bool scalar. `optax.MultiSteps.has_updated`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, multi_steps, sgd};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, multi_steps(sgd(1.0), 2));
    /// let stepped = [1.0_f32, 3.0, 5.0].map(|gradient| {
    ///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
    ///     opt.opt_state.has_updated().item::<bool>()
    /// });
    /// assert_eq!(stepped, [false, true, false]);
    /// ```
    pub fn has_updated(&self) -> Array {
        self.mini_step.eq(0) & self.gradient_step.gt(0)
    }
}

impl<T: GradientTransformation> GradientTransformation for MultiSteps<T> {
    type State = MultiStepsState<T::State>;

    fn init(&self, params: &Params) -> Self::State {
        let zero = Array::scalar(0_i32);
        let skip = self.should_skip_update.as_ref();
        MultiStepsState {
            skip_state: skip.map(|skip| skip.state(&params.zeros_like(), &zero, params)),
            mini_step: Variable::new(zero.clone()),
            gradient_step: Variable::new(zero),
            inner_opt_state: self.inner.init(params),
            acc_grads: params.zeros_like().astype(self.accumulator_dtype),
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
        let before = rebuild(&*state, |_, array| array.clone());
        let step = self.gather(&updates, state, params, extra);
        let Some(skip) = &self.should_skip_update else { return step };
        let skip = skip.state(&updates, &before.gradient_step, params);
        let gathers = skip.should_skip.logical_not();
        *state = select_state(&gathers, state, &before);
        state.skip_state = Some(skip);
        step.select(&gathers, &step.zeros_like())
    }
}

impl<T: GradientTransformation> MultiSteps<T> {
    fn gather(
        &self,
        updates: &Params,
        state: &mut MultiStepsState<T::State>,
        params: &Params,
        extra: &ExtraArgs<'_>,
    ) -> Params {
        let every = match &self.every_k_schedule {
            Some(schedule) => schedule.value(&state.gradient_step).astype(DType::I32),
            None => Array::scalar(self.every),
        };
        let seen = state.mini_step.value().clone();
        let gathered = updates.zip(&state.acc_grads, |g, acc| match self.use_grad_mean {
            true => acc + (g - acc) / (&seen + 1),
            false => g + acc,
        });
        let emit = seen.eq(&every - 1);
        // The inner step is computed at every call and kept at the last.
        let mut next = rebuild(&state.inner_opt_state, |_, array| array.clone());
        let gradients = gathered.zip(updates, |sum, g| sum.astype(g.dtype()));
        let step = self.inner.update_with(gradients, &mut next, params, extra);
        let stepped = safe_increment(&state.gradient_step);
        let keep = 1 - &emit.astype(DType::I32);
        *state = MultiStepsState {
            mini_step: Variable::new(safe_increment(&seen) % every),
            gradient_step: Variable::new(where_(&emit, stepped, &*state.gradient_step)),
            acc_grads: gathered.map(|sum| (sum * &keep).astype(self.accumulator_dtype)),
            inner_opt_state: select_state(&emit, &next, &state.inner_opt_state),
            skip_state: state.skip_state.take(),
        };
        step.map(|update| update * emit.astype(update.dtype()))
    }
}

transformation! {
    ApplyEvery;
    /// Gathers updates: their sum every `k` steps, and 0 at the steps between. `optax.apply_every`; before an optimizer
    /// with a state of its own [`multi_steps`] does what is meant.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, apply_every, sgd};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, (apply_every(2), sgd(1.0)));
    /// for gradient in [1.0_f32, 2.0, 4.0] {
    ///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
    /// }
    /// // The third gradient waits for the fourth.
    /// assert_eq!(x.item::<f32>(), -3.0);
    /// ```
    ///
    /// # Panics
    /// `init` panics if `k` is less than 1.
    apply_every(k: i32) {}
}

/// The gathered updates.
///
/// ```
/// use nnx::optim::{ApplyEveryState, Optimizer, apply_every, sgd};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, (apply_every(2), sgd(1.0)));
/// for gradient in [1.0_f32, 2.0, 4.0] {
///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
/// }
/// let state: &ApplyEveryState = &opt.opt_state.0;
/// assert_eq!(state.count.item::<i32>(), 1);
/// assert_eq!(state.grad_acc.get("").unwrap().item::<f32>(), 4.0);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ApplyEveryState {
    /// Updates that were gathered, an i32 scalar.
    pub count: Variable<OptState>,
    /// Their sum.
    pub grad_acc: Params,
}

impl GradientTransformation for ApplyEvery {
    type State = ApplyEveryState;

    #[track_caller]
    fn init(&self, params: &Params) -> ApplyEveryState {
        if self.k < 1 {
            let why = format!("apply_every: k must be at least 1, got {}", self.k);
            raise(Error::Invalid(why));
        }
        ApplyEveryState {
            count: Variable::new(Array::scalar(0_i32)),
            grad_acc: params.zeros_like(),
        }
    }

    fn update(&self, updates: Params, state: &mut ApplyEveryState, _: &Params) -> Params {
        let count = state.count.value() % self.k;
        let (gathers, emits) = (count.ne(0), count.eq(self.k - 1));
        let gathered = |acc: &Array| where_(&gathers, acc, 0.0);
        state.grad_acc = updates.zip(&state.grad_acc, |g, acc| g + gathered(acc));
        state.count.set((count + 1) % self.k);
        state.grad_acc.map(|acc| where_(&emits, acc, 0.0))
    }
}
