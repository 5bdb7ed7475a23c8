//! Scaling of updates by a number, a schedule, or a learning rate that is one of the two.

use super::hyper::transformation;
use super::hyperparam::check_scalar;
use super::{GradientTransformation, LearningRate, Params, Schedule, safe_increment};
use crate::error::{Error, raise};
use crate::graph::Array;
use crate::module::{OptState, Variable};
use nnx_derive::Module;

transformation! {
    Scale;
    /// Multiplies updates by `step_size`. `optax.scale`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, scale};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::from([1.0_f32, -2.0]));
    /// let mut opt = Optimizer::new(&x, scale(-0.5));
    /// opt.update(&mut x, &Param::new(Array::from([2.0_f32, 4.0])));
    /// assert_eq!(x.to_vec::<f32>(), [0.0, -4.0]);
    /// ```
    scale(step_size: f64) {}
}

impl GradientTransformation for Scale {
    type State = ();
    fn init(&self, _: &Params) {}
    fn update(&self, updates: Params, _: &mut (), _: &Params) -> Params {
        updates.map(|g| g * self.step_size)
    }
}

/// See [`scale_by_schedule`].
///
/// ```
/// use nnx::optim::{ScaleBySchedule, Sgd, linear_schedule, scale_by_schedule, sgd};
///
/// // A chain that a struct of yours can name.
/// let rising = linear_schedule(0.0, 1.0, 10, 0);
/// let tx: (Sgd, ScaleBySchedule) = (sgd(0.1), scale_by_schedule(rising));
/// assert!(format!("{:?}", tx.1).contains("polynomial_schedule"));
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ScaleBySchedule {
    #[module(static)]
    schedule: Schedule,
    sign: i32,
}

/// Multiplies updates by the value of `schedule` at the count of steps taken.
/// `optax.scale_by_schedule`.
///
/// ```
/// use nnx::optim::{Optimizer, linear_schedule, scale_by_schedule, sgd};
/// use nnx::{Array, Param};
///
/// let rising = linear_schedule(0.0, 1.0, 2, 0);
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, (scale_by_schedule(rising), sgd(1.0)));
/// for _ in 0..3 {
///     opt.update(&mut x, &Param::new(Array::scalar(2.0_f32)));
/// }
/// // 2 · 0, 2 · 0.5 and 2 · 1.
/// assert_eq!(x.item::<f32>(), -3.0);
/// ```
pub fn scale_by_schedule(schedule: Schedule) -> ScaleBySchedule {
    ScaleBySchedule { schedule, sign: 1 }
}

/// How many steps a schedule has seen, an i32 scalar.
///
/// ```
/// use nnx::optim::{Optimizer, ScaleByScheduleState, linear_schedule, sgd};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, sgd(linear_schedule(1.0, 0.0, 10, 0)));
/// for _ in 0..3 {
///     opt.update(&mut x, &Param::new(Array::scalar(2.0_f32)));
/// }
/// let state: &ScaleByScheduleState = opt.opt_state.1.as_ref().unwrap();
/// // A rate that is a schedule counts steps; a number has no state.
/// assert_eq!(state.count.item::<i32>(), 3);
/// assert!(Optimizer::new(&x, sgd(0.1)).opt_state.1.is_none());
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ScaleByScheduleState {
    /// Steps taken.
    pub count: Variable<OptState>,
}

impl GradientTransformation for ScaleBySchedule {
    type State = ScaleByScheduleState;

    fn init(&self, _: &Params) -> ScaleByScheduleState {
        ScaleByScheduleState { count: Variable::new(Array::scalar(0_i32)) }
    }

    fn update(&self, updates: Params, state: &mut ScaleByScheduleState, _: &Params) -> Params {
        let value = self.schedule.value(&state.count);
        let step_size = if self.sign == 1 { value } else { value * self.sign };
        state.count.set(safe_increment(&state.count));
        updates.map(|g| step_size.astype(g.dtype()) * g)
    }
}

/// See [`scale_by_learning_rate`].
///
/// ```
/// use nnx::optim::{ScaleByAdam, ScaleByLearningRate, scale_by_adam, scale_by_learning_rate};
///
/// // Adam, made of its parts.
/// let tx: (ScaleByAdam, ScaleByLearningRate) = (scale_by_adam(), scale_by_learning_rate(1e-3));
/// assert!(format!("{:?}", tx.1).contains("Constant(0.001)"));
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ScaleByLearningRate {
    learning_rate: LearningRate,
    flip_sign: bool,
}

/// Multiplies updates by the negative learning rate, so that adding them descends.
/// `optax.scale_by_learning_rate`.
///
/// ```
/// use nnx::optim::{Optimizer, scale_by_learning_rate};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(1.0_f32));
/// let mut opt = Optimizer::new(&x, scale_by_learning_rate(0.5));
/// opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
/// // 1 − 0.5 · 4
/// assert_eq!(x.item::<f32>(), -1.0);
/// ```
pub fn scale_by_learning_rate(learning_rate: impl Into<LearningRate>) -> ScaleByLearningRate {
    ScaleByLearningRate { learning_rate: learning_rate.into(), flip_sign: true }
}

impl ScaleByLearningRate {
    /// Whether the sign is flipped. Default: true.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, scale_by_learning_rate};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(1.0_f32));
    /// let mut opt = Optimizer::new(&x, scale_by_learning_rate(0.5).flip_sign(false));
    /// opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
    /// // 1 + 0.5 · 4
    /// assert_eq!(x.item::<f32>(), 3.0);
    /// ```
    pub fn flip_sign(self, flip_sign: bool) -> Self {
        ScaleByLearningRate { flip_sign, ..self }
    }

    fn sign(&self) -> i32 {
        if self.flip_sign { -1 } else { 1 }
    }
}

impl GradientTransformation for ScaleByLearningRate {
    /// Only a schedule counts steps.
    type State = Option<ScaleByScheduleState>;

    #[track_caller]
    fn init(&self, params: &Params) -> Self::State {
        match &self.learning_rate {
            LearningRate::Constant(_) => None,
            LearningRate::Injected(rate) => {
                check_scalar("scale_by_learning_rate", rate);
                None
            }
            LearningRate::Schedule(s) => Some(scale_by_schedule(s.clone()).init(params)),
        }
    }

    fn update(&self, updates: Params, state: &mut Self::State, params: &Params) -> Params {
        match (&self.learning_rate, state) {
            (LearningRate::Schedule(schedule), Some(state)) => {
                let scaling = ScaleBySchedule { schedule: schedule.clone(), sign: self.sign() };
                scaling.update(updates, state, params)
            }
            (LearningRate::Constant(rate), _) => {
                scale(rate * f64::from(self.sign())).update(updates, &mut (), params)
            }
            (LearningRate::Injected(rate), _) => {
                check_scalar("scale_by_learning_rate", rate);
                let step_size = rate.value() * self.sign();
                updates.map(|g| step_size.astype(g.dtype()) * g)
            }
            (LearningRate::Schedule(_), None) => raise(Error::Invalid(
                "scale_by_learning_rate: the learning rate is a schedule, but the state was made \
                     for a constant one, so it counts no steps: make it with `init` of this \
                     transformation"
                    .into(),
            )),
        }
    }
}
