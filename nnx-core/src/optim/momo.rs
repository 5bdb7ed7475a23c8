//! Rates by a model of the loss: MoMo.

use super::extra::without_extra;
use super::hyper::rated;
use super::moments::power;
use super::tree::number;
use super::{ExtraArgs, GradientTransformation, Params, safe_increment};
use crate::array::where_;
use crate::graph::Array;
use crate::module::{OptState, Variable};
use nnx_derive::Module;

/// The least squared norm by which a gap is divided, as in Optax.
const TINY: f64 = f64::EPSILON;

/// The last numbers of MoMo, as they enter the model of the loss.
struct Model {
    /// Mean of losses.
    barf: Array,
    /// Mean of the products of gradients with parameters.
    gamma: Array,
    /// The product of the mean gradient with the parameters.
    product: Array,
    /// The squared norm of the mean gradient.
    square: Array,
    /// rate · weight decay: beside the 1 of `decay` it would be rounded away.
    pull: Array,
    /// 1 + rate · weight decay.
    decay: Array,
    /// The mean of ones, by which means are corrected.
    correction: Array,
}

impl Model {
    /// The bound that the step takes: `bound`, or less where the model is below it.
    fn lower(&self, bound: &Array, least: f64) -> Array {
        let scale = &self.decay * &self.correction;
        let cap = &self.decay * (&self.barf - &self.gamma) + &self.product;
        let lower = (&cap / (&scale * 2.0)).maximum(least);
        where_(cap.lt(scale * bound), lower, bound)
    }

    /// The factor of the mean gradient, at most `most`.
    fn step(&self, bound: &Array, most: &Array) -> Array {
        let gap =
            &self.decay * (&self.barf - &self.correction * bound - &self.gamma) + &self.product;
        let step = gap.maximum(0.0) / &self.square;
        most.minimum(where_(self.square.le(TINY), 0.0, step))
    }

    /// The bound after a step.
    fn next(&self, step: &Array, least: f64) -> Array {
        let loss = &self.barf + &self.product - &self.gamma - step * 0.5 * &self.square;
        (loss / &self.correction).maximum(least)
    }

    /// −pull / (1 + pull) · parameters − `step` · `direction`.
    fn descend(&self, params: &Params, step: &Array, direction: &Params) -> Params {
        params.scale(&-(&self.pull / &self.decay)).add_scale(&-step, direction)
    }
}

rated! {
    Momo;
    /// Momentum with steps by a model of the loss, at most `learning_rate`, which usually is 1. `optax.contrib.momo`.
    /// Needs [`ExtraArgs::value`].
    ///
    /// ```
    /// use nnx::optim::{ExtraArgs, Optimizer, momo};
    /// use nnx::{Array, Param, value_and_grad};
    ///
    /// let loss_fn = |x: &mut Param| (x.value() - 3.0).square().sum(..);
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, momo(1.0));
    /// for _ in 0..200 {
    ///     let (loss, grads) = value_and_grad(loss_fn, &mut x);
    ///     opt.update_with(&mut x, &grads, ExtraArgs::new().value(&loss));
    /// }
    /// assert!((x.item::<f32>() - 3.0).abs() < 0.01);
    /// ```
    ///
    /// Source: Schaipp et al., "MoMo: Momentum Models for Adaptive Learning Rates", 2023.
    momo {
        /// Decay of the means.
        beta: f64 = 0.9,
        /// A lower bound of the loss.
        lower_bound: f64 = 0.0,
        /// How strongly parameters are pulled to zero, in units of the rate.
        weight_decay: f64 = 0.0,
        /// Whether the bound follows the losses.
        adapt_lower_bound: bool = false,
    }
}

/// The means of MoMo.
///
/// ```
/// use nnx::optim::{ExtraArgs, MomoState, Optimizer, momo};
/// use nnx::{Array, Param, value_and_grad};
///
/// let loss_fn = |x: &mut Param| (x.value() - 3.0).square().sum(..);
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, momo(1.0));
/// let (loss, grads) = value_and_grad(loss_fn, &mut x);
/// opt.update_with(&mut x, &grads, ExtraArgs::new().value(&loss));
/// let state: &MomoState = &opt.opt_state;
/// // The mean of one loss, 9, and of one gradient.
/// assert_eq!(state.barf.item::<f32>(), 9.0);
/// assert_eq!(state.exp_avg.get("").unwrap().item::<f32>(), -6.0);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct MomoState {
    /// Running mean of updates.
    pub exp_avg: Params,
    /// Running mean of losses.
    pub barf: Variable<OptState>,
    /// Running mean of the products of updates with parameters.
    pub gamma: Variable<OptState>,
    /// A lower bound of the loss.
    pub lb: Variable<OptState>,
    /// Steps taken, an i32 scalar.
    pub count: Variable<OptState>,
}

impl GradientTransformation for Momo {
    type State = MomoState;

    fn init(&self, params: &Params) -> MomoState {
        MomoState {
            exp_avg: params.zeros_like(),
            barf: number(params, 0.0),
            gamma: number(params, 0.0),
            lb: number(params, self.lower_bound),
            count: Variable::new(Array::scalar(0_i32)),
        }
    }

    without_extra!();

    #[track_caller]
    fn update_with(
        &self,
        updates: Params,
        state: &mut MomoState,
        params: &Params,
        extra: &ExtraArgs<'_>,
    ) -> Params {
        let dtype = state.barf.dtype();
        let value = extra.loss("momo").astype(dtype);
        let rate = self.learning_rate.at(&state.count, dtype);
        let beta = where_(state.count.eq(0), 0.0, Array::constant_scalar(dtype, self.beta));
        let mean = |before: &Array, now: &Array| before * &beta + now * (1.0 - &beta);
        state.exp_avg = state.exp_avg.scale(&beta).add_scale(&(1.0 - &beta), &updates);
        let pull = &rate * self.weight_decay;
        let model = Model {
            barf: mean(&state.barf, &value),
            gamma: mean(&state.gamma, &updates.vdot(params)),
            product: state.exp_avg.vdot(params),
            square: state.exp_avg.vdot(&state.exp_avg),
            decay: &pull + 1.0,
            pull,
            correction: rate.full_like(1.0),
        };
        let mut bound = state.lb.value().clone();
        if self.adapt_lower_bound {
            bound = model.lower(&bound, self.lower_bound);
        }
        let step = model.step(&bound, &rate);
        if self.adapt_lower_bound {
            state.lb.set(model.next(&step, self.lower_bound));
        }
        let updates = model.descend(params, &step, &state.exp_avg);
        state.barf.set(model.barf);
        state.gamma.set(model.gamma);
        state.count.set(safe_increment(&state.count));
        updates
    }
}

rated! {
    MomoAdam;
    /// Adam with steps by a model of the loss, at most `learning_rate`, which usually is 0.01. `optax.contrib.momo_adam`;
    /// see [`momo`]. Needs [`ExtraArgs::value`].
    ///
    /// ```
    /// use nnx::optim::{ExtraArgs, Optimizer, momo_adam};
    /// use nnx::{Array, Param, value_and_grad};
    ///
    /// let loss_fn = |x: &mut Param| (x.value() - 3.0).square().sum(..);
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, momo_adam(0.1));
    /// for _ in 0..200 {
    ///     let (loss, grads) = value_and_grad(loss_fn, &mut x);
    ///     opt.update_with(&mut x, &grads, ExtraArgs::new().value(&loss));
    /// }
    /// assert!((x.item::<f32>() - 3.0).abs() < 0.05);
    /// ```
    ///
    /// Source: Schaipp et al., "MoMo: Momentum Models for Adaptive Learning Rates", 2023.
    momo_adam {
        /// Decay of the means of updates and losses.
        b1: f64 = 0.9,
        /// Decay of the mean of squared updates.
        b2: f64 = 0.999,
        /// Added to the root.
        eps: f64 = 1e-8,
        /// A lower bound of the loss.
        lower_bound: f64 = 0.0,
        /// How strongly parameters are pulled to zero, in units of the rate.
        weight_decay: f64 = 0.0,
        /// Whether the bound follows the losses.
        adapt_lower_bound: bool = false,
    }
}

/// The means of MoMo-Adam.
///
/// ```
/// use nnx::optim::{ExtraArgs, MomoAdamState, Optimizer, momo_adam};
/// use nnx::{Array, Param, value_and_grad};
///
/// let loss_fn = |x: &mut Param| (x.value() - 3.0).square().sum(..);
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, momo_adam(0.01).b1(0.5));
/// let (loss, grads) = value_and_grad(loss_fn, &mut x);
/// opt.update_with(&mut x, &grads, ExtraArgs::new().value(&loss));
/// let state: &MomoAdamState = &opt.opt_state;
/// // 0.5 · 9 and 0.5 · −6: the means are not corrected here.
/// assert_eq!(state.barf.item::<f32>(), 4.5);
/// assert_eq!(state.exp_avg.get("").unwrap().item::<f32>(), -3.0);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct MomoAdamState {
    /// Running mean of updates.
    pub exp_avg: Params,
    /// Running mean of squared updates.
    pub exp_avg_sq: Params,
    /// Running mean of losses.
    pub barf: Variable<OptState>,
    /// Running mean of the products of updates with parameters.
    pub gamma: Variable<OptState>,
    /// A lower bound of the loss.
    pub lb: Variable<OptState>,
    /// Steps taken, an i32 scalar.
    pub count: Variable<OptState>,
}

impl GradientTransformation for MomoAdam {
    type State = MomoAdamState;

    fn init(&self, params: &Params) -> MomoAdamState {
        MomoAdamState {
            exp_avg: params.zeros_like(),
            exp_avg_sq: params.zeros_like(),
            barf: number(params, 0.0),
            gamma: number(params, 0.0),
            lb: number(params, self.lower_bound),
            count: Variable::new(Array::scalar(0_i32)),
        }
    }

    without_extra!();

    #[track_caller]
    fn update_with(
        &self,
        updates: Params,
        state: &mut MomoAdamState,
        params: &Params,
        extra: &ExtraArgs<'_>,
    ) -> Params {
        let dtype = state.barf.dtype();
        let value = extra.loss("momo_adam").astype(dtype);
        let rate = self.learning_rate.at(&state.count, dtype);
        let count = safe_increment(&state.count);
        let (b1, b2) = (self.b1, self.b2);
        let mean = |before: &Array, now: &Array| before * b1 + now * (1.0 - b1);
        state.exp_avg = state.exp_avg.zip(&updates, mean);
        state.exp_avg_sq = state.exp_avg_sq.zip(&updates, |v, g| v * b2 + g * (1.0 - b2) * g);
        let of_squares = 1.0 - power(b2, &count, dtype);
        let direction = state.exp_avg.zip(&state.exp_avg_sq, |mean, square| {
            mean / ((square / of_squares.astype(square.dtype())).sqrt() + self.eps)
        });
        let pull = &rate * self.weight_decay;
        let model = Model {
            barf: mean(&state.barf, &value),
            gamma: mean(&state.gamma, &updates.vdot(params)),
            product: state.exp_avg.vdot(params),
            square: state.exp_avg.vdot(&direction),
            decay: &pull + 1.0,
            pull,
            correction: 1.0 - power(b1, &count, dtype),
        };
        let mut bound = state.lb.value().clone();
        if self.adapt_lower_bound {
            bound = model.lower(&bound, self.lower_bound);
        }
        let step = model.step(&bound, &(&rate / &model.correction));
        if self.adapt_lower_bound {
            state.lb.set(model.next(&step, self.lower_bound));
        }
        let updates = model.descend(params, &step, &direction);
        state.barf.set(model.barf);
        state.gamma.set(model.gamma);
        state.count.set(count);
        updates
    }
}
