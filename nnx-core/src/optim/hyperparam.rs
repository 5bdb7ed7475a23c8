//! Numbers of optimizers that may be arrays.

use super::Schedule;
use crate::array::Operand;
use crate::error::{Error, raise};
use crate::graph::Array;
use crate::module::{OptState, Variable};
use crate::value::{DType, PromotionKind};
use nnx_derive::Module;

/// A number of an optimizer, such as the decay of a mean or the learning rate: a number, a [`Schedule`], or an array,
/// which can be set without another program. `jax.typing.ArrayLike` and `optax.ScalarOrSchedule`.
///
/// ```
/// use nnx::optim::{Optimizer, adam, trace};
/// use nnx::{Array, Param};
///
/// // An array is an input of the program, and is saved with the optimizer.
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, (trace(Array::scalar(0.5_f32)), adam(0.1).b1(0.8)));
/// opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
/// assert!((x.item::<f32>() + 0.1).abs() < 1e-4);
/// ```
///
/// All but learning rates need a count of steps if they are a schedule: [`inject_hyperparams`] has one.
///
/// [`inject_hyperparams`]: super::inject_hyperparams
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub enum Hyperparam {
    /// The same at every step, and a part of the program.
    Constant(f64),
    /// Depends on the step.
    Schedule(#[module(static)] Schedule),
    /// An input of the program, a float scalar.
    Injected(Variable<OptState>),
}

/// A learning rate: a number, a [`Schedule`], or an array, which can be set without another program.
/// `optax.ScalarOrSchedule`.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::{LearningRate, adamw};
///
/// let mut tx = adamw(Array::scalar(1e-3_f32));
/// // Between two steps, in a body that has the optimizer, or by a search over rates under `vmap`.
/// tx.set_learning_rate(Array::scalar(1e-4_f32));
/// assert!(matches!(tx.learning_rate(), LearningRate::Injected(_)));
/// ```
pub type LearningRate = Hyperparam;

impl Hyperparam {
    /// The number after `count` steps, a scalar of `dtype`.
    #[track_caller]
    pub(super) fn at(&self, count: &Array, dtype: DType) -> Array {
        match self {
            Hyperparam::Schedule(schedule) => schedule.value(count).astype(dtype),
            other => other.array(dtype),
        }
    }

    /// Its value by a formula, which is given for both forms.
    #[track_caller]
    pub(super) fn map(
        &self,
        of_number: impl FnOnce(f64) -> f64,
        of_array: impl FnOnce(&Array) -> Array,
    ) -> Hyperparam {
        match self {
            Hyperparam::Constant(number) => Hyperparam::Constant(of_number(*number)),
            other => of_array(other.injected()).into(),
        }
    }

    /// 1 − it: what the other part of a mean is weighted by.
    #[track_caller]
    pub(super) fn complement(&self) -> Hyperparam {
        self.map(|number| 1.0 - number, |array| 1.0 - array)
    }

    /// The array.
    #[track_caller]
    fn injected(&self) -> &Array {
        match self {
            Hyperparam::Injected(array) => {
                check_scalar("an optimizer", array);
                array
            }
            _ => raise(Error::Invalid(
                "an optimizer has a schedule for a number other than the learning rate, but nothing counts its \
                 steps\nfix: `inject_hyperparams(adam(1e-3).b1(schedule))`"
                    .into(),
            )),
        }
    }
}

/// An integer would wrap around when its sign changes, and an axis would broadcast.
#[track_caller]
pub(super) fn check_scalar(who: &str, number: &Array) {
    let aval = number.aval();
    if aval.rank() > 0 || !aval.dtype().is_float() {
        let what = match who {
            "scale_by_learning_rate" => "the learning rate",
            _ => "a number that is an array",
        };
        raise(Error::Invalid(format!("{who}: {what} must be a float scalar, got {aval}")));
    }
}

/// As a Rust number it takes the dtype of what it meets.
#[diagnostic::do_not_recommend]
impl Operand for Hyperparam {
    fn kind(&self) -> PromotionKind {
        PromotionKind::WeakFloat
    }
    #[track_caller]
    fn array(&self, dtype: DType) -> Array {
        match self {
            Hyperparam::Constant(number) => number.array(dtype),
            other => other.injected().astype(dtype),
        }
    }
    fn number(&self) -> Option<f64> {
        match self {
            Hyperparam::Constant(number) => Some(*number),
            _ => None,
        }
    }
}

impl From<f64> for Hyperparam {
    fn from(value: f64) -> Self {
        Hyperparam::Constant(value)
    }
}
impl From<Array> for Hyperparam {
    fn from(value: Array) -> Self {
        Hyperparam::Injected(Variable::new(value))
    }
}
impl From<&Array> for Hyperparam {
    fn from(value: &Array) -> Self {
        value.clone().into()
    }
}
impl From<Schedule> for Hyperparam {
    fn from(schedule: Schedule) -> Self {
        Hyperparam::Schedule(schedule)
    }
}
impl From<&Hyperparam> for Hyperparam {
    fn from(number: &Hyperparam) -> Self {
        number.clone()
    }
}
