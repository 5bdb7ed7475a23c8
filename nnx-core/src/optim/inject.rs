//! Hyperparameters in the state of an optimizer.

use super::extra::without_extra;
use super::hyper::number;
use super::{ExtraArgs, GradientTransformation, Hyperparam, Params, safe_increment};
use crate::array::Operand;
use crate::error::{Error, raise};
use crate::graph::Array;
use crate::module::{OptState, Variable};
use crate::value::DType;
use nnx_derive::Module;
use std::collections::BTreeMap;

/// A transformation that tells its numbers by name, so that [`inject_hyperparams`] can keep them. Those of this module
/// do; numbers that decide about the program (sizes, flags, starts of a state) are not among them.
///
/// ```
/// use nnx::optim::*;
/// use nnx::{Array, Param};
///
/// /// Adam with bounded gradients.
/// #[derive(Clone, nnx::Module)]
/// struct Bounded {
///     bound: Hyperparam,
///     adam: Adam,
/// }
///
/// impl Hyperparams for Bounded {
///     fn hyperparams_mut(&mut self) -> Vec<(&'static str, &mut Hyperparam)> {
///         let mut found = self.adam.hyperparams_mut();
///         found.push(("bound", &mut self.bound));
///         found
///     }
/// }
///
/// impl GradientTransformation for Bounded {
///     type State = <Adam as GradientTransformation>::State;
///     fn init(&self, params: &Params) -> Self::State {
///         self.adam.init(params)
///     }
///     fn update(&self, updates: Params, state: &mut Self::State, params: &Params) -> Params {
///         self.adam.update(updates.map(|g| g.minimum(&self.bound)), state, params)
///     }
/// }
///
/// let x = Param::new(Array::scalar(0.0_f32));
/// let tx = inject_hyperparams(Bounded { bound: 2.0.into(), adam: adam(0.1) });
/// let opt = Optimizer::new(&x, tx);
/// let names: Vec<_> = opt.opt_state.hyperparams.keys().map(String::as_str).collect();
/// assert_eq!(names, ["b1", "b2", "bound", "eps", "eps_root", "learning_rate"]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not tell its hyperparameters by name",
    label = "an optimizer of `nnx::optim` that has some was expected here",
    note = "fixes:\n  1. a chain: wrap the part whose numbers change, `(clip_by_global_norm(1.0), inject_hyperparams(adam(1e-3)))`\n  2. a type of yours: implement `Hyperparams` for it"
)]
pub trait Hyperparams: GradientTransformation + Clone {
    /// The numbers, each with its name.
    fn hyperparams_mut(&mut self) -> Vec<(&'static str, &mut Hyperparam)>;
}

/// See [`inject_hyperparams`].
///
/// ```
/// use nnx::optim::{AdamW, InjectHyperparams, Optimizer, adamw, inject_hyperparams};
/// use nnx::{Array, DType, Param};
///
/// let x = Param::new(Array::scalar(0.0_f32));
/// let tx = inject_hyperparams(adamw(0.1)).hyperparam_dtype(Some(DType::BF16));
/// let opt: Optimizer<InjectHyperparams<AdamW>> = Optimizer::new(&x, tx);
/// assert_eq!(opt.opt_state.hyperparam("b1").dtype(), DType::BF16);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct InjectHyperparams<T> {
    inner: T,
    hyperparam_dtype: Option<DType>,
}

/// Keeps the numbers of `inner` in its state, where they can be read and set between steps without another program, and
/// are saved in checkpoints; those that are a schedule follow it, whichever they are. `optax.inject_hyperparams`.
///
/// ```
/// use nnx::optim::{Optimizer, adamw, inject_hyperparams, linear_schedule};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(1.0_f32));
/// let tx = inject_hyperparams(adamw(0.1).b1(linear_schedule(0.9, 0.5, 4, 0)).weight_decay(0.01));
/// let mut opt = Optimizer::new(&x, tx);
/// let grads = Param::new(Array::scalar(4.0_f32));
/// for _ in 0..3 {
///     opt.update(&mut x, &grads);
/// }
/// // That of the last step: 0.9 − 2 · 0.1
/// assert!((opt.opt_state.hyperparam("b1").item::<f32>() - 0.7).abs() < 1e-6);
///
/// opt.opt_state.set_hyperparam("weight_decay", 0.5);
/// opt.update(&mut x, &grads);
/// assert_eq!(opt.opt_state.hyperparam("weight_decay").item::<f32>(), 0.5);
/// ```
///
/// The numbers are in the widest dtype of the parameters, or in [`hyperparam_dtype`](InjectHyperparams::hyperparam_dtype);
/// a number that is an array already stays as it is.
///
/// # Panics
/// `init` panics if `inner` has no such numbers.
pub fn inject_hyperparams<T: Hyperparams>(inner: T) -> InjectHyperparams<T> {
    InjectHyperparams { inner, hyperparam_dtype: None }
}

impl<T> InjectHyperparams<T> {
    number! {
        /// The dtype of the numbers, in place of the widest one of the parameters.
        hyperparam_dtype: Option<DType> = None
    }
}

/// The numbers of the optimizer inside, and its state. `optax.InjectStatefulHyperparamsState`.
///
/// ```
/// use nnx::optim::{InjectHyperparamsState, Optimizer, inject_hyperparams, sgd};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, inject_hyperparams(sgd(0.5).momentum(Some(0.25))));
/// opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
/// let state: &InjectHyperparamsState<_> = &opt.opt_state;
/// assert_eq!(state.count.item::<i32>(), 1);
/// assert_eq!(state.hyperparams["momentum"].item::<f32>(), 0.25);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct InjectHyperparamsState<S> {
    /// Steps taken, an i32 scalar.
    pub count: Variable<OptState>,
    /// The numbers by their names, scalars: of a schedule the value at the last step, or at the first before it.
    pub hyperparams: BTreeMap<String, Variable<OptState>>,
    /// Those that are a schedule.
    #[module(static)]
    scheduled: Vec<&'static str>,
    /// The state of the transformation inside.
    pub inner_state: S,
}

impl<S> InjectHyperparamsState<S> {
    /// The number of that name, a scalar. `state.hyperparams[name]` in Optax.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, inject_hyperparams, lion};
    /// use nnx::{Array, Param};
    ///
    /// let x = Param::new(Array::scalar(0.0_f32));
    /// let opt = Optimizer::new(&x, inject_hyperparams(lion(0.5).b1(0.75)));
    /// assert_eq!(opt.opt_state.hyperparam("b1").item::<f32>(), 0.75);
    /// ```
    ///
    /// # Panics
    /// Panics if there is none.
    #[track_caller]
    pub fn hyperparam(&self, name: &str) -> &Array {
        match self.hyperparams.get(name) {
            Some(found) => found.value(),
            None => self.no_such(name),
        }
    }

    /// Sets the number of that name for the steps to come, in the dtype that it has, so that programs stay as they are.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, inject_hyperparams, sgd};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, inject_hyperparams(sgd(0.5)));
    /// opt.opt_state.set_hyperparam("learning_rate", 0.25);
    /// opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
    /// assert_eq!(x.item::<f32>(), -1.0);
    /// ```
    ///
    /// # Panics
    /// Panics if there is none, if it is a schedule, which would set it anew at the next step, or if `value` is not a
    /// scalar.
    #[track_caller]
    pub fn set_hyperparam(&mut self, name: &str, value: impl Operand) {
        if self.scheduled.contains(&name) {
            raise(Error::Invalid(format!(
                "set_hyperparam: `{name}` is a schedule, which sets it at every step\nfix: give the optimizer a \
                 number for it, and set that as the schedule would"
            )));
        }
        let before = self.hyperparam(name).aval();
        let value = value.array(before.dtype());
        if value.shape() != before.shape() {
            let aval = value.aval();
            raise(Error::Invalid(format!("set_hyperparam: `{name}` is {before}, got {aval}")));
        }
        self.hyperparams.insert(name.to_owned(), Variable::new(value));
    }

    #[track_caller]
    fn no_such(&self, name: &str) -> ! {
        let names: Vec<_> = self.hyperparams.keys().map(|name| format!("`{name}`")).collect();
        raise(Error::Invalid(format!(
            "the optimizer has no hyperparameter `{name}`; it has {}",
            names.join(", ")
        )))
    }
}

impl<T: Hyperparams> InjectHyperparams<T> {
    /// The transformation with the numbers of this step, by name, and those of them that are a schedule. `kept` holds the
    /// numbers of the step before.
    #[track_caller]
    fn at(
        &self,
        count: &Array,
        params: &Params,
        kept: Option<&BTreeMap<String, Variable<OptState>>>,
    ) -> (T, BTreeMap<String, Variable<OptState>>, Vec<&'static str>) {
        let widest = params.arrays().map(|p| p.dtype().real()).max_by_key(|dtype| dtype.size());
        let dtype = self.hyperparam_dtype.or(widest).unwrap_or(DType::F32);
        let (mut inner, mut now) = (self.inner.clone(), BTreeMap::new());
        let mut scheduled = Vec::new();
        for (name, number) in inner.hyperparams_mut() {
            let value = match number {
                Hyperparam::Schedule(_) => {
                    scheduled.push(name);
                    number.at(count, dtype)
                }
                Hyperparam::Injected(array) => array.value().clone(),
                Hyperparam::Constant(number) => Array::constant_scalar(dtype, *number),
            };
            let kept = kept.and_then(|kept| kept.get(name)).filter(|_| !scheduled.contains(&name));
            let value = kept.map_or(value, |kept| kept.value().clone());
            *number = value.clone().into();
            if now.insert(name.to_owned(), Variable::new(value)).is_some() {
                raise(Error::Invalid(format!(
                    "inject_hyperparams: two numbers have the name `{name}`\nfix: wrap each part of the optimizer by \
                     itself, or give the numbers other names in `hyperparams_mut`"
                )));
            }
        }
        if now.is_empty() {
            raise(Error::Invalid(format!(
                "inject_hyperparams: {} has no number that can be an array",
                std::any::type_name::<T>()
            )));
        }
        (inner, now, scheduled)
    }
}

impl<T: Hyperparams> GradientTransformation for InjectHyperparams<T> {
    type State = InjectHyperparamsState<T::State>;

    #[track_caller]
    fn init(&self, params: &Params) -> Self::State {
        let count = Array::scalar(0_i32);
        let (inner, hyperparams, scheduled) = self.at(&count, params, None);
        InjectHyperparamsState {
            count: Variable::new(count),
            hyperparams,
            scheduled,
            inner_state: inner.init(params),
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
        let (inner, now, _) = self.at(&state.count, params, Some(&state.hyperparams));
        let updates = inner.update_with(updates, &mut state.inner_state, params, extra);
        state.hyperparams = now;
        state.count.set(safe_increment(&state.count));
        updates
    }

    fn takes_examples(&self) -> bool {
        self.inner.takes_examples()
    }
}
