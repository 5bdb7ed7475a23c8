//! The loss and its function, which a transformation may be told besides gradients.

use super::Params;
use crate::array::AsArray;
use crate::error::{Error, raise};
use crate::graph::Array;
use crate::module::Everything;
use crate::transform::{value_and_grad, wrt};

/// The loss and its function, for [`Optimizer::update_with`](super::Optimizer::update_with): the keyword arguments of
/// `update` in Optax. Line searches need the loss and its function, Polyak's steps the loss.
///
/// ```
/// use nnx::optim::{ExtraArgs, Optimizer, lbfgs};
/// use nnx::{Array, Param, value_and_grad};
///
/// // x₀² + 10 · x₁², whose least value is at 0.
/// let loss_fn = |x: &mut Param| (x.square() * Array::from([1.0_f32, 10.0])).sum(..);
/// let mut x = Param::new(Array::from([3.0_f32, -2.0]));
/// let mut opt = Optimizer::new(&x, lbfgs());
/// for _ in 0..6 {
///     let (loss, grads) = value_and_grad(&loss_fn, &mut x);
///     opt.update_with(&mut x, &grads, ExtraArgs::new().value(&loss).value_fn(&loss_fn));
/// }
/// assert!(loss_fn(&mut x).item::<f32>() < 1e-8);
/// ```
pub struct ExtraArgs<'a, M = Params> {
    pub(super) value: Option<Array>,
    pub(super) grad: Option<Params>,
    pub(super) value_fn: Option<&'a dyn Fn(&mut M) -> Array>,
}

impl<M> Clone for ExtraArgs<'_, M> {
    fn clone(&self) -> Self {
        ExtraArgs { value: self.value.clone(), grad: self.grad.clone(), value_fn: self.value_fn }
    }
}

impl<M> Default for ExtraArgs<'_, M> {
    fn default() -> Self {
        ExtraArgs { value: None, grad: None, value_fn: None }
    }
}

impl<'a, M> ExtraArgs<'a, M> {
    /// Nothing but gradients.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::optim::ExtraArgs;
    ///
    /// let extra: ExtraArgs = ExtraArgs::new().value(&Array::scalar(3.0_f32));
    /// assert_eq!(extra.loss("this example").item::<f32>(), 3.0);
    /// ```
    pub fn new() -> Self {
        ExtraArgs::default()
    }

    /// The loss at the parameters, a float scalar.
    ///
    /// ```
    /// use nnx::optim::{ExtraArgs, Optimizer, scale_by_polyak, sgd};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(3.0_f32));
    /// let mut opt = Optimizer::new(&x, (sgd(1.0), scale_by_polyak()));
    /// let (loss, grads) = (Array::scalar(9.0_f32), Param::new(Array::scalar(6.0_f32)));
    /// opt.update_with(&mut x, &grads, ExtraArgs::new().value(&loss));
    /// // A step of 9 / 6² of the gradient.
    /// assert!((x.item::<f32>() - 1.5).abs() < 1e-6);
    /// ```
    pub fn value(self, value: impl AsArray) -> Self {
        ExtraArgs { value: Some(value.as_array().clone()), ..self }
    }

    /// The function that the gradients are of. Changes that it makes to the model are dropped.
    ///
    /// ```
    /// use nnx::optim::{ExtraArgs, Optimizer, hutchinson_estimator_diag_hessian};
    /// use nnx::{Array, Param, grad};
    ///
    /// let loss_fn = |x: &mut Param| (x.square() * Array::from([1.0_f32, 10.0])).sum(..);
    /// let mut x = Param::new(Array::from([0.0_f32, 0.0]));
    /// let mut opt = Optimizer::new(&x, hutchinson_estimator_diag_hessian(0));
    /// let grads = grad(loss_fn, &mut x);
    /// opt.update_with(&mut x, &grads, ExtraArgs::new().value_fn(&loss_fn));
    /// // The diagonal of the Hessian was added.
    /// assert_eq!(x.to_vec::<f32>(), [2.0, 20.0]);
    /// ```
    pub fn value_fn(self, value_fn: &'a dyn Fn(&mut M) -> Array) -> Self {
        ExtraArgs { value_fn: Some(value_fn), ..self }
    }
}

/// The error of `who`, which needs what it was not given.
#[track_caller]
fn missing(who: &str, what: &str, call: &str) -> ! {
    raise(Error::Invalid(format!(
        "{who} needs {what}\nfix: `opt.update_with(&mut model, &grads, ExtraArgs::new(){call})`"
    )))
}

impl ExtraArgs<'_> {
    /// The loss at the parameters.
    ///
    /// ```
    /// use nnx::optim::{ExtraArgs, GradientTransformation, Optimizer, Params};
    /// use nnx::{Array, Param};
    ///
    /// /// Updates times the loss.
    /// #[derive(nnx::Module)]
    /// struct ByLoss;
    ///
    /// impl GradientTransformation for ByLoss {
    ///     type State = ();
    ///     fn init(&self, _: &Params) {}
    ///     fn update(&self, updates: Params, state: &mut (), params: &Params) -> Params {
    ///         self.update_with(updates, state, params, &ExtraArgs::new())
    ///     }
    ///     fn update_with(
    ///         &self,
    ///         updates: Params,
    ///         _: &mut (),
    ///         _: &Params,
    ///         extra: &ExtraArgs<'_>,
    ///     ) -> Params {
    ///         updates.scale(extra.loss("ByLoss"))
    ///     }
    /// }
    ///
    /// let mut x = Param::new(Array::scalar(1.0_f32));
    /// let extra = ExtraArgs::new().value(&Array::scalar(3.0_f32));
    /// Optimizer::new(&x, ByLoss).update_with(&mut x, &Param::new(Array::scalar(2.0_f32)), extra);
    /// assert_eq!(x.item::<f32>(), 7.0);
    /// ```
    ///
    /// # Panics
    /// Panics if it was not given, or is not a float scalar, in the name of `who`.
    #[track_caller]
    pub fn loss(&self, who: &str) -> &Array {
        let Some(value) = &self.value else { missing(who, "the loss", ".value(&loss)") };
        let aval = value.aval();
        if aval.rank() > 0 || !aval.dtype().is_float() {
            raise(Error::Invalid(format!("{who}: the loss must be a float scalar, got {aval}")));
        }
        value
    }

    /// The gradients as they were given to the optimizer, before transformations.
    ///
    /// ```
    /// use nnx::optim::{ExtraArgs, GradientTransformation, Optimizer, Params, sgd};
    /// use nnx::{Array, Param};
    ///
    /// /// The gradients again, whatever stands before it in a chain.
    /// #[derive(nnx::Module)]
    /// struct Anew;
    ///
    /// impl GradientTransformation for Anew {
    ///     type State = ();
    ///     fn init(&self, _: &Params) {}
    ///     fn update(&self, updates: Params, _: &mut (), _: &Params) -> Params {
    ///         updates
    ///     }
    ///     fn update_with(
    ///         &self,
    ///         _: Params,
    ///         _: &mut (),
    ///         _: &Params,
    ///         extra: &ExtraArgs<'_>,
    ///     ) -> Params {
    ///         extra.gradients("Anew").clone()
    ///     }
    /// }
    ///
    /// let mut x = Param::new(Array::scalar(1.0_f32));
    /// Optimizer::new(&x, (sgd(9.0), Anew)).update(&mut x, &Param::new(Array::scalar(2.0_f32)));
    /// assert_eq!(x.item::<f32>(), 3.0);
    /// ```
    ///
    /// # Panics
    /// Panics if this was not made by [`Optimizer::update_with`](super::Optimizer::update_with), in the name of `who`.
    #[track_caller]
    pub fn gradients(&self, who: &str) -> &Params {
        match &self.grad {
            Some(grad) => grad,
            None => missing(who, "the gradients of the loss", ""),
        }
    }

    /// The loss at other parameters.
    ///
    /// ```
    /// use nnx::optim::{ExtraArgs, Params};
    /// use nnx::{Array, Everything, Param};
    ///
    /// let loss_fn = |params: &mut Params| params.get("").unwrap().square().sum(..);
    /// let extra = ExtraArgs::new().value_fn(&loss_fn);
    /// let params = Params::of(&Param::new(Array::from([3.0_f32, 4.0])), &Everything);
    /// assert_eq!(extra.loss_at("this example", &params).item::<f32>(), 25.0);
    /// ```
    ///
    /// # Panics
    /// Panics if the function was not given, in the name of `who`.
    #[track_caller]
    pub fn loss_at(&self, who: &str, params: &Params) -> Array {
        let Some(f) = self.value_fn else {
            missing(who, "the function of the loss", ".value_fn(&loss_fn)")
        };
        f(&mut params.clone())
    }

    /// The loss at other parameters, and its gradients there.
    ///
    /// ```
    /// use nnx::optim::{ExtraArgs, Params};
    /// use nnx::{Array, Everything, Param};
    ///
    /// let loss_fn = |params: &mut Params| params.get("").unwrap().square().sum(..);
    /// let extra = ExtraArgs::new().value_fn(&loss_fn);
    /// let params = Params::of(&Param::new(Array::from([3.0_f32, 4.0])), &Everything);
    /// let (loss, gradients) = extra.loss_and_gradients_at("this example", &params);
    /// assert_eq!(loss.item::<f32>(), 25.0);
    /// assert_eq!(gradients.get("").unwrap().to_vec::<f32>(), [6.0, 8.0]);
    /// ```
    ///
    /// # Panics
    /// As [`loss_at`](ExtraArgs::loss_at).
    #[track_caller]
    pub fn loss_and_gradients_at(&self, who: &str, params: &Params) -> (Array, Params) {
        value_and_grad(|params: &Params| self.loss_at(who, params), wrt(Everything, params))
    }
}

/// `update` of a transformation that says in `update_with` what it does.
macro_rules! without_extra {
    () => {
        #[track_caller]
        fn update(
            &self,
            updates: $crate::optim::Params,
            state: &mut Self::State,
            params: &$crate::optim::Params,
        ) -> $crate::optim::Params {
            self.update_with(updates, state, params, &$crate::optim::ExtraArgs::new())
        }
    };
}
pub(super) use without_extra;
