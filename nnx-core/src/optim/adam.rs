//! Adam and its relatives: scaling by moments of updates.

use super::hyper::transformation;
use super::moments::{
    bias_correction, first_moment, normalize, power, update_moment, update_second_moment,
};
use super::tree::number_dtype;
use super::{
    AddDecayedWeights, GradientTransformation, Hyperparam, LearningRate, Mask, Params,
    ScaleByLearningRate, add_decayed_weights, safe_increment, scale_by_learning_rate,
};
use crate::array::{Operand, select};
use crate::graph::Array;
use crate::module::{OptState, Variable};
use crate::value::DType;
use nnx_derive::Module;

/// The moments of Adam.
///
/// ```
/// use nnx::optim::{Optimizer, ScaleByAdamState, adam};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::from([1.0_f32, 2.0]));
/// let mut opt = Optimizer::new(&x, adam(0.1).b1(0.5).b2(0.75));
/// opt.update(&mut x, &Param::new(Array::from([4.0_f32, -2.0])));
/// // Adam is a chain: its first part has the moments.
/// let state: &ScaleByAdamState = &opt.opt_state.0;
/// assert_eq!(state.count.item::<i32>(), 1);
/// assert_eq!(state.mu.get("").unwrap().to_vec::<f32>(), [2.0, -1.0]);
/// assert_eq!(state.nu.get("").unwrap().to_vec::<f32>(), [4.0, 1.0]);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ScaleByAdamState {
    /// Steps taken, an i32 scalar.
    pub count: Variable<OptState>,
    /// Running mean of updates.
    pub mu: Params,
    /// Running mean of squared updates.
    pub nu: Params,
}

impl ScaleByAdamState {
    pub(super) fn new(params: &Params) -> Self {
        ScaleByAdamState::with_mean_in(params, None)
    }

    /// Zeros, of `mu_dtype` for the mean if there is one.
    pub(super) fn with_mean_in(params: &Params, mu_dtype: Option<DType>) -> Self {
        ScaleByAdamState {
            count: Variable::new(Array::scalar(0_i32)),
            mu: params.zeros_like().kept_in(mu_dtype),
            nu: params.zeros_like(),
        }
    }

    /// Sets everything; returns the new count.
    pub(super) fn set(&mut self, mu: Params, nu: Params) -> Array {
        let count = safe_increment(&self.count);
        *self = ScaleByAdamState { count: Variable::new(count.clone()), mu, nu };
        count
    }
}

transformation! {
    ScaleByAdam;
    /// Divides the running mean of updates by the root of the running mean of their squares, both
    /// corrected for their start at zero. `optax.scale_by_adam`.
    ///
    /// ```
    /// use nnx::array::Tolerance;
    /// use nnx::optim::{Optimizer, scale, scale_by_adam};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::from([0.0_f32, 0.0]));
    /// let mut opt = Optimizer::new(&x, (scale_by_adam(), scale(-0.5)));
    /// opt.update(&mut x, &Param::new(Array::from([100.0_f32, -0.01])));
    /// // The first step is the sign of the gradient, whatever its size.
    /// let near = Tolerance { rtol: 1e-3, ..Tolerance::default() };
    /// assert!(x.allclose(Array::from([-0.5_f32, 0.5]), near).item::<bool>());
    /// ```
    ///
    /// Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2014.
    scale_by_adam() {
        /// Decay of the mean of updates.
        b1: Hyperparam = 0.9,
        /// Decay of the mean of squares.
        b2: Hyperparam = 0.999,
        /// Added to the root.
        eps: Hyperparam = 1e-8,
        /// Added below the root.
        eps_root: Hyperparam = 0.0,
        /// Nesterov's momentum (Dozat, "Incorporating Nesterov Momentum into Adam", 2016).
        nesterov: bool = false,
        /// The dtype in which the mean is kept; that of the updates if there is none.
        mu_dtype: Option<DType> = None,
    }
    optimizers {
        Adam;
        /// Adam. `optax.adam`; with `nesterov` it is NAdam.
        ///
        /// ```
        /// use nnx::optim::{Optimizer, adam};
        /// use nnx::{Array, Param, value_and_grad};
        ///
        /// let loss_fn = |x: &mut Param| (x.value() - 3.0).square().sum(..);
        /// let mut x = Param::new(Array::scalar(0.0_f32));
        /// let mut opt = Optimizer::new(&x, adam(0.1).b2(0.99));
        /// for _ in 0..200 {
        ///     let (_, grads) = value_and_grad(loss_fn, &mut x);
        ///     opt.update(&mut x, &grads);
        /// }
        /// assert!((x.item::<f32>() - 3.0).abs() < 0.01);
        /// ```
        ///
        /// Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2014.
        adam {}
        |o, adam| -> (ScaleByAdam, ScaleByLearningRate) {
            (adam, scale_by_learning_rate(o.learning_rate.clone()))
        }

        AdamW;
        /// Adam with decoupled weight decay. `optax.adamw`.
        ///
        /// ```
        /// use nnx::module::{Path, VarInfo};
        /// use nnx::optim::{Mask, Optimizer, adamw};
        /// use nnx::{Array, Param};
        ///
        /// // Matrices decay, and biases do not.
        /// let matrices = Mask::of(|_: &Path, leaf: &VarInfo| leaf.value.rank() > 1);
        /// let mut model = [Array::from([[1.0_f32]]), Array::from([1.0_f32])].map(Param::new);
        /// let mut opt = Optimizer::new(&model, adamw(0.1).weight_decay(0.5).mask(matrices));
        /// let zero = [Array::from([[0.0_f32]]), Array::from([0.0_f32])].map(Param::new);
        /// opt.update(&mut model, &zero);
        /// // 1 − 0.1 · 0.5
        /// assert!((model[0].item::<f32>() - 0.95).abs() < 1e-6);
        /// assert_eq!(model[1].item::<f32>(), 1.0);
        /// ```
        ///
        /// Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019.
        adamw {
            /// How strongly parameters are pulled to zero, in units of the learning rate.
            weight_decay: Hyperparam = 1e-4,
            /// Which parameters decay.
            mask: Mask = Mask::everything(),
        }
        |o, adam| -> (ScaleByAdam, AddDecayedWeights, ScaleByLearningRate) {
            (
                adam,
                add_decayed_weights(&o.weight_decay).mask(o.mask.clone()),
                scale_by_learning_rate(o.learning_rate.clone()),
            )
        }
    }
}

/// Adam with Nesterov's momentum: `adam(learning_rate).nesterov(true)`. `optax.nadam`.
///
/// ```
/// use nnx::optim::{Optimizer, nadam};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, nadam(0.1));
/// opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
/// // Adam's first step is 0.1; this one is 1 + 0.9 · 0.1 / 0.19 times as long.
/// assert!((x.item::<f32>() + 0.147_368).abs() < 1e-4);
/// ```
pub fn nadam(learning_rate: impl Into<LearningRate>) -> Adam {
    adam(learning_rate).nesterov(true)
}

/// AdamW with Nesterov's momentum: `adamw(learning_rate).nesterov(true)`. `optax.nadamw`.
///
/// ```
/// use nnx::optim::{Optimizer, nadamw};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(1.0_f32));
/// let mut opt = Optimizer::new(&x, nadamw(0.1).weight_decay(0.5));
/// opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
/// // A step of 0.14737 as that of `nadam`, and 0.1 · 0.5 · 1.
/// assert!((x.item::<f32>() - 0.802_632).abs() < 1e-3);
/// ```
pub fn nadamw(learning_rate: impl Into<LearningRate>) -> AdamW {
    adamw(learning_rate).nesterov(true)
}

impl GradientTransformation for ScaleByAdam {
    type State = ScaleByAdamState;

    fn init(&self, params: &Params) -> ScaleByAdamState {
        ScaleByAdamState::with_mean_in(params, self.mu_dtype)
    }

    fn update(&self, updates: Params, state: &mut ScaleByAdamState, _: &Params) -> Params {
        let mu = update_moment(&updates, &state.mu, &self.b1);
        let nu = update_second_moment(&updates, &state.nu, &self.b2);
        let count = state.set(mu.clone().kept_in(self.mu_dtype), nu.clone());
        let mu_hat = first_moment(&updates, &mu, &self.b1, &count, self.nesterov);
        let nu_hat = bias_correction(&nu, &self.b2, &count);
        normalize(&mu_hat, &nu_hat, &self.eps_root, &self.eps)
    }
}

transformation! {
    ScaleByAmsgrad;
    /// Adam whose second moment never falls. `optax.scale_by_amsgrad`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, scale, scale_by_amsgrad};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, (scale_by_amsgrad().b1(0.0).b2(0.5), scale(-1.0)));
    /// for gradient in [4.0_f32, 1.0] {
    ///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
    /// }
    /// // 4 / √16 and 1 / √16; Adam would have fallen back to √6.
    /// assert!((x.item::<f32>() + 1.25).abs() < 1e-3);
    /// ```
    ///
    /// Source: Reddi et al., "On the Convergence of Adam and Beyond", 2018.
    scale_by_amsgrad() {
        /// Decay of the mean of updates.
        b1: Hyperparam = 0.9,
        /// Decay of the mean of squares.
        b2: Hyperparam = 0.999,
        /// Added to the root.
        eps: Hyperparam = 1e-8,
        /// Added below the root.
        eps_root: Hyperparam = 0.0,
        /// The dtype in which the mean is kept; that of the updates if there is none.
        mu_dtype: Option<DType> = None,
        /// Whether the mean is divided by its share in the first steps; not in the paper.
        bias_correction_mu: bool = true,
        /// Whether the mean of squares is, before its largest value is taken; not in the paper.
        bias_correction_nu: bool = true,
    }
    optimizers {
        Amsgrad;
        /// Adam whose second moment never falls. `optax.amsgrad`; see [`scale_by_amsgrad`].
        ///
        /// ```
        /// use nnx::optim::{Optimizer, amsgrad};
        /// use nnx::{Array, Param};
        ///
        /// let mut x = Param::new(Array::scalar(0.0_f32));
        /// let mut opt = Optimizer::new(&x, amsgrad(0.1).b1(0.0).b2(0.5));
        /// for gradient in [4.0_f32, 1.0] {
        ///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
        /// }
        /// // The small gradient is divided by the large one too: 0.1 · (4 / 4 + 1 / 4).
        /// assert!((x.item::<f32>() + 0.125).abs() < 1e-4);
        /// ```
        amsgrad {}
        |o, amsgrad| -> (ScaleByAmsgrad, ScaleByLearningRate) {
            (amsgrad, scale_by_learning_rate(o.learning_rate.clone()))
        }
    }
}

/// The moments of AMSGrad.
///
/// ```
/// use nnx::optim::{Optimizer, ScaleByAmsgradState, amsgrad};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, amsgrad(0.1).b1(0.0).b2(0.5));
/// for gradient in [4.0_f32, 1.0] {
///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
/// }
/// let state: &ScaleByAmsgradState = &opt.opt_state.0;
/// // 0.5 · 8 + 0.5 · 1, and 8 / (1 − 0.5) of the first step.
/// assert_eq!(state.nu.get("").unwrap().item::<f32>(), 4.5);
/// assert!((state.nu_max.get("").unwrap().item::<f32>() - 16.0).abs() < 1e-3);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ScaleByAmsgradState {
    /// Steps taken, an i32 scalar.
    pub count: Variable<OptState>,
    /// Running mean of updates.
    pub mu: Params,
    /// Running mean of squared updates.
    pub nu: Params,
    /// The largest corrected second moment so far.
    pub nu_max: Params,
}

impl GradientTransformation for ScaleByAmsgrad {
    type State = ScaleByAmsgradState;

    fn init(&self, params: &Params) -> ScaleByAmsgradState {
        let ScaleByAdamState { count, mu, nu } =
            ScaleByAdamState::with_mean_in(params, self.mu_dtype);
        ScaleByAmsgradState { count, mu, nu_max: nu.clone(), nu }
    }

    fn update(&self, updates: Params, state: &mut ScaleByAmsgradState, _: &Params) -> Params {
        let mu = update_moment(&updates, &state.mu, &self.b1);
        let nu = update_second_moment(&updates, &state.nu, &self.b2);
        let count = safe_increment(&state.count);
        let corrected = |moments: &Params, decay: &Hyperparam, corrects| match corrects {
            true => bias_correction(moments, decay, &count),
            false => moments.clone(),
        };
        let mu_hat = corrected(&mu, &self.b1, self.bias_correction_mu);
        let nu_hat = corrected(&nu, &self.b2, self.bias_correction_nu);
        let nu_max = state.nu_max.zip(&nu_hat, |max, v| max.maximum(v));
        let updates = normalize(&mu_hat, &nu_max, &self.eps_root, &self.eps);
        let mu = mu.kept_in(self.mu_dtype);
        *state = ScaleByAmsgradState { count: Variable::new(count), mu, nu, nu_max };
        updates
    }
}

transformation! {
    ScaleByAdamax;
    /// Adam with the largest update in place of the root of squares. `optax.scale_by_adamax`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, scale, scale_by_adamax};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, (scale_by_adamax().b1(0.0).b2(0.5), scale(-1.0)));
    /// for gradient in [4.0_f32, 1.0] {
    ///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
    /// }
    /// // 4 / 4, and 1 / max(1, 0.5 · 4).
    /// assert!((x.item::<f32>() + 1.5).abs() < 1e-3);
    /// ```
    ///
    /// Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2014.
    scale_by_adamax() {
        /// Decay of the mean of updates.
        b1: Hyperparam = 0.9,
        /// Decay of the largest update.
        b2: Hyperparam = 0.999,
        /// Added to the size of each update.
        eps: Hyperparam = 1e-8,
    }
    optimizers {
        Adamax;
        /// Adam by the largest update. `optax.adamax`; see [`scale_by_adamax`].
        ///
        /// ```
        /// use nnx::array::Tolerance;
        /// use nnx::optim::{Optimizer, adamax};
        /// use nnx::{Array, Param};
        ///
        /// let mut x = Param::new(Array::from([0.0_f32, 0.0]));
        /// let mut opt = Optimizer::new(&x, adamax(0.1));
        /// for _ in 0..2 {
        ///     opt.update(&mut x, &Param::new(Array::from([100.0_f32, -0.01])));
        /// }
        /// // Two steps of the rate against the sign.
        /// let near = Tolerance { rtol: 1e-3, ..Tolerance::default() };
        /// assert!(x.allclose(Array::from([-0.2_f32, 0.2]), near).item::<bool>());
        /// ```
        adamax {}
        |o, adamax| -> (ScaleByAdamax, ScaleByLearningRate) {
            (adamax, scale_by_learning_rate(o.learning_rate.clone()))
        }

        AdamaxW;
        /// Adam by the largest update, with decoupled weight decay. `optax.adamaxw`; see [`scale_by_adamax`].
        ///
        /// ```
        /// use nnx::optim::{Optimizer, adamaxw};
        /// use nnx::{Array, Param};
        ///
        /// let mut x = Param::new(Array::scalar(1.0_f32));
        /// let mut opt = Optimizer::new(&x, adamaxw(0.1).weight_decay(0.5));
        /// opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
        /// // 1 − 0.1 · (1 + 0.5 · 1)
        /// assert!((x.item::<f32>() - 0.85).abs() < 1e-3);
        /// ```
        adamaxw {
            /// How strongly parameters are pulled to zero, in units of the learning rate.
            weight_decay: Hyperparam = 1e-4,
            /// Which parameters decay.
            mask: Mask = Mask::everything(),
        }
        |o, adamax| -> (ScaleByAdamax, AddDecayedWeights, ScaleByLearningRate) {
            (
                adamax,
                add_decayed_weights(&o.weight_decay).mask(o.mask.clone()),
                scale_by_learning_rate(o.learning_rate.clone()),
            )
        }
    }
}

impl GradientTransformation for ScaleByAdamax {
    type State = ScaleByAdamState;

    fn init(&self, params: &Params) -> ScaleByAdamState {
        ScaleByAdamState::new(params)
    }

    fn update(&self, updates: Params, state: &mut ScaleByAdamState, _: &Params) -> Params {
        let mu = update_moment(&updates, &state.mu, &self.b1);
        let nu = updates.zip(&state.nu, |g, t| (g.abs() + &self.eps).maximum(t * &self.b2));
        let count = state.set(mu.clone(), nu.clone());
        bias_correction(&mu, &self.b1, &count).zip(&nu, |m, v| m / v)
    }
}

transformation! {
    ScaleByRadam;
    /// Adam that holds its step back while the second moment is uncertain.
    /// `optax.scale_by_radam`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, scale, scale_by_radam};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, (scale_by_radam(), scale(-1.0)));
    /// opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
    /// // The first step is the gradient as it is.
    /// assert!((x.item::<f32>() + 4.0).abs() < 1e-3);
    /// ```
    ///
    /// Source: Liu et al., "On the Variance of the Adaptive Learning Rate and Beyond", 2020.
    scale_by_radam() {
        /// Decay of the mean of updates.
        b1: Hyperparam = 0.9,
        /// Decay of the mean of squares.
        b2: Hyperparam = 0.999,
        /// Added to the root.
        eps: Hyperparam = 1e-8,
        /// Added below the root.
        eps_root: Hyperparam = 0.0,
        /// From which length of the average on the second moment is used.
        threshold: Hyperparam = 5.0,
        /// Nesterov's momentum.
        nesterov: bool = false,
    }
    optimizers {
        Radam;
        /// Rectified Adam. `optax.radam`; see [`scale_by_radam`].
        ///
        /// ```
        /// use nnx::optim::{Optimizer, radam};
        /// use nnx::{Array, Param};
        ///
        /// let mut x = Param::new(Array::scalar(0.0_f32));
        /// let mut opt = Optimizer::new(&x, radam(0.1));
        /// for _ in 0..4 {
        ///     opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
        /// }
        /// // Four steps of 0.1 · 4: the second moment does not count yet.
        /// assert!((x.item::<f32>() + 1.6).abs() < 1e-3);
        /// ```
        radam {}
        |o, radam| -> (ScaleByRadam, ScaleByLearningRate) {
            (radam, scale_by_learning_rate(o.learning_rate.clone()))
        }
    }
}

impl GradientTransformation for ScaleByRadam {
    type State = ScaleByAdamState;

    fn init(&self, params: &Params) -> ScaleByAdamState {
        ScaleByAdamState::new(params)
    }

    fn update(&self, updates: Params, state: &mut ScaleByAdamState, _: &Params) -> Params {
        let mu = update_moment(&updates, &state.mu, &self.b1);
        let nu = update_second_moment(&updates, &state.nu, &self.b2);
        let count = state.set(mu.clone(), nu.clone());
        let mu_hat = first_moment(&updates, &mu, &self.b1, &count, self.nesterov);
        let nu_hat = bias_correction(&nu, &self.b2, &count);

        // ρ, the length of the simple average that the running one stands for.
        let rho_inf = self.b2.map(|b2| 2.0 / (1.0 - b2) - 1.0, |b2| 2.0 / (1.0 - b2) - 1.0);
        let most = rho_inf.map(|rho| (rho - 4.0) * (rho - 2.0), |rho| (rho - 4.0) * (rho - 2.0));
        let b2t = power(&self.b2, &count, number_dtype(&nu));
        let rho = rho_inf.array(b2t.dtype()) - &count * 2 * &b2t / (1.0 - &b2t);
        let rectified = (&rho - 4.0) * (&rho - 2.0) * rho_inf / (&rho * most);
        let rectified = rectified.sqrt();
        let certain = rho.ge(&self.threshold);
        normalize(
            &mu_hat.map(|m| rectified.astype(m.dtype()) * m),
            &nu_hat,
            &self.eps_root,
            &self.eps,
        )
        .zip(&mu_hat, |scaled, m| select(certain.broadcast_to(m.shape()), scaled, m))
    }
}

transformation! {
    ScaleByBelief;
    /// Adam whose second moment is that of the distance from the mean. `optax.scale_by_belief`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, scale, scale_by_belief};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, (scale_by_belief(), scale(-0.9)));
    /// opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
    /// // The gradient is 0.9 of itself away from the mean, and is divided by that.
    /// assert!((x.item::<f32>() + 1.0).abs() < 1e-3);
    /// ```
    ///
    /// Source: Zhuang et al., "AdaBelief Optimizer", 2020.
    scale_by_belief() {
        /// Decay of the mean of updates.
        b1: Hyperparam = 0.9,
        /// Decay of the mean of squared distances.
        b2: Hyperparam = 0.999,
        /// Added to the root.
        eps: Hyperparam = 1e-16,
        /// Added to the second moment at each step.
        eps_root: Hyperparam = 1e-16,
        /// Nesterov's momentum.
        nesterov: bool = false,
    }
    optimizers {
        AdaBelief;
        /// Adam by its belief in each update. `optax.adabelief`; see [`scale_by_belief`].
        ///
        /// ```
        /// use nnx::optim::{Optimizer, adabelief};
        /// use nnx::{Array, Param};
        ///
        /// let mut x = Param::new(Array::scalar(0.0_f32));
        /// let mut opt = Optimizer::new(&x, adabelief(0.1));
        /// opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
        /// // 0.1 / 0.9
        /// assert!((x.item::<f32>() + 0.111_111).abs() < 1e-4);
        /// ```
        adabelief {}
        |o, belief| -> (ScaleByBelief, ScaleByLearningRate) {
            (belief, scale_by_learning_rate(o.learning_rate.clone()))
        }
    }
}

impl GradientTransformation for ScaleByBelief {
    type State = ScaleByAdamState;

    fn init(&self, params: &Params) -> ScaleByAdamState {
        ScaleByAdamState::new(params)
    }

    fn update(&self, updates: Params, state: &mut ScaleByAdamState, _: &Params) -> Params {
        let mu = update_moment(&updates, &state.mu, &self.b1);
        let surprise = updates.zip(&mu, |g, m| g - m);
        let nu = update_second_moment(&surprise, &state.nu, &self.b2).map(|v| v + &self.eps_root);
        let count = state.set(mu.clone(), nu.clone());
        let mu_hat = first_moment(&updates, &mu, &self.b1, &count, self.nesterov);
        let nu_hat = bias_correction(&nu, &self.b2, &count);
        mu_hat.zip(&nu_hat, |m, v| m / (v.sqrt() + &self.eps))
    }
}
