//! Optimizers that find their rate: Prodigy, D-Adaptation, COCOB; and MADGRAD, which averages dually as they do.

use super::hyper::{optimizer, rated, transformation};
use super::moments::power;
use super::tree::number;
use super::{
    AddDecayedWeights, GradientTransformation, LearningRate, Mask, Params, ScaleByLearningRate,
    add_decayed_weights, safe_increment, scale_by_learning_rate,
};
use crate::graph::Array;
use crate::module::{OptState, Variable};
use crate::value::DType;
use nnx_derive::Module;

/// Σ |x| over all elements.
fn absolute_sum(x: &Params) -> Array {
    let mut sum = Array::scalar(0.0_f32);
    for x in x.arrays() {
        sum += x.abs().to_wide().sum(..);
    }
    sum
}

/// √(1 − b2^count) / (1 − b1^count).
fn correction((b1, b2): (f64, f64), count: &Array, dtype: DType) -> Array {
    (1.0 - power(b2, count, dtype)).sqrt() / (1.0 - power(b1, count, dtype))
}

rated! {
    Prodigy;
    /// Adam that finds its rate by the distance from the start, so that `learning_rate` is a factor, and usually 1.
    /// `optax.contrib.prodigy`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, prodigy};
    /// use nnx::{Array, Param, value_and_grad};
    ///
    /// let loss_fn = |x: &mut Param| (x.value() - 3.0).square().sum(..);
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, prodigy(1.0));
    /// for _ in 0..200 {
    ///     let (_, grads) = value_and_grad(loss_fn, &mut x);
    ///     opt.update(&mut x, &grads);
    /// }
    /// assert!((x.item::<f32>() - 3.0).abs() < 0.5);
    /// ```
    ///
    /// Source: Mishchenko and Defazio, "Prodigy: An Expeditiously Adaptive Parameter-Free Learner", 2023.
    prodigy {
        /// Decays of the means of updates and of their squares.
        betas: (f64, f64) = (0.9, 0.999),
        /// Decay of the estimate; the root of the second of `betas` if there is none.
        beta3: Option<f64> = None,
        /// Added to the root, in units of the rate.
        eps: f64 = 1e-8,
        /// The first estimate of the rate.
        estim_lr0: f64 = 1e-6,
        /// A factor of the estimate.
        estim_lr_coef: f64 = 1.0,
        /// How strongly parameters are pulled to zero, in units of the rate.
        weight_decay: f64 = 0.0,
        /// Whether a schedule's first, small rates do not count in the estimate.
        safeguard_warmup: bool = false,
    }
}

/// The means and sums of Prodigy.
///
/// ```
/// use nnx::optim::{Optimizer, ProdigyState, prodigy};
/// use nnx::{Array, Param, value_and_grad};
///
/// let loss_fn = |x: &mut Param| (x.value() - 3.0).square().sum(..);
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, prodigy(1.0).estim_lr0(1e-3));
/// for _ in 0..20 {
///     let (_, grads) = value_and_grad(loss_fn, &mut x);
///     opt.update(&mut x, &grads);
/// }
/// let state: &ProdigyState = &opt.opt_state;
/// // The estimate of the rate has grown.
/// assert!(state.estim_lr.item::<f32>() > 5e-3);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ProdigyState {
    /// Running mean of updates, in units of the rate.
    pub exp_avg: Params,
    /// Running mean of squared updates, likewise.
    pub exp_avg_sq: Params,
    /// Weighted sum of gradients.
    pub grad_sum: Params,
    /// The parameters at the start.
    pub params0: Params,
    /// The estimate of the rate.
    pub estim_lr: Variable<OptState>,
    /// Weighted sum of the products of gradients with the way from the start.
    pub numerator_weighted: Variable<OptState>,
    /// Steps taken, an i32 scalar.
    pub count: Variable<OptState>,
}

impl GradientTransformation for Prodigy {
    type State = ProdigyState;

    fn init(&self, params: &Params) -> ProdigyState {
        ProdigyState {
            exp_avg: params.zeros_like(),
            exp_avg_sq: params.zeros_like(),
            grad_sum: params.zeros_like(),
            params0: params.clone(),
            estim_lr: number(params, self.estim_lr0),
            numerator_weighted: number(params, 0.0),
            count: Variable::new(Array::scalar(0_i32)),
        }
    }

    fn update(&self, updates: Params, state: &mut ProdigyState, params: &Params) -> Params {
        let (b1, b2) = self.betas;
        let b3 = self.beta3.unwrap_or(b2.sqrt());
        let count = safe_increment(&state.count);
        let estimate = state.estim_lr.value().clone();
        let dtype = estimate.dtype();
        let rate = self.learning_rate.at(&state.count, dtype);
        let rate = &estimate * (rate * correction(self.betas, &count, dtype));
        let scaled = updates.scale(&estimate);
        let way = state.params0.zip(params, |start, p| start - p);
        state.exp_avg = state.exp_avg.zip(&scaled, |mean, g| mean * b1 + g * (1.0 - b1));
        state.exp_avg_sq = state.exp_avg_sq.zip(&scaled, |mean, g| mean * b2 + g * (1.0 - b2) * g);
        let weight = if self.safeguard_warmup { &estimate } else { &rate };
        let weight = weight / self.estim_lr0;
        state.grad_sum = state.grad_sum.map(|sum| sum * b3).add_scale(&weight, &scaled);
        let numerator = state.numerator_weighted.value() * b3
            + &estimate / self.estim_lr0 * &rate * updates.vdot(&way);
        let found = &numerator * self.estim_lr_coef / absolute_sum(&state.grad_sum);
        let found = estimate.maximum(found);
        let least = &found * self.eps;
        let steps = state.exp_avg.zip(&state.exp_avg_sq, |mean, square| {
            mean / (square.sqrt() + least.astype(mean.dtype()))
        });
        let steps = params.scale(&(&rate * -self.weight_decay)).add_scale(&-&rate, &steps);
        state.estim_lr.set(found);
        state.numerator_weighted.set(numerator);
        state.count.set(count);
        steps
    }
}

rated! {
    DadaptAdamw;
    /// AdamW that finds its rate by bounds of the distance to the solution, so that `learning_rate` is a factor, and
    /// usually 1. `optax.contrib.dadapt_adamw`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, dadapt_adamw};
    /// use nnx::{Array, Param, value_and_grad};
    ///
    /// let loss_fn = |x: &mut Param| (x.value() - 3.0).square().sum(..);
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, dadapt_adamw(1.0));
    /// for _ in 0..300 {
    ///     let (_, grads) = value_and_grad(loss_fn, &mut x);
    ///     opt.update(&mut x, &grads);
    /// }
    /// assert!((x.item::<f32>() - 3.0).abs() < 0.5);
    /// ```
    ///
    /// Source: Defazio and Mishchenko, "Learning-Rate-Free Learning by D-Adaptation", 2023.
    dadapt_adamw {
        /// Decays of the means of updates and of their squares.
        betas: (f64, f64) = (0.9, 0.999),
        /// Added to roots.
        eps: f64 = 1e-8,
        /// The first estimate of the rate.
        estim_lr0: f64 = 1e-6,
        /// How strongly parameters are pulled to zero, in units of the rate.
        weight_decay: f64 = 0.0,
    }
}

/// The means and sums of D-Adaptation.
///
/// ```
/// use nnx::optim::{DAdaptAdamWState, Optimizer, dadapt_adamw};
/// use nnx::{Array, Param, value_and_grad};
///
/// let loss_fn = |x: &mut Param| (x.value() - 3.0).square().sum(..);
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, dadapt_adamw(1.0).estim_lr0(1e-3));
/// for _ in 0..20 {
///     let (_, grads) = value_and_grad(loss_fn, &mut x);
///     opt.update(&mut x, &grads);
/// }
/// let state: &DAdaptAdamWState = &opt.opt_state;
/// // The estimate of the rate has grown.
/// assert!(state.estim_lr.item::<f32>() > 5e-3);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct DAdaptAdamWState {
    /// Running mean of updates times rates.
    pub exp_avg: Params,
    /// Running mean of squared updates.
    pub exp_avg_sq: Params,
    /// Weighted sum of gradients.
    pub grad_sum: Params,
    /// The estimate of the rate.
    pub estim_lr: Variable<OptState>,
    /// Weighted sum of the products of gradients with their sum.
    pub numerator_weighted: Variable<OptState>,
    /// Steps taken, an i32 scalar.
    pub count: Variable<OptState>,
}

impl GradientTransformation for DadaptAdamw {
    type State = DAdaptAdamWState;

    fn init(&self, params: &Params) -> DAdaptAdamWState {
        DAdaptAdamWState {
            exp_avg: params.zeros_like(),
            exp_avg_sq: params.zeros_like(),
            grad_sum: params.zeros_like(),
            estim_lr: number(params, self.estim_lr0),
            numerator_weighted: number(params, 0.0),
            count: Variable::new(Array::scalar(0_i32)),
        }
    }

    fn update(&self, updates: Params, state: &mut DAdaptAdamWState, params: &Params) -> Params {
        let (b1, b2) = self.betas;
        let root = b2.sqrt();
        let count = safe_increment(&state.count);
        let estimate = state.estim_lr.value().clone();
        let dtype = estimate.dtype();
        let rate = self.learning_rate.at(&state.count, dtype);
        let rate = &estimate * (rate * correction(self.betas, &count, dtype));
        let normalized = |sum: &Params, square: &Params| {
            sum.zip(square, |sum, square| sum / (square.sqrt() + self.eps))
        };
        let product = updates.vdot(&normalized(&state.grad_sum, &state.exp_avg_sq));
        let share = |of: f64| &rate * (1.0 - of);
        state.exp_avg = state.exp_avg.map(|mean| mean * b1).add_scale(share(b1), &updates);
        state.exp_avg_sq = state.exp_avg_sq.zip(&updates, |mean, g| mean * b2 + g * (1.0 - b2) * g);
        state.grad_sum = state.grad_sum.map(|sum| sum * root).add_scale(share(root), &updates);
        let numerator = state.numerator_weighted.value() * root + share(root) * product;
        let found = &numerator / (absolute_sum(&state.grad_sum) * (1.0 - root));
        let steps = normalized(&state.exp_avg, &state.exp_avg_sq);
        let steps = params.scale(&(&rate * -self.weight_decay)).zip(&steps, |p, s| p - s);
        state.estim_lr.set(estimate.maximum(found));
        state.numerator_weighted.set(numerator);
        state.count.set(count);
        steps
    }
}

transformation! {
    ScaleByCocob;
    /// Bets on coins: the distance of each number from its start is a share of what the bets before won.
    /// `optax.contrib.scale_by_cocob`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, scale_by_cocob};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(1.0_f32));
    /// let mut opt = Optimizer::new(&x, scale_by_cocob());
    /// opt.update(&mut x, &Param::new(Array::scalar(2.0_f32)));
    /// // The first bet is a hundredth, whatever the gradient: 1 / `alpha`.
    /// assert!((x.item::<f32>() - 0.99).abs() < 1e-5);
    /// ```
    ///
    /// Source: Orabona and Tommasi, "Training Deep Networks without Learning Rates Through Coin Betting", 2017.
    scale_by_cocob() {
        /// How large the first bets are, at least.
        alpha: f64 = 100.0,
        /// The first bound of gradients.
        eps: f64 = 1e-8,
    }
}

/// The bets and their gains.
///
/// ```
/// use nnx::optim::{COCOBState, Optimizer, scale_by_cocob};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(1.0_f32));
/// let mut opt = Optimizer::new(&x, scale_by_cocob());
/// for gradient in [2.0_f32, -3.0] {
///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
/// }
/// let state: &COCOBState = &opt.opt_state;
/// // The largest size, and the sums of sizes and of negative gradients.
/// assert_eq!(state.scale.get("").unwrap().item::<f32>(), 3.0);
/// assert_eq!(state.subgradients.get("").unwrap().item::<f32>(), 5.0);
/// assert_eq!(state.cumulative_gradients.get("").unwrap().item::<f32>(), 1.0);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct COCOBState {
    /// The parameters at the start.
    pub init_particles: Params,
    /// The negative sum of gradients.
    pub cumulative_gradients: Params,
    /// The largest sizes of gradients.
    pub scale: Params,
    /// The sums of the sizes of gradients.
    pub subgradients: Params,
    /// The gains.
    pub reward: Params,
}

impl GradientTransformation for ScaleByCocob {
    type State = COCOBState;

    fn init(&self, params: &Params) -> COCOBState {
        COCOBState {
            init_particles: params.clone(),
            cumulative_gradients: params.zeros_like(),
            scale: params.full_like(self.eps),
            subgradients: params.zeros_like(),
            reward: params.zeros_like(),
        }
    }

    fn update(&self, updates: Params, state: &mut COCOBState, params: &Params) -> Params {
        let way = params.zip(&state.init_particles, |p, start| p - start);
        let won = updates.zip(&way, |g, way| g * way);
        state.scale = state.scale.zip(&updates, |most, g| most.maximum(g.abs()));
        state.subgradients = state.subgradients.zip(&updates, |sum, g| sum + g.abs());
        state.reward = state.reward.zip(&won, |reward, won| (reward - won).maximum(0.0));
        state.cumulative_gradients = state.cumulative_gradients.zip(&updates, |sum, g| sum - g);
        let bound = state
            .subgradients
            .zip(&state.scale, |sum, most| most * (sum + most).maximum(most * self.alpha));
        let wealth = state.scale.zip(&state.reward, |most, reward| most + reward);
        let shares = state.cumulative_gradients.zip(&bound, |sum, bound| sum / bound);
        let bets = shares.zip(&wealth, |share, wealth| share * wealth);
        let target = state.init_particles.zip(&bets, |start, bet| start + bet);
        target.zip(params, |target, p| target - p)
    }
}

optimizer! {
    Cocob;
    /// Descent by betting on coins; `learning_rate` is a factor of gradients, and usually 1. `optax.contrib.cocob`; see
    /// [`scale_by_cocob`].
    ///
    /// ```
    /// use nnx::optim::{Optimizer, cocob};
    /// use nnx::{Array, Param, value_and_grad};
    ///
    /// let loss_fn = |x: &mut Param| (x.value() - 3.0).square().sum(..);
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, cocob(1.0));
    /// for _ in 0..200 {
    ///     let (_, grads) = value_and_grad(loss_fn, &mut x);
    ///     opt.update(&mut x, &grads);
    /// }
    /// assert!((x.item::<f32>() - 3.0).abs() < 0.5);
    /// ```
    cocob {
        /// How large the first bets are, at least.
        alpha: f64 = 100.0,
        /// The first bound of gradients.
        eps: f64 = 1e-8,
        /// How strongly parameters are pulled to zero.
        weight_decay: f64 = 0.0,
        /// Which parameters decay.
        mask: Mask = Mask::everything(),
    }
    |o| -> (AddDecayedWeights, ScaleByLearningRate, ScaleByCocob) {
        (
            add_decayed_weights(o.weight_decay).mask(o.mask.clone()),
            scale_by_learning_rate(o.learning_rate.clone()).flip_sign(false),
            scale_by_cocob().alpha(o.alpha).eps(o.eps),
        )
    }
}

transformation! {
    ScaleByMadgrad;
    /// Dual averaging with the cube root of sums of squares. `optax.contrib.scale_by_madgrad`; it has the learning rate,
    /// and its sign is that of a step.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, scale_by_madgrad};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, scale_by_madgrad(0.1.into()));
    /// opt.update(&mut x, &Param::new(Array::scalar(10.0_f32)));
    /// // 0.1 · 10 over the cube root of 0.1 · 10², of which momentum takes a tenth.
    /// assert!((x.item::<f32>() + 0.0464159).abs() < 1e-5);
    /// ```
    ///
    /// Source: Defazio and Jelassi, "Adaptivity without Compromise: A Momentumized, Adaptive, Dual Averaged Gradient
    /// Method for Stochastic Optimization", 2021.
    scale_by_madgrad(learning_rate: LearningRate) {
        /// How much of the parameters stays.
        momentum: f64 = 0.9,
        /// Added to the rate and to roots.
        eps: f64 = 1e-6,
    }
}

/// The sums of MADGRAD.
///
/// ```
/// use nnx::optim::{MadgradState, Optimizer, scale_by_madgrad};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(2.0_f32));
/// let mut opt = Optimizer::new(&x, scale_by_madgrad(0.1.into()));
/// opt.update(&mut x, &Param::new(Array::scalar(10.0_f32)));
/// let state: &MadgradState = &opt.opt_state;
/// assert!((state.s.get("").unwrap().item::<f32>() - 1.0).abs() < 1e-4);
/// assert!((state.grad_sum_sq.get("").unwrap().item::<f32>() - 10.0).abs() < 1e-3);
/// assert_eq!(state.x0.get("").unwrap().item::<f32>(), 2.0);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct MadgradState {
    /// Steps taken, an i32 scalar.
    pub count: Variable<OptState>,
    /// Weighted sum of squared updates.
    pub grad_sum_sq: Params,
    /// Weighted sum of updates.
    pub s: Params,
    /// The parameters at the start.
    pub x0: Params,
}

impl GradientTransformation for ScaleByMadgrad {
    type State = MadgradState;

    fn init(&self, params: &Params) -> MadgradState {
        MadgradState {
            count: Variable::new(Array::scalar(0_i32)),
            grad_sum_sq: params.zeros_like(),
            s: params.zeros_like(),
            x0: params.clone(),
        }
    }

    fn update(&self, updates: Params, state: &mut MadgradState, params: &Params) -> Params {
        // Of f32 beside parameters of f64 too, as in Optax.
        let steps = (state.count.value() + 1).astype(DType::F32);
        let weight = (self.learning_rate.at(&state.count, DType::F32) + self.eps) * steps.sqrt();
        state.grad_sum_sq = state.grad_sum_sq.add_scale(&weight, &updates.map(Array::square));
        state.s = state.s.add_scale(&weight, &updates);
        state.count.set(safe_increment(&state.count));
        let roots = state.grad_sum_sq.map(|sum| sum.cbrt() + self.eps);
        let away = state.s.zip(&roots, |s, root| s / root);
        let target = state.x0.zip(&away, |start, away| start - away);
        let next = target.zip(params, |z, p| z * (1.0 - self.momentum) + p * self.momentum);
        next.zip(params, |next, p| next - p)
    }
}

optimizer! {
    Madgrad;
    /// Dual averaging with momentum. `optax.contrib.madgrad`; see [`scale_by_madgrad`].
    ///
    /// ```
    /// use nnx::optim::{Optimizer, madgrad};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(1.0_f32));
    /// let mut opt = Optimizer::new(&x, madgrad(0.1).momentum(0.0));
    /// opt.update(&mut x, &Param::new(Array::scalar(10.0_f32)));
    /// // 1 − 0.1 · 10 over the cube root of 0.1 · 10².
    /// assert!((x.item::<f32>() - 0.535_841).abs() < 1e-3);
    /// ```
    madgrad {
        /// How much of the parameters stays.
        momentum: f64 = 0.9,
        /// How strongly parameters are pulled to zero.
        weight_decay: f64 = 0.0,
        /// Added to the rate and to roots.
        eps: f64 = 1e-6,
    }
    |o| -> (AddDecayedWeights, ScaleByMadgrad) {
        (
            add_decayed_weights(o.weight_decay),
            scale_by_madgrad(o.learning_rate.clone()).momentum(o.momentum).eps(o.eps),
        )
    }
}
