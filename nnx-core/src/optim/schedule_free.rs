//! Schedule-free optimizers: means of parameters in place of rates that fall.

use super::extra::without_extra;
use super::hyper::{learning_rate, number, optimizer};
use super::{
    AddDecayedWeights, ExtraArgs, GradientTransformation, LearningRate, Params,
    ScaleByLearningRate, ScaleByRms, Sgd, add_decayed_weights, safe_increment,
    scale_by_learning_rate, scale_by_rms, sgd, tree, warmup_constant_schedule,
};
use crate::array::where_;
use crate::error::{Error, raise};
use crate::graph::Array;
use crate::module::{OptState, Variable};
use crate::value::DType;
use nnx_derive::Module;

/// See [`schedule_free`].
///
/// ```
/// use nnx::optim::{Optimizer, ScheduleFree, Sgd, schedule_free, sgd};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let tx: ScheduleFree<Sgd> = schedule_free(sgd(1.0), 1.0);
/// let mut opt = Optimizer::new(&x, tx);
/// // Both copies of the rate.
/// opt.tx.set_learning_rate(0.5);
/// opt.tx.base_optimizer.set_learning_rate(0.5);
/// opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
/// assert!((x.item::<f32>() + 2.0).abs() < 1e-5);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ScheduleFree<T> {
    /// The optimizer, which has a copy of the rate.
    pub base_optimizer: T,
    learning_rate: LearningRate,
    b1: f64,
    weight_lr_power: f64,
    state_dtype: Option<DType>,
}

/// Steps of `base_optimizer` along z, whose mean is x; gradients are taken at y, between both, which the model holds.
/// `learning_rate` is that of the optimizer. `optax.contrib.schedule_free`.
///
/// Both copies of a rate that is set later must be set: `tx.set_learning_rate(&rate)`, by which steps count in the mean,
/// and `tx.base_optimizer.set_learning_rate(&rate)`, by which they go.
///
/// The model is evaluated at x:
///
/// ```
/// use nnx::optim::{Optimizer, schedule_free, schedule_free_eval_params, sgd};
/// use nnx::{Array, Param, value_and_grad};
///
/// let loss_fn = |x: &mut Param| (x.value() - 3.0).square().sum(..);
/// let mut model = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&model, schedule_free(sgd(0.3), 0.3));
/// for _ in 0..50 {
///     let (_, grads) = value_and_grad(loss_fn, &mut model);
///     opt.update(&mut model, &grads);
/// }
/// let x = schedule_free_eval_params(&opt.opt_state, &opt.params(&model));
/// assert!((opt.put(&model, &x).item::<f32>() - 3.0).abs() < 0.2);
/// ```
///
/// Source: Defazio et al., "The Road Less Scheduled", 2024.
pub fn schedule_free<T: GradientTransformation>(
    base_optimizer: T,
    learning_rate: impl Into<LearningRate>,
) -> ScheduleFree<T> {
    ScheduleFree {
        base_optimizer,
        learning_rate: learning_rate.into(),
        b1: 0.9,
        weight_lr_power: 2.0,
        state_dtype: None,
    }
}

impl<T> ScheduleFree<T> {
    learning_rate!();

    number! {
        /// How near to the mean gradients are taken.
        b1: f64 = 0.9
    }
    number! {
        /// A step counts in the mean by this power of the largest rate.
        weight_lr_power: f64 = 2.0
    }
    number! {
        /// The dtype of z; that of the parameters if there is none.
        state_dtype: Option<DType> = None
    }
}

/// Where the optimizer is.
///
/// ```
/// use nnx::optim::{Optimizer, ScheduleFreeState, schedule_free_sgd};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, schedule_free_sgd(0.5));
/// for _ in 0..2 {
///     opt.update(&mut x, &Param::new(Array::scalar(2.0_f32)));
/// }
/// let state: &ScheduleFreeState<_> = &opt.opt_state;
/// assert_eq!(state.step_count.item::<i32>(), 3);
/// assert_eq!(state.z.get("").unwrap().item::<f32>(), -2.0);
/// // Two steps, each with the square of the rate.
/// assert!((state.weight_sum.item::<f32>() - 0.5).abs() < 1e-5);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ScheduleFreeState<S> {
    /// How near to the mean gradients are taken.
    pub b1: Variable<OptState>,
    /// The sum of the weights of steps.
    pub weight_sum: Variable<OptState>,
    /// The number of the next step, from 1, an i32 scalar.
    pub step_count: Variable<OptState>,
    /// The largest rate.
    pub max_lr: Variable<OptState>,
    /// The state of the optimizer.
    pub base_optimizer_state: S,
    /// Where the optimizer is.
    pub z: Params,
}

/// The mean x of the parameters, of `params` that a step with [`schedule_free`] has made, and its state.
/// `optax.contrib.schedule_free_eval_params`.
///
/// ```
/// use nnx::optim::{Optimizer, schedule_free_eval_params, schedule_free_sgd};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, schedule_free_sgd(0.5));
/// for _ in 0..2 {
///     opt.update(&mut x, &Param::new(Array::scalar(2.0_f32)));
/// }
/// // z went to −1 and −2, and x is the mean of both; the model is at y.
/// let mean = schedule_free_eval_params(&opt.opt_state, &opt.params(&x));
/// assert!((mean.get("").unwrap().item::<f32>() + 1.5).abs() < 1e-5);
/// assert!((x.item::<f32>() + 1.55).abs() < 1e-5);
/// ```
///
/// # Panics
/// Panics if the state is one of other parameters.
#[track_caller]
pub fn schedule_free_eval_params<S>(state: &ScheduleFreeState<S>, params: &Params) -> Params {
    params.zip(&state.z, |y, z| {
        let b1 = state.b1.astype(y.dtype());
        (y - (1.0 - &b1) * z) / b1
    })
}

impl<T: GradientTransformation> GradientTransformation for ScheduleFree<T> {
    type State = ScheduleFreeState<T::State>;

    #[track_caller]
    fn init(&self, params: &Params) -> Self::State {
        ScheduleFreeState {
            b1: tree::number(params, self.b1),
            weight_sum: tree::number(params, 0.0),
            step_count: Variable::new(Array::scalar(1_i32)),
            max_lr: tree::number(params, 0.0),
            base_optimizer_state: self.base_optimizer.init(params),
            z: self.state_dtype.map_or_else(|| params.clone(), |dtype| params.astype(dtype)),
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
        let b1 = self.b1;
        let rate = self.learning_rate.at(&state.step_count, state.max_lr.dtype());
        let max_lr = state.max_lr.maximum(rate);
        let weight = max_lr.pow(self.weight_lr_power);
        let total = state.weight_sum.value() + &weight;
        // 0 / 0, of rates that are 0 so far, does not move the mean; a rate that is NaN stays.
        let share = weight / &total;
        let share = where_(&(share.is_nan() & total.is_nan().logical_not()), 0.0, share);
        let base = &mut state.base_optimizer_state;
        let steps = self.base_optimizer.update_with(updates, base, params, extra);
        let z = state.z.zip(&steps, |z, step| (z + step).astype(z.dtype()));
        let x = params.zip(&state.z, |y, z| (y - z * (1.0 - b1)) / b1);
        let x = x.zip(&z, |x, z| {
            let share = share.astype(x.dtype());
            x * (1.0 - &share) + z * share
        });
        let y = x.zip(&z, |x, z| x * b1 + z * (1.0 - b1));
        state.weight_sum.set(total);
        state.step_count.set(safe_increment(&state.step_count));
        state.max_lr.set(max_lr);
        state.z = z;
        y.zip(params, |next, p| next - p)
    }

    fn takes_examples(&self) -> bool {
        self.base_optimizer.takes_examples()
    }
}

/// The rate after a warm-up of so many steps, if there is one.
#[track_caller]
fn warmed_up(rate: &LearningRate, warmup_steps: Option<i32>) -> LearningRate {
    match (rate, warmup_steps) {
        (_, None) => rate.clone(),
        (LearningRate::Constant(rate), Some(steps)) => {
            warmup_constant_schedule(0.0, *rate, steps).into()
        }
        (_, Some(_)) => raise(Error::Invalid(
            "schedule_free: a warm-up of warmup_steps needs a learning rate that is a number\n\
             fix: make it a part of the schedule"
                .into(),
        )),
    }
}

optimizer! {
    ScheduleFreeSgd;
    /// Gradient descent without a schedule. `optax.contrib.schedule_free_sgd`; see [`schedule_free`].
    ///
    /// ```
    /// use nnx::optim::{Optimizer, schedule_free_sgd};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, schedule_free_sgd(0.5));
    /// for _ in 0..2 {
    ///     opt.update(&mut x, &Param::new(Array::scalar(2.0_f32)));
    /// }
    /// // 0.9 of the mean of −1 and −2, and 0.1 of −2.
    /// assert!((x.item::<f32>() + 1.55).abs() < 1e-3);
    /// ```
    schedule_free_sgd {
        /// In how many steps the rate, a number, rises to its value, if it does.
        warmup_steps: Option<i32> = None,
        /// How near to the mean gradients are taken.
        b1: f64 = 0.9,
        /// How strongly parameters are pulled to zero, if they are.
        weight_decay: Option<f64> = None,
        /// A step counts in the mean by this power of the largest rate.
        weight_lr_power: f64 = 2.0,
        /// The dtype of z; that of the parameters if there is none.
        state_dtype: Option<DType> = None,
    }
    |o| -> ScheduleFree<(Option<AddDecayedWeights>, Sgd)> {
        let rate = warmed_up(&o.learning_rate, o.warmup_steps);
        let base = (o.weight_decay.map(add_decayed_weights), sgd(rate.clone()));
        schedule_free(base, rate).b1(o.b1).weight_lr_power(o.weight_lr_power).state_dtype(o.state_dtype)
    }
}

optimizer! {
    ScheduleFreeAdamW;
    /// AdamW without a schedule. `optax.contrib.schedule_free_adamw`; see [`schedule_free`].
    ///
    /// ```
    /// use nnx::optim::{Optimizer, schedule_free_adamw};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, schedule_free_adamw(0.1));
    /// for _ in 0..2 {
    ///     opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
    /// }
    /// // 0.9 of the mean of −0.1 and −0.2, and 0.1 of −0.2.
    /// assert!((x.item::<f32>() + 0.155).abs() < 1e-4);
    /// ```
    schedule_free_adamw {
        /// In how many steps the rate, a number, rises to its value, if it does.
        warmup_steps: Option<i32> = None,
        /// How near to the mean gradients are taken.
        b1: f64 = 0.9,
        /// Decay of the mean of squares.
        b2: f64 = 0.999,
        /// Added to the root.
        eps: f64 = 1e-8,
        /// How strongly parameters are pulled to zero, in units of the learning rate.
        weight_decay: f64 = 0.0,
        /// A step counts in the mean by this power of the largest rate.
        weight_lr_power: f64 = 2.0,
        /// The dtype of z; that of the parameters if there is none.
        state_dtype: Option<DType> = None,
    }
    |o| -> ScheduleFree<(ScaleByRms, AddDecayedWeights, ScaleByLearningRate)> {
        let rate = warmed_up(&o.learning_rate, o.warmup_steps);
        let rms = scale_by_rms().decay(o.b2).eps(o.eps).eps_in_sqrt(false).bias_correction(true);
        let decay = add_decayed_weights(o.weight_decay);
        let base = (rms, decay, scale_by_learning_rate(rate.clone()));
        schedule_free(base, rate).b1(o.b1).weight_lr_power(o.weight_lr_power).state_dtype(o.state_dtype)
    }
}
