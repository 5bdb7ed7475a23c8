//! Lion: the sign of a mean of updates.

use super::hyper::transformation;
use super::moments::update_moment;
use super::{
    AddDecayedWeights, GradientTransformation, Hyperparam, Mask, Params, ScaleByLearningRate,
    add_decayed_weights, safe_increment, scale_by_learning_rate,
};
use crate::array::select;
use crate::graph::Array;
use crate::module::{OptState, Variable};
use crate::value::DType;
use nnx_derive::Module;

/// How [`scale_by_lion`] makes a step of the mix of an update and the mean.
///
/// ```
/// use nnx::optim::{LionMode, Optimizer, scale, scale_by_lion};
/// use nnx::{Array, Param};
///
/// let after = |mode| {
///     let mut x = Param::new(Array::scalar(0.0_f32));
///     let mut opt = Optimizer::new(&x, (scale_by_lion().mode(mode), scale(-1.0)));
///     opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
///     x.item::<f32>()
/// };
/// // The mix is 0.1 · 4.
/// assert_eq!(after(LionMode::Hard), -1.0);
/// assert!((after(LionMode::Refined) + 0.4).abs() < 1e-6);
/// assert!((after(LionMode::Smooth(2.0)) + 0.8_f32.tanh()).abs() < 1e-5);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub enum LionMode {
    /// By its sign.
    Hard,
    /// By the hyperbolic tangent of so many times the mix. `mode="smooth"` with `smooth_beta`.
    Smooth(f64),
    /// By itself up to a size of 1, and by its sign beyond.
    Refined,
}

impl LionMode {
    fn step(&self, mix: &Array) -> Array {
        match self {
            LionMode::Hard => mix.sign(),
            LionMode::Smooth(beta) => (mix * *beta).tanh(),
            LionMode::Refined => select(mix.abs().lt(1.0), mix, mix.sign()),
        }
    }
}

transformation! {
    ScaleByLion;
    /// The sign of a mix of the update and the running mean. `optax.scale_by_lion`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, scale, scale_by_lion};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, (scale_by_lion(), scale(-1.0)));
    /// for gradient in [4.0_f32, -0.1] {
    ///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
    /// }
    /// // The second gradient is too small to turn the sign of 0.9 · 0.04 − 0.1 · 0.1.
    /// assert_eq!(x.item::<f32>(), -2.0);
    /// ```
    ///
    /// Source: Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023.
    scale_by_lion() {
        /// Weight of the mean in the mix.
        b1: Hyperparam = 0.9,
        /// Decay of the mean.
        b2: Hyperparam = 0.99,
        /// The dtype in which the mean is kept; that of the updates if there is none.
        mu_dtype: Option<DType> = None,
        /// How the mix becomes a step.
        mode: LionMode = LionMode::Hard,
    }
    optimizers {
        Lion;
        /// Steps of one size by sign. `optax.lion`; see [`scale_by_lion`].
        ///
        /// ```
        /// use nnx::optim::{Optimizer, lion};
        /// use nnx::{Array, Param};
        ///
        /// let mut x = Param::new(Array::scalar(1.0_f32));
        /// let mut opt = Optimizer::new(&x, lion(0.1).weight_decay(0.5));
        /// opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
        /// // 1 − 0.1 · (1 + 0.5 · 1)
        /// assert!((x.item::<f32>() - 0.85).abs() < 1e-3);
        /// ```
        lion {
            /// How strongly parameters are pulled to zero.
            weight_decay: Hyperparam = 1e-3,
            /// Which parameters decay.
            mask: Mask = Mask::everything(),
        }
        |o, lion| -> (ScaleByLion, AddDecayedWeights, ScaleByLearningRate) {
            (
                lion,
                add_decayed_weights(&o.weight_decay).mask(o.mask.clone()),
                scale_by_learning_rate(o.learning_rate.clone()),
            )
        }
    }
}

/// The running mean of Lion.
///
/// ```
/// use nnx::optim::{Optimizer, ScaleByLionState, lion};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(1.0_f32));
/// let mut opt = Optimizer::new(&x, lion(0.1).b2(0.5));
/// opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
/// let state: &ScaleByLionState = &opt.opt_state.0;
/// // Lion is a chain, whose first part has the mean.
/// assert_eq!(state.mu.get("").unwrap().item::<f32>(), 2.0);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ScaleByLionState {
    /// Steps taken, an i32 scalar.
    pub count: Variable<OptState>,
    /// Running mean of updates.
    pub mu: Params,
}

impl GradientTransformation for ScaleByLion {
    type State = ScaleByLionState;

    fn init(&self, params: &Params) -> ScaleByLionState {
        ScaleByLionState {
            count: Variable::new(Array::scalar(0_i32)),
            mu: params.zeros_like().kept_in(self.mu_dtype),
        }
    }

    fn update(&self, updates: Params, state: &mut ScaleByLionState, _: &Params) -> Params {
        let signs = updates
            .zip(&state.mu, |g, m| self.mode.step(&(g * self.b1.complement() + m * &self.b1)));
        state.mu = update_moment(&updates, &state.mu, &self.b2).kept_in(self.mu_dtype);
        state.count.set(safe_increment(&state.count));
        signs
    }
}
