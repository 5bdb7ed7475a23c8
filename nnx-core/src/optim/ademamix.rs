//! Adam with several means of updates, and relatives that look at the gradient after its moments: AdEMAMix, ADOPT,
//! ACProp.

use super::hyper::{optimizer, transformation};
use super::moments::{bias_correction, normalize, update_moment, update_second_moment};
use super::tree::number_dtype;
use super::{
    AddDecayedWeights, GradientTransformation, LearningRate, Mask, Params, ScaleByAdamState,
    ScaleByLearningRate, Schedule, add_decayed_weights, safe_increment, scale_by_learning_rate,
};
use crate::array::where_;
use crate::graph::Array;
use crate::module::{OptState, Variable};
use crate::value::DType;
use nnx_derive::Module;

transformation! {
    ScaleByAdemamix;
    /// Adam whose step has `alpha` times a second, slower mean of updates too. `optax.contrib.scale_by_ademamix`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, scale, scale_by_ademamix};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let tx = (scale_by_ademamix().b3(0.5.into()).alpha(2.0.into()), scale(-1.0));
    /// let mut opt = Optimizer::new(&x, tx);
    /// for _ in 0..2 {
    ///     opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
    /// }
    /// // 1 + 2 · 0.5, and 1 + 2 · 0.75: the slow mean is not corrected for its start at zero.
    /// assert!((x.item::<f32>() + 4.5).abs() < 1e-3);
    /// ```
    ///
    /// Source: Pagliardini et al., "The AdEMAMix Optimizer: Better, Faster, Older", 2024.
    scale_by_ademamix() {
        /// Decay of the fast mean of updates.
        b1: f64 = 0.9,
        /// Decay of the mean of squares.
        b2: f64 = 0.999,
        /// Decay of the slow mean of updates, a number or a schedule: `0.9999.into()`.
        b3: LearningRate = LearningRate::Constant(0.9999),
        /// The weight of the slow mean, a number or a schedule.
        alpha: LearningRate = LearningRate::Constant(6.0),
        /// Added to the root.
        eps: f64 = 1e-8,
        /// Added below the root.
        eps_root: f64 = 0.0,
        /// The dtype in which the moments are kept; that of the updates if there is none.
        mu_dtype: Option<DType> = None,
    }
}

/// The moments of AdEMAMix.
///
/// ```
/// use nnx::optim::{Optimizer, ScaleByAdemamixState, ademamix};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, ademamix(0.1).b1(0.5).b3(0.75.into()));
/// opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
/// let state: &ScaleByAdemamixState = &opt.opt_state.0;
/// assert_eq!(state.m1.get("").unwrap().item::<f32>(), 2.0);
/// assert_eq!(state.m2.get("").unwrap().item::<f32>(), 1.0);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ScaleByAdemamixState {
    /// Steps taken, an i32 scalar.
    pub count: Variable<OptState>,
    /// Steps that the schedules have seen, an i32 scalar.
    pub count_m2: Variable<OptState>,
    /// The fast mean of updates.
    pub m1: Params,
    /// The slow mean of updates.
    pub m2: Params,
    /// Running mean of squared updates.
    pub nu: Params,
}

impl GradientTransformation for ScaleByAdemamix {
    type State = ScaleByAdemamixState;

    fn init(&self, params: &Params) -> ScaleByAdemamixState {
        let zero = || Variable::new(Array::scalar(0_i32));
        ScaleByAdemamixState {
            count: zero(),
            count_m2: zero(),
            m1: params.zeros_like().kept_in(self.mu_dtype),
            m2: params.zeros_like().kept_in(self.mu_dtype),
            nu: params.zeros_like().kept_in(self.mu_dtype),
        }
    }

    fn update(&self, updates: Params, state: &mut ScaleByAdemamixState, _: &Params) -> Params {
        let dtype = number_dtype(&updates);
        let alpha = self.alpha.at(&state.count_m2, dtype);
        let count = safe_increment(&state.count);
        let m1 = update_moment(&updates, &state.m1, self.b1);
        let m2 = match &self.b3 {
            LearningRate::Constant(b3) => update_moment(&updates, &state.m2, *b3),
            b3 => moving(&updates, &state.m2, &b3.at(&state.count_m2, dtype)),
        };
        let nu = update_second_moment(&updates, &state.nu, self.b2);
        let mean = bias_correction(&m1, self.b1, &count).add_scale(&alpha, &m2);
        let nu_hat = bias_correction(&nu, self.b2, &count);
        let count_m2 = Variable::new(safe_increment(&state.count_m2));
        *state = ScaleByAdemamixState { count: Variable::new(count), count_m2, m1, m2, nu };
        normalize(&mean, &nu_hat, self.eps_root, self.eps)
    }
}

/// (1 − decay) · value + decay · mean, for a decay that is computed.
fn moving(values: &Params, means: &Params, decay: &Array) -> Params {
    let share = 1.0 - decay;
    values.zip(means, |g, t| g * share.astype(g.dtype()) + t * decay.astype(t.dtype()))
}

optimizer! {
    Ademamix;
    /// Adam with a slow mean of updates besides the fast one. `optax.contrib.ademamix`; see [`scale_by_ademamix`].
    ///
    /// ```
    /// use nnx::optim::{Optimizer, ademamix, linear_schedule};
    /// use nnx::{Array, Param};
    ///
    /// // The weight of the slow mean rises from 0 to 5.
    /// let rising = linear_schedule(0.0, 5.0, 10, 0);
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, ademamix(0.1).b3(0.5.into()).alpha(rising.into()));
    /// for _ in 0..2 {
    ///     opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
    /// }
    /// // 0.1 · 1, and 0.1 · (1 + 0.5 · 0.75).
    /// assert!((x.item::<f32>() + 0.237_5).abs() < 1e-4);
    /// ```
    ademamix {
        /// Decay of the fast mean of updates.
        b1: f64 = 0.9,
        /// Decay of the mean of squares.
        b2: f64 = 0.999,
        /// Decay of the slow mean of updates, a number or a schedule: `0.9999.into()`.
        b3: LearningRate = LearningRate::Constant(0.9999),
        /// The weight of the slow mean, a number or a schedule.
        alpha: LearningRate = LearningRate::Constant(5.0),
        /// Added to the root.
        eps: f64 = 1e-8,
        /// Added below the root.
        eps_root: f64 = 0.0,
        /// How strongly parameters are pulled to zero, in units of the learning rate.
        weight_decay: f64 = 0.0,
        /// Which parameters decay.
        mask: Mask = Mask::everything(),
        /// The dtype in which the moments are kept; that of the updates if there is none.
        mu_dtype: Option<DType> = None,
    }
    |o| -> (ScaleByAdemamix, AddDecayedWeights, ScaleByLearningRate) {
        let ademamix = scale_by_ademamix().b1(o.b1).b2(o.b2).b3(o.b3.clone()).mu_dtype(o.mu_dtype);
        (
            ademamix.alpha(o.alpha.clone()).eps(o.eps).eps_root(o.eps_root),
            add_decayed_weights(o.weight_decay).mask(o.mask.clone()),
            scale_by_learning_rate(o.learning_rate.clone()),
        )
    }
}

transformation! {
    ScaleBySimplifiedAdemamix;
    /// The sum of a trace of updates and `alpha` times the update, over the root of the mean of squares.
    /// `optax.contrib.scale_by_simplified_ademamix`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, scale, scale_by_simplified_ademamix};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let tx = (scale_by_simplified_ademamix().b1(0.5).alpha(1.0.into()), scale(-1.0));
    /// let mut opt = Optimizer::new(&x, tx);
    /// for _ in 0..2 {
    ///     opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
    /// }
    /// // 1 + 1, and 1.5 + 1.
    /// assert!((x.item::<f32>() + 4.5).abs() < 1e-3);
    /// ```
    ///
    /// Source: Morwani et al., "Connections between Schedule-Free Optimizers, AdEMAMix, and Accelerated SGD Variants",
    /// 2025.
    scale_by_simplified_ademamix() {
        /// Decay of the trace.
        b1: f64 = 0.99,
        /// Decay of the mean of squares.
        b2: f64 = 0.95,
        /// The weight of the update, a number or a schedule.
        alpha: LearningRate = LearningRate::Constant(0.0),
        /// Added to the root.
        eps: f64 = 1e-8,
        /// Added below the root.
        eps_root: f64 = 0.0,
    }
}

/// The moments of the simplified AdEMAMix.
///
/// ```
/// use nnx::optim::{Optimizer, ScaleBySimplifiedAdemamixState, simplified_ademamix};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, simplified_ademamix(0.1).b1(0.5).b2(0.75));
/// for _ in 0..2 {
///     opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
/// }
/// let state: &ScaleBySimplifiedAdemamixState = &opt.opt_state.0;
/// assert_eq!(state.m.get("").unwrap().item::<f32>(), 6.0);
/// assert_eq!(state.n.get("").unwrap().item::<f32>(), 7.0);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ScaleBySimplifiedAdemamixState {
    /// Steps taken, an i32 scalar.
    pub t: Variable<OptState>,
    /// The trace of updates.
    pub m: Params,
    /// Running mean of squared updates.
    pub n: Params,
}

impl GradientTransformation for ScaleBySimplifiedAdemamix {
    type State = ScaleBySimplifiedAdemamixState;

    fn init(&self, params: &Params) -> ScaleBySimplifiedAdemamixState {
        ScaleBySimplifiedAdemamixState {
            t: Variable::new(Array::scalar(0_i32)),
            m: params.zeros_like(),
            n: params.zeros_like(),
        }
    }

    fn update(
        &self,
        updates: Params,
        state: &mut ScaleBySimplifiedAdemamixState,
        _: &Params,
    ) -> Params {
        let alpha = self.alpha.at(&state.t, number_dtype(&updates));
        let t = safe_increment(&state.t);
        let m = updates.zip(&state.m, |g, m| g + m * self.b1);
        let n = updates.zip(&state.n, |g, n| {
            let square = g * g;
            &square + (n - &square) * self.b2
        });
        let n_hat = bias_correction(&n, self.b2, &t);
        let mean = m.add_scale(&alpha, &updates);
        *state = ScaleBySimplifiedAdemamixState { t: Variable::new(t), m, n };
        normalize(&mean, &n_hat, self.eps_root, self.eps)
    }
}

optimizer! {
    SimplifiedAdemamix;
    /// AdEMAMix with one trace of updates. `optax.contrib.simplified_ademamix`; see
    /// [`scale_by_simplified_ademamix`].
    ///
    /// ```
    /// use nnx::optim::{Optimizer, simplified_ademamix};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, simplified_ademamix(0.1).b1(0.5));
    /// for _ in 0..2 {
    ///     opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
    /// }
    /// // The trace grows: 0.1 · (1 + 1.5).
    /// assert!((x.item::<f32>() + 0.25).abs() < 1e-4);
    /// ```
    simplified_ademamix {
        /// Decay of the trace.
        b1: f64 = 0.99,
        /// Decay of the mean of squares.
        b2: f64 = 0.95,
        /// The weight of the update, a number or a schedule.
        alpha: LearningRate = LearningRate::Constant(0.0),
        /// Added to the root.
        eps: f64 = 1e-8,
        /// Added below the root.
        eps_root: f64 = 0.0,
        /// How strongly parameters are pulled to zero, in units of the learning rate.
        weight_decay: f64 = 0.0,
        /// Which parameters decay.
        mask: Mask = Mask::everything(),
    }
    |o| -> (ScaleBySimplifiedAdemamix, AddDecayedWeights, ScaleByLearningRate) {
        let ademamix = scale_by_simplified_ademamix().b1(o.b1).b2(o.b2).alpha(o.alpha.clone());
        (
            ademamix.eps(o.eps).eps_root(o.eps_root),
            add_decayed_weights(o.weight_decay).mask(o.mask.clone()),
            scale_by_learning_rate(o.learning_rate.clone()),
        )
    }
}

/// The largest size of a normalized update of ADOPT, by the count of steps taken.
///
/// ```
/// use nnx::optim::{AdoptClipping, Optimizer, adopt, constant_schedule};
/// use nnx::{Array, Param};
///
/// // The second gradient is twice the root of the second moment.
/// let after = |clipping| {
///     let mut x = Param::new(Array::scalar(0.0_f32));
///     let mut opt = Optimizer::new(&x, adopt(1.0).b1(0.5).clipping(clipping));
///     for gradient in [4.0_f32, 8.0] {
///         opt.update(&mut x, &Param::new(Array::scalar(gradient)));
///     }
///     x.item::<f32>()
/// };
/// assert!((after(AdoptClipping::FourthRoot) + 0.5).abs() < 1e-5);
/// assert!((after(AdoptClipping::Off) + 1.0).abs() < 1e-5);
/// assert!((after(AdoptClipping::By(constant_schedule(1.5))) + 0.75).abs() < 1e-5);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub enum AdoptClipping {
    /// There is none. `use_clipping=False`.
    Off,
    /// The fourth root of the count.
    FourthRoot,
    /// Another one. `clip_value_fn`.
    By(#[module(static)] Schedule),
}

transformation! {
    ScaleByAdopt;
    /// Adam that divides an update by the second moment of those before it, so that it converges for every `b2`.
    /// `optax.contrib.scale_by_adopt`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, scale, scale_by_adopt};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, (scale_by_adopt(), scale(-1.0)));
    /// for _ in 0..2 {
    ///     opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
    /// }
    /// // The first gradient fills the second moment and takes no step.
    /// assert!((x.item::<f32>() + 0.1).abs() < 1e-4);
    /// ```
    ///
    /// Source: Taniguchi et al., "ADOPT: Modified Adam Can Converge with Any β2 with the Optimal Rate", 2024.
    scale_by_adopt() {
        /// Decay of the mean of updates.
        b1: f64 = 0.9,
        /// Decay of the mean of squares.
        b2: f64 = 0.9999,
        /// The least root.
        eps: f64 = 1e-6,
        /// Nesterov's momentum.
        nesterov: bool = false,
        /// The largest size of a normalized update.
        clipping: AdoptClipping = AdoptClipping::FourthRoot,
        /// The dtype in which the mean is kept; that of the updates if there is none.
        mu_dtype: Option<DType> = None,
    }
}

impl GradientTransformation for ScaleByAdopt {
    type State = ScaleByAdamState;

    fn init(&self, params: &Params) -> ScaleByAdamState {
        ScaleByAdamState::with_mean_in(params, self.mu_dtype)
    }

    fn update(&self, updates: Params, state: &mut ScaleByAdamState, _: &Params) -> Params {
        let later = state.count.gt(0);
        let dtype = number_dtype(&updates);
        let number = |x: f64| Array::constant_scalar(dtype, x);
        let (b1, b2) = (where_(&later, number(self.b1), 1.0), where_(&later, number(self.b2), 0.0));
        let normalized = updates.zip(&state.nu, |g, v| g / v.sqrt().maximum(self.eps));
        let most = match &self.clipping {
            AdoptClipping::Off => None,
            AdoptClipping::FourthRoot => Some(state.count.astype(dtype).pow(0.25)),
            AdoptClipping::By(schedule) => Some(schedule.value(&state.count)),
        };
        let normalized = match most {
            None => normalized,
            Some(most) => normalized.map(|u| {
                let most = most.astype(u.dtype());
                u.maximum(-&most).minimum(most)
            }),
        };
        let nu = moving(&updates.map(Array::squared_magnitude), &state.nu, &b2);
        let mu = moving(&normalized, &state.mu, &b1);
        state.set(mu.clone().kept_in(self.mu_dtype), nu);
        if self.nesterov { moving(&normalized, &mu, &b1) } else { mu }
    }
}

optimizer! {
    Adopt;
    /// Adam that converges for every `b2`. `optax.contrib.adopt`; see [`scale_by_adopt`].
    ///
    /// ```
    /// use nnx::optim::{Optimizer, adopt};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, adopt(1.0).b1(0.5));
    /// for gradient in [4.0_f32, 8.0] {
    ///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
    /// }
    /// // 0.5 · 8 / 4, bounded to 0.5.
    /// assert!((x.item::<f32>() + 0.5).abs() < 1e-3);
    /// ```
    adopt {
        /// Decay of the mean of updates.
        b1: f64 = 0.9,
        /// Decay of the mean of squares.
        b2: f64 = 0.9999,
        /// The least root.
        eps: f64 = 1e-6,
        /// Nesterov's momentum.
        nesterov: bool = false,
        /// The largest size of a normalized update.
        clipping: AdoptClipping = AdoptClipping::FourthRoot,
        /// The dtype in which the mean is kept; that of the updates if there is none.
        mu_dtype: Option<DType> = None,
    }
    |o| -> (ScaleByAdopt, ScaleByLearningRate) {
        let adopt = scale_by_adopt().b1(o.b1).b2(o.b2).eps(o.eps).nesterov(o.nesterov);
        (adopt.clipping(o.clipping.clone()).mu_dtype(o.mu_dtype), scale_by_learning_rate(o.learning_rate.clone()))
    }
}

transformation! {
    ScaleByAcprop;
    /// AdaBelief that divides an update by the second moment of the distances before it, and takes no mean of updates.
    /// `optax.contrib.scale_by_acprop`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, scale, scale_by_acprop};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, (scale_by_acprop(), scale(-1.0)));
    /// for _ in 0..2 {
    ///     opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
    /// }
    /// // 4 as it is, and 4 / 4: the first gradient was 4 away from the mean, 0.
    /// assert!((x.item::<f32>() + 5.0).abs() < 1e-3);
    /// ```
    ///
    /// Source: Zhuang et al., "Momentum Centering and Asynchronous Update for Adaptive Gradient Methods", 2021.
    scale_by_acprop() {
        /// Decay of the mean of updates, from which distances are taken.
        b1: f64 = 0.9,
        /// Decay of the mean of squared distances.
        b2: f64 = 0.999,
        /// Added to the root.
        eps: f64 = 1e-16,
        /// Added to the second moment at each step.
        eps_root: f64 = 1e-16,
    }
}

impl GradientTransformation for ScaleByAcprop {
    type State = ScaleByAdamState;

    fn init(&self, params: &Params) -> ScaleByAdamState {
        ScaleByAdamState::new(params)
    }

    fn update(&self, updates: Params, state: &mut ScaleByAdamState, _: &Params) -> Params {
        let first = state.count.eq(0);
        let before = bias_correction(&state.nu, self.b2, &state.count.maximum(1));
        let mu = update_moment(&updates, &state.mu, self.b1);
        let surprise = updates.zip(&state.mu, |g, m| g - m);
        let nu = update_second_moment(&surprise, &state.nu, self.b2).map(|v| v + self.eps_root);
        state.set(mu, nu);
        updates.zip(&before, |g, v| g / (where_(&first, 1.0, v).sqrt() + self.eps))
    }
}

optimizer! {
    Acprop;
    /// AdaBelief with the second moment of the steps before. `optax.contrib.acprop`; see [`scale_by_acprop`].
    ///
    /// ```
    /// use nnx::optim::{Optimizer, acprop};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(1.0_f32));
    /// let mut opt = Optimizer::new(&x, acprop(0.1).weight_decay(0.5));
    /// opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
    /// // The first gradient counts as it is: 1 − 0.1 · (4 + 0.5 · 1).
    /// assert!((x.item::<f32>() - 0.55).abs() < 1e-3);
    /// ```
    acprop {
        /// Decay of the mean of updates, from which distances are taken.
        b1: f64 = 0.9,
        /// Decay of the mean of squared distances.
        b2: f64 = 0.999,
        /// Added to the root.
        eps: f64 = 1e-16,
        /// Added to the second moment at each step.
        eps_root: f64 = 1e-16,
        /// How strongly parameters are pulled to zero, in units of the learning rate.
        weight_decay: f64 = 0.0,
        /// Which parameters decay.
        mask: Mask = Mask::everything(),
    }
    |o| -> (ScaleByAcprop, AddDecayedWeights, ScaleByLearningRate) {
        (
            scale_by_acprop().b1(o.b1).b2(o.b2).eps(o.eps).eps_root(o.eps_root),
            add_decayed_weights(o.weight_decay).mask(o.mask.clone()),
            scale_by_learning_rate(o.learning_rate.clone()),
        )
    }
}
