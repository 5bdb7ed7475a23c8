//! AdaGrad, RMSProp and AdaDelta: scaling by sums and means of squared updates.

use super::hyper::transformation;
use super::moments::{bias_correction, update_moment, update_second_moment};
use super::{
    AddDecayedWeights, GradientTransformation, Hyperparam, Mask, Params, ScaleByLearningRate,
    Trace, add_decayed_weights, safe_increment, scale_by_learning_rate, trace,
};
use crate::array::where_;
use crate::graph::Array;
use crate::module::{OptState, Variable};
use nnx_derive::Module;

transformation! {
    ScaleByRss;
    /// Divides updates by the root of the sum of all squares so far. `optax.scale_by_rss`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, scale, scale_by_rss};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let tx = (scale_by_rss().initial_accumulator_value(0.0), scale(-1.0));
    /// let mut opt = Optimizer::new(&x, tx);
    /// for gradient in [3.0_f32, 4.0] {
    ///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
    /// }
    /// // 3 / √3², and 4 / √(3² + 4²).
    /// assert!((x.item::<f32>() + 1.8).abs() < 1e-3);
    /// ```
    ///
    /// Source: Duchi et al., "Adaptive Subgradient Methods", 2011.
    scale_by_rss() {
        /// Where the sum starts.
        initial_accumulator_value: f64 = 0.1,
        /// Added below the root.
        eps: Hyperparam = 1e-7,
    }
    optimizers {
        AdaGrad;
        /// AdaGrad. `optax.adagrad`; see [`scale_by_rss`].
        ///
        /// ```
        /// use nnx::optim::{Optimizer, adagrad};
        /// use nnx::{Array, Param};
        ///
        /// let mut x = Param::new(Array::scalar(0.0_f32));
        /// let mut opt = Optimizer::new(&x, adagrad(0.5).initial_accumulator_value(16.0));
        /// opt.update(&mut x, &Param::new(Array::scalar(3.0_f32)));
        /// // 0.5 · 3 / √(16 + 3²)
        /// assert!((x.item::<f32>() + 0.3).abs() < 1e-4);
        /// ```
        adagrad {}
        |o, rss| -> (ScaleByRss, ScaleByLearningRate) {
            (rss, scale_by_learning_rate(o.learning_rate.clone()))
        }
    }
}

/// The sum of squares.
///
/// ```
/// use nnx::optim::{Optimizer, ScaleByRssState, adagrad};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, adagrad(0.5).initial_accumulator_value(0.0));
/// for gradient in [3.0_f32, 4.0] {
///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
/// }
/// let state: &ScaleByRssState = &opt.opt_state.0;
/// assert_eq!(state.sum_of_squares.get("").unwrap().item::<f32>(), 25.0);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ScaleByRssState {
    /// In the parameters' shapes and dtypes.
    pub sum_of_squares: Params,
}

impl GradientTransformation for ScaleByRss {
    type State = ScaleByRssState;

    fn init(&self, params: &Params) -> ScaleByRssState {
        ScaleByRssState { sum_of_squares: params.full_like(self.initial_accumulator_value) }
    }

    fn update(&self, updates: Params, state: &mut ScaleByRssState, _: &Params) -> Params {
        state.sum_of_squares = updates.zip(&state.sum_of_squares, |g, t| g.squared_magnitude() + t);
        let scaling =
            state.sum_of_squares.map(|t| where_(t.real().gt(0.0), (t + &self.eps).rsqrt(), 0.0));
        scaling.zip(&updates, |s, g| s * g)
    }
}

transformation! {
    ScaleByRms;
    /// Divides updates by the root of the running mean of their squares. `optax.scale_by_rms`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, scale, scale_by_rms};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, (scale_by_rms().decay(0.75), scale(-1.0)));
    /// opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
    /// // 4 / √(0.25 · 4²); with `bias_correction(true)` it is 1.
    /// assert!((x.item::<f32>() + 2.0).abs() < 1e-3);
    /// ```
    ///
    /// Source: Hinton, "Overview of mini-batch gradient descent", 2012.
    scale_by_rms() {
        /// Decay of the mean of squares.
        decay: Hyperparam = 0.9,
        /// Added below the root, or to it.
        eps: Hyperparam = 1e-8,
        /// Where the mean starts.
        initial_scale: f64 = 0.0,
        /// Whether `eps` is added below the root.
        eps_in_sqrt: bool = true,
        /// Whether the mean is corrected for its start at zero.
        bias_correction: bool = false,
    }
    optimizers {
        RmsProp;
        /// RMSProp. `optax.rmsprop`; see [`scale_by_rms`].
        ///
        /// ```
        /// use nnx::optim::{Optimizer, rmsprop};
        /// use nnx::{Array, Param};
        ///
        /// let mut x = Param::new(Array::scalar(0.0_f32));
        /// let mut opt = Optimizer::new(&x, rmsprop(0.1).decay(0.75).momentum(Some(0.5)));
        /// for _ in 0..2 {
        ///     opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
        /// }
        /// // 0.1 · 2, and 0.1 · 4 / √7 with half of the step before.
        /// assert!((x.item::<f32>() + 0.451_186).abs() < 1e-4);
        /// ```
        rmsprop {
            /// Decay of a trace of updates; without one there is no trace.
            momentum: Option<Hyperparam> = None,
            /// Nesterov's momentum.
            nesterov: bool = false,
            /// Whether updates are divided by their deviation from the mean, as [`scale_by_stddev`] does.
            centered: bool = false,
        }
        |o, rms| -> (Option<ScaleByRms>, Option<ScaleByStddev>, ScaleByLearningRate, Option<Trace>) {
            (
                (!o.centered).then_some(rms),
                o.centered.then(|| {
                    scale_by_stddev()
                        .decay(o.decay.clone())
                        .eps(o.eps.clone())
                        .initial_scale(o.initial_scale)
                        .eps_in_sqrt(o.eps_in_sqrt)
                        .bias_correction(o.bias_correction)
                }),
                scale_by_learning_rate(o.learning_rate.clone()),
                o.momentum.as_ref().map(|decay| trace(decay).nesterov(o.nesterov)),
            )
        }
    }
}

/// The running mean of squares.
///
/// ```
/// use nnx::optim::{Optimizer, ScaleByRmsState, scale, scale_by_rms};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, (scale_by_rms().decay(0.75), scale(-0.1)));
/// for _ in 0..2 {
///     opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
/// }
/// let state: &ScaleByRmsState = &opt.opt_state.0;
/// // 0.25 · 4² + 0.75 · 4
/// assert_eq!(state.nu.get("").unwrap().item::<f32>(), 7.0);
/// assert!(state.count.is_none());
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ScaleByRmsState {
    /// Steps taken, an i32 scalar, if the mean is corrected.
    pub count: Option<Variable<OptState>>,
    /// In the parameters' shapes and dtypes.
    pub nu: Params,
}

impl GradientTransformation for ScaleByRms {
    type State = ScaleByRmsState;

    fn init(&self, params: &Params) -> ScaleByRmsState {
        ScaleByRmsState {
            count: self.bias_correction.then(|| Variable::new(Array::scalar(0_i32))),
            nu: params.full_like(self.initial_scale),
        }
    }

    fn update(&self, updates: Params, state: &mut ScaleByRmsState, _: &Params) -> Params {
        state.nu = update_second_moment(&updates, &state.nu, &self.decay);
        let mut nu = state.nu.clone();
        if let Some(count) = &mut state.count {
            count.set(safe_increment(count));
            nu = bias_correction(&nu, &self.decay, count);
        }
        nu.zip(&updates, |n, g| {
            if self.eps_in_sqrt {
                (n + &self.eps).rsqrt() * g
            } else {
                1.0 / (n.sqrt() + &self.eps) * g
            }
        })
    }
}

transformation! {
    ScaleByAdaDelta;
    /// Scales updates by the ratio of the running sizes of past changes and updates.
    /// `optax.scale_by_adadelta`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, scale, scale_by_adadelta};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let tx = (scale_by_adadelta().rho(0.5).eps(1.0), scale(-0.75));
    /// let mut opt = Optimizer::new(&x, tx);
    /// opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
    /// // 4 · √(0 + 1) / √(8 + 1), of which 0.75.
    /// assert!((x.item::<f32>() + 1.0).abs() < 1e-3);
    /// ```
    ///
    /// Source: Zeiler, "ADADELTA: An Adaptive Learning Rate Method", 2012.
    scale_by_adadelta() {
        /// Decay of both means.
        rho: Hyperparam = 0.9,
        /// Added below both roots.
        eps: Hyperparam = 1e-6,
    }
    optimizers {
        AdaDelta;
        /// AdaDelta. `optax.adadelta`; see [`scale_by_adadelta`].
        ///
        /// ```
        /// use nnx::optim::{Optimizer, adadelta};
        /// use nnx::{Array, Param};
        ///
        /// let mut x = Param::new(Array::scalar(2.0_f32));
        /// let tx = adadelta(0.75).rho(0.5).eps(1.0).weight_decay(0.5);
        /// let mut opt = Optimizer::new(&x, tx);
        /// opt.update(&mut x, &Param::new(Array::scalar(3.0_f32)));
        /// // The gradient is 3 + 0.5 · 2.
        /// assert!((x.item::<f32>() - 1.0).abs() < 1e-3);
        /// ```
        adadelta {
            /// How strongly parameters are pulled to zero.
            weight_decay: Hyperparam = 0.0,
            /// Which parameters decay.
            mask: Mask = Mask::everything(),
        }
        |o, adadelta| -> (AddDecayedWeights, ScaleByAdaDelta, ScaleByLearningRate) {
            (
                add_decayed_weights(&o.weight_decay).mask(o.mask.clone()),
                adadelta,
                scale_by_learning_rate(o.learning_rate.clone()),
            )
        }
    }
}

/// The running means of AdaDelta.
///
/// ```
/// use nnx::optim::{Optimizer, ScaleByAdaDeltaState, adadelta};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, adadelta(1.0).rho(0.5).eps(1.0));
/// opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
/// // No weight decay, then the means.
/// let state: &ScaleByAdaDeltaState = &opt.opt_state.1;
/// assert_eq!(state.e_g.get("").unwrap().item::<f32>(), 8.0);
/// // Half of the square of the step, 4 / 3.
/// assert!((state.e_x.get("").unwrap().item::<f32>() - 0.888_889).abs() < 1e-5);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ScaleByAdaDeltaState {
    /// Mean of squared updates before scaling.
    pub e_g: Params,
    /// Mean of squared updates after it.
    pub e_x: Params,
}

impl GradientTransformation for ScaleByAdaDelta {
    type State = ScaleByAdaDeltaState;

    fn init(&self, params: &Params) -> ScaleByAdaDeltaState {
        ScaleByAdaDeltaState { e_g: params.zeros_like(), e_x: params.zeros_like() }
    }

    fn update(&self, updates: Params, state: &mut ScaleByAdaDeltaState, _: &Params) -> Params {
        state.e_g = update_second_moment(&updates, &state.e_g, &self.rho);
        let ratio =
            state.e_x.zip(&state.e_g, |x, g| (x + &self.eps).sqrt() / (g + &self.eps).sqrt());
        let updates = ratio.zip(&updates, |r, g| r * g);
        state.e_x = update_second_moment(&updates, &state.e_x, &self.rho);
        updates
    }
}

transformation! {
    ScaleByStddev;
    /// Divides updates by their running standard deviation. `optax.scale_by_stddev`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, scale, scale_by_stddev};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, (scale_by_stddev().decay(0.5), scale(-1.0)));
    /// opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
    /// // The means are 2 and 8, and the deviation is √(8 − 2²).
    /// assert!((x.item::<f32>() + 2.0).abs() < 1e-3);
    /// ```
    ///
    /// Source: Hinton, "Lecture 6e: RMSProp", 2012.
    scale_by_stddev() {
        /// Decay of the means.
        decay: Hyperparam = 0.9,
        /// Added to the variance or to its root.
        eps: Hyperparam = 1e-8,
        /// Where the mean of squares starts.
        initial_scale: f64 = 0.0,
        /// Whether `eps` is added below the root.
        eps_in_sqrt: bool = true,
        /// Whether the means are corrected for their start at zero.
        bias_correction: bool = false,
    }
}

/// The means of updates and of their squares.
///
/// ```
/// use nnx::optim::{Optimizer, ScaleByStddevState, scale, scale_by_stddev};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, (scale_by_stddev().decay(0.5), scale(-1.0)));
/// opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
/// let state: &ScaleByStddevState = &opt.opt_state.0;
/// assert_eq!(state.mu.get("").unwrap().item::<f32>(), 2.0);
/// assert_eq!(state.nu.get("").unwrap().item::<f32>(), 8.0);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ScaleByStddevState {
    /// Steps taken, an i32 scalar, if the means are corrected.
    pub count: Option<Variable<OptState>>,
    /// Running mean of updates.
    pub mu: Params,
    /// Running mean of squared updates.
    pub nu: Params,
}

impl GradientTransformation for ScaleByStddev {
    type State = ScaleByStddevState;

    fn init(&self, params: &Params) -> ScaleByStddevState {
        ScaleByStddevState {
            count: self.bias_correction.then(|| Variable::new(Array::scalar(0_i32))),
            mu: params.zeros_like(),
            nu: params.full_like(self.initial_scale),
        }
    }

    fn update(&self, updates: Params, state: &mut ScaleByStddevState, _: &Params) -> Params {
        state.mu = update_moment(&updates, &state.mu, &self.decay);
        state.nu = update_second_moment(&updates, &state.nu, &self.decay);
        let (mut mu, mut nu) = (state.mu.clone(), state.nu.clone());
        if let Some(count) = &mut state.count {
            count.set(safe_increment(count));
            mu = bias_correction(&mu, &self.decay, count);
            nu = bias_correction(&nu, &self.decay, count);
        }
        let scaling = mu.zip(&nu, |m, n| {
            let variance = n - m.squared_magnitude();
            match self.eps_in_sqrt {
                true => 1.0 / (variance + &self.eps).sqrt(),
                false => 1.0 / (variance.sqrt() + &self.eps),
            }
        });
        scaling.zip(&updates, |s, g| s * g)
    }
}
