//! Gradient descent by the size or the sign of updates, and traces and means of past updates.

use super::hyper::{optimizer, transformation};
use super::moments::{bias_correction, update_moment};
use super::{
    GradientTransformation, Hyperparam, Params, ScaleByLearningRate, safe_increment,
    scale_by_learning_rate,
};
use crate::graph::Array;
use crate::module::{OptState, Variable};
use crate::value::DType;
use nnx_derive::Module;

transformation! {
    Trace;
    /// Sums past updates, each weaker by `decay` at every step: trace = update + decay · trace.
    /// `optax.trace`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, scale, trace};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, (trace(0.5), scale(-1.0)));
    /// for _ in 0..2 {
    ///     opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
    /// }
    /// // 4, and 4 + 0.5 · 4.
    /// assert_eq!(x.item::<f32>(), -10.0);
    /// ```
    trace(decay: Hyperparam) {
        /// Looks one step ahead along the trace (Sutskever et al., "On the importance of
        /// initialization and momentum in deep learning", 2013).
        nesterov: bool = false,
        /// The dtype in which the sum is kept; that of the updates if there is none.
        accumulator_dtype: Option<DType> = None,
    }
}

/// The sum of past updates for each parameter.
///
/// ```
/// use nnx::optim::{Optimizer, TraceState, scale, trace};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, (trace(0.5), scale(-1.0)));
/// for _ in 0..2 {
///     opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
/// }
/// let state: &TraceState = &opt.opt_state.0;
/// assert_eq!(state.trace.get("").unwrap().item::<f32>(), 6.0);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct TraceState {
    /// In the parameters' shapes and dtypes.
    pub trace: Params,
}

impl GradientTransformation for Trace {
    type State = TraceState;

    fn init(&self, params: &Params) -> TraceState {
        TraceState { trace: params.zeros_like().kept_in(self.accumulator_dtype) }
    }

    fn update(&self, updates: Params, state: &mut TraceState, _: &Params) -> Params {
        let add = |trace: &Params| updates.zip(trace, |g, t| g + t * &self.decay);
        let sum = add(&state.trace);
        state.trace = sum.clone().kept_in(self.accumulator_dtype);
        if self.nesterov { add(&sum) } else { sum }
    }
}

optimizer! {
    Sgd;
    /// Stochastic gradient descent. `optax.sgd`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, sgd};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, sgd(0.5).momentum(Some(0.5)));
    /// for _ in 0..2 {
    ///     opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
    /// }
    /// // 0.5 · 4, and 0.5 · (4 + 0.5 · 4).
    /// assert_eq!(x.item::<f32>(), -5.0);
    /// ```
    sgd {
        /// Adds a trace of past updates that decays by this at each step, if there is one.
        momentum: Option<Hyperparam> = None,
        /// Nesterov's momentum in place of the plain one.
        nesterov: bool = false,
        /// The dtype in which the sum is kept; that of the updates if there is none.
        accumulator_dtype: Option<DType> = None,
    }
    |o| -> (Option<Trace>, ScaleByLearningRate) {
        (
            o.momentum.as_ref().map(|decay| {
                trace(decay).nesterov(o.nesterov).accumulator_dtype(o.accumulator_dtype)
            }),
            scale_by_learning_rate(o.learning_rate.clone()),
        )
    }
}

transformation! {
    Ema;
    /// The running mean of updates in their place. `optax.ema`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, ema, scale};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, (ema(0.5), scale(-1.0)));
    /// for gradient in [4.0_f32, 7.0] {
    ///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
    /// }
    /// // 4 and 6: (0.5 · 7 + 0.25 · 4) / 0.75.
    /// assert!((x.item::<f32>() + 10.0).abs() < 1e-3);
    /// ```
    ema(decay: Hyperparam) {
        /// Whether the mean is corrected for its start at zero.
        debias: bool = true,
        /// The dtype in which the mean is kept; that of the updates if there is none.
        accumulator_dtype: Option<DType> = None,
    }
}

/// The running mean of updates.
///
/// ```
/// use nnx::optim::{EmaState, Optimizer, ema, scale};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, (ema(0.5), scale(-1.0)));
/// for gradient in [4.0_f32, 7.0] {
///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
/// }
/// let state: &EmaState = &opt.opt_state.0;
/// assert_eq!(state.count.item::<i32>(), 2);
/// // It is not corrected here.
/// assert_eq!(state.ema.get("").unwrap().item::<f32>(), 4.5);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct EmaState {
    /// Steps taken, an i32 scalar.
    pub count: Variable<OptState>,
    /// In the parameters' shapes and dtypes.
    pub ema: Params,
}

impl GradientTransformation for Ema {
    type State = EmaState;

    fn init(&self, params: &Params) -> EmaState {
        EmaState {
            count: Variable::new(Array::scalar(0_i32)),
            ema: params.zeros_like().kept_in(self.accumulator_dtype),
        }
    }

    fn update(&self, updates: Params, state: &mut EmaState, _: &Params) -> Params {
        let count = safe_increment(&state.count);
        let mean = update_moment(&updates, &state.ema, &self.decay);
        state.ema = mean.clone().kept_in(self.accumulator_dtype);
        state.count.set(count.clone());
        if self.debias { bias_correction(&mean, &self.decay, &count) } else { mean }
    }
}

transformation! {
    ScaleBySign;
    /// The sign of each element of the updates. `optax.scale_by_sign`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, scale, scale_by_sign};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::from([0.0_f32, 0.0, 1.0]));
    /// let mut opt = Optimizer::new(&x, (scale_by_sign(), scale(-0.5)));
    /// opt.update(&mut x, &Param::new(Array::from([100.0_f32, -0.01, 0.0])));
    /// assert_eq!(x.to_vec::<f32>(), [-0.5, 0.5, 1.0]);
    /// ```
    scale_by_sign() {}
}

impl GradientTransformation for ScaleBySign {
    type State = ();
    fn init(&self, _: &Params) {}
    fn update(&self, updates: Params, _: &mut (), _: &Params) -> Params {
        updates.map(Array::sign)
    }
}

optimizer! {
    SignSgd;
    /// Steps of one size against the sign of the gradient. `optax.sign_sgd`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, sign_sgd};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::from([1.0_f32, 1.0]));
    /// let mut opt = Optimizer::new(&x, sign_sgd(0.5));
    /// opt.update(&mut x, &Param::new(Array::from([100.0_f32, -0.01])));
    /// assert_eq!(x.to_vec::<f32>(), [0.5, 1.5]);
    /// ```
    ///
    /// Source: Bernstein et al., "signSGD: Compressed Optimisation for Non-Convex Problems", 2018.
    sign_sgd {}
    |o| -> (ScaleBySign, ScaleByLearningRate) {
        (scale_by_sign(), scale_by_learning_rate(o.learning_rate.clone()))
    }
}

optimizer! {
    Signum;
    /// Steps of one size against the sign of the running mean of gradients. `optax.signum`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, signum};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, signum(0.5).beta(0.75));
    /// for gradient in [4.0_f32, -1.0] {
    ///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
    /// }
    /// // The mean, 0.75 · 1 − 0.25 · 1, has the sign of the first gradient.
    /// assert_eq!(x.item::<f32>(), -1.0);
    /// ```
    ///
    /// Source: Bernstein et al., "signSGD: Compressed Optimisation for Non-Convex Problems", 2018.
    signum {
        /// Decay of the mean.
        beta: Hyperparam = 0.9,
        /// The dtype in which the mean is kept; that of the updates if there is none.
        accumulator_dtype: Option<DType> = None,
    }
    |o| -> (Ema, ScaleBySign, ScaleByLearningRate) {
        (
            ema(&o.beta).debias(false).accumulator_dtype(o.accumulator_dtype),
            scale_by_sign(),
            scale_by_learning_rate(o.learning_rate.clone()),
        )
    }
}
