//! Steps by how far the loss is from its least value.

use super::extra::without_extra;
use super::hyper::transformation;
use super::{ExtraArgs, GradientTransformation, LearningRate, Params, Sgd, sgd};
use crate::array::where_;
use nnx_derive::Module;

/// The step where the loss is below the least value that it is said to have.
///
/// ```
/// use nnx::optim::{ExtraArgs, Optimizer, PolyakVariant, polyak_sgd};
/// use nnx::{Array, Param};
///
/// // The loss 1 is below the least value that it is said to have.
/// let after = |variant| {
///     let mut x = Param::new(Array::scalar(0.0_f32));
///     let mut opt = Optimizer::new(&x, polyak_sgd().f_min(3.0).variant(variant));
///     let extra = ExtraArgs::new().value(&Array::scalar(1.0_f32));
///     opt.update_with(&mut x, &Param::new(Array::scalar(2.0_f32)), extra);
///     x.item::<f32>()
/// };
/// assert_eq!(after(PolyakVariant::Sps), 1.0);
/// assert_eq!(after(PolyakVariant::SpsPlus), 0.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Module)]
#[module(crate = crate)]
pub enum PolyakVariant {
    /// Steps of negative size.
    Sps,
    /// No step.
    SpsPlus,
}

transformation! {
    ScaleByPolyak;
    /// Scales updates by (loss − `f_min`) / ‖updates‖², at most by `max_learning_rate`; where the norm vanishes, by 0.
    /// `optax.scale_by_polyak`. Needs [`ExtraArgs::value`].
    ///
    /// ```
    /// use nnx::optim::{ExtraArgs, Optimizer, scale_by_polyak, sgd};
    /// use nnx::{Array, Param, value_and_grad};
    ///
    /// let mut x = Param::new(Array::scalar(3.0_f32));
    /// let mut opt = Optimizer::new(&x, (sgd(1.0), scale_by_polyak()));
    /// let (loss, grads) = value_and_grad(|x: &mut Param| x.square(), &mut x);
    /// opt.update_with(&mut x, &grads, ExtraArgs::new().value(&loss));
    /// // A step of 9 / 6² of the gradient.
    /// assert!((x.item::<f32>() - 1.5).abs() < 1e-6);
    /// ```
    ///
    /// Source: Loizou et al., "Stochastic Polyak Step-size for SGD", 2021.
    scale_by_polyak() {
        /// The least value of the loss.
        f_min: f64 = 0.0,
        /// The largest factor.
        max_learning_rate: f64 = 1.0,
        /// Added to the squared norm.
        eps: f64 = 0.0,
        /// The step below `f_min`.
        variant: PolyakVariant = PolyakVariant::Sps,
    }
}

impl GradientTransformation for ScaleByPolyak {
    type State = ();
    fn init(&self, _: &Params) {}

    without_extra!();

    #[track_caller]
    fn update_with(
        &self,
        updates: Params,
        _: &mut (),
        _: &Params,
        extra: &ExtraArgs<'_>,
    ) -> Params {
        let square = updates.vdot(&updates) + self.eps;
        let gap = (extra.loss("scale_by_polyak") - self.f_min).astype(square.dtype());
        let gap = match self.variant {
            PolyakVariant::Sps => gap,
            PolyakVariant::SpsPlus => gap.maximum(0.0),
        };
        let step = (gap / &square).minimum(self.max_learning_rate);
        let step = where_(square.le(f64::EPSILON), 0.0, step);
        updates.scale(&step)
    }
}

/// Gradient descent with steps by the loss. `optax.polyak_sgd`; see [`scale_by_polyak`].
///
/// ```
/// use nnx::optim::{ExtraArgs, Optimizer, polyak_sgd};
/// use nnx::{Array, Param, value_and_grad};
///
/// let mut x = Param::new(Array::from([3.0_f32, -2.0]));
/// let mut opt = Optimizer::new(&x, polyak_sgd().max_learning_rate(10.0));
/// let (loss, grads) = value_and_grad(|x: &mut Param| x.square().sum(..), &mut x);
/// opt.update_with(&mut x, &grads, ExtraArgs::new().value(&loss));
/// // 13 / (4 · 13) of the gradient.
/// assert_eq!(x.to_vec::<f32>(), [1.5, -1.0]);
/// ```
pub fn polyak_sgd() -> PolyakSgd {
    PolyakSgd { scaling: LearningRate::Constant(1.0), polyak: scale_by_polyak() }
}

/// See [`polyak_sgd`].
///
/// ```
/// use nnx::optim::{Optimizer, PolyakSgd, PolyakVariant, polyak_sgd};
/// use nnx::{Array, Param};
///
/// let tx: PolyakSgd = polyak_sgd().f_min(0.5).eps(1e-6).variant(PolyakVariant::SpsPlus);
/// let mut opt = Optimizer::new(&Param::new(Array::scalar(0.0_f32)), tx);
/// opt.tx.set_scaling(0.5);
/// assert!(format!("{:?}", opt.tx).contains("Constant(0.5)"));
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct PolyakSgd {
    scaling: LearningRate,
    polyak: ScaleByPolyak,
}

impl PolyakSgd {
    /// The largest factor of the gradient. Default: `1.0`.
    ///
    /// ```
    /// use nnx::optim::{ExtraArgs, Optimizer, polyak_sgd};
    /// use nnx::{Array, Param, value_and_grad};
    ///
    /// let mut x = Param::new(Array::scalar(3.0_f32));
    /// let mut opt = Optimizer::new(&x, polyak_sgd().max_learning_rate(0.1));
    /// let (loss, grads) = value_and_grad(|x: &mut Param| x.square(), &mut x);
    /// opt.update_with(&mut x, &grads, ExtraArgs::new().value(&loss));
    /// // 9 / 6² of the gradient would be more.
    /// assert!((x.item::<f32>() - 2.4).abs() < 1e-5);
    /// ```
    pub fn max_learning_rate(mut self, max_learning_rate: f64) -> Self {
        self.polyak.max_learning_rate = max_learning_rate;
        self
    }
    /// A factor of the gradient before the size of its step is found. So a step that nothing bounds becomes 1 / `scaling`
    /// times as long, as in Optax, and one of `max_learning_rate` `scaling` times. Default: `1.0`.
    ///
    /// ```
    /// use nnx::optim::{ExtraArgs, Optimizer, polyak_sgd};
    /// use nnx::{Array, Param, value_and_grad};
    ///
    /// let mut x = Param::new(Array::scalar(3.0_f32));
    /// let mut opt = Optimizer::new(&x, polyak_sgd().scaling(0.5));
    /// let (loss, grads) = value_and_grad(|x: &mut Param| x.square(), &mut x);
    /// opt.update_with(&mut x, &grads, ExtraArgs::new().value(&loss));
    /// // 9 / 3² of half of the gradient, 3; without scaling x would be 1.5.
    /// assert!(x.item::<f32>().abs() < 1e-5);
    /// ```
    pub fn scaling(mut self, scaling: impl Into<LearningRate>) -> Self {
        self.scaling = scaling.into();
        self
    }
    /// Sets [`scaling`](PolyakSgd::scaling). A number or a schedule is a part of the program, so that a jitted function
    /// is compiled again for another one; an array is not.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::optim::polyak_sgd;
    ///
    /// let mut tx = polyak_sgd();
    /// tx.set_scaling(Array::scalar(0.5_f32));
    /// assert!(format!("{tx:?}").contains("Injected"));
    /// ```
    pub fn set_scaling(&mut self, scaling: impl Into<LearningRate>) {
        self.scaling = scaling.into();
    }
    /// The least value of the loss. Default: `0.0`.
    ///
    /// ```
    /// use nnx::optim::{ExtraArgs, Optimizer, polyak_sgd};
    /// use nnx::{Array, Param, value_and_grad};
    ///
    /// let mut x = Param::new(Array::scalar(3.0_f32));
    /// let mut opt = Optimizer::new(&x, polyak_sgd().f_min(2.0));
    /// let (loss, grads) = value_and_grad(|x: &mut Param| x.square() + 2.0, &mut x);
    /// opt.update_with(&mut x, &grads, ExtraArgs::new().value(&loss));
    /// // A step of (11 − 2) / 6² of the gradient.
    /// assert!((x.item::<f32>() - 1.5).abs() < 1e-6);
    /// ```
    pub fn f_min(mut self, f_min: f64) -> Self {
        self.polyak.f_min = f_min;
        self
    }
    /// Added to the squared norm of the gradient. Default: `0.0`.
    ///
    /// ```
    /// use nnx::optim::{ExtraArgs, Optimizer, polyak_sgd};
    /// use nnx::{Array, Param, value_and_grad};
    ///
    /// let mut x = Param::new(Array::scalar(3.0_f32));
    /// let mut opt = Optimizer::new(&x, polyak_sgd().eps(36.0));
    /// let (loss, grads) = value_and_grad(|x: &mut Param| x.square(), &mut x);
    /// opt.update_with(&mut x, &grads, ExtraArgs::new().value(&loss));
    /// // A step of 9 / (6² + 36) of the gradient.
    /// assert!((x.item::<f32>() - 2.25).abs() < 1e-6);
    /// ```
    pub fn eps(mut self, eps: f64) -> Self {
        self.polyak.eps = eps;
        self
    }
    /// The step below `f_min`. Default: `PolyakVariant::Sps`.
    ///
    /// ```
    /// use nnx::optim::{ExtraArgs, Optimizer, PolyakVariant, polyak_sgd};
    /// use nnx::{Array, Param, value_and_grad};
    ///
    /// let mut x = Param::new(Array::scalar(3.0_f32));
    /// let mut opt = Optimizer::new(&x, polyak_sgd().f_min(99.0).variant(PolyakVariant::SpsPlus));
    /// let (loss, grads) = value_and_grad(|x: &mut Param| x.square(), &mut x);
    /// opt.update_with(&mut x, &grads, ExtraArgs::new().value(&loss));
    /// // Below `f_min` there is no step.
    /// assert_eq!(x.item::<f32>(), 3.0);
    /// ```
    pub fn variant(mut self, variant: PolyakVariant) -> Self {
        self.polyak.variant = variant;
        self
    }

    fn chain(&self) -> (Sgd, ScaleByPolyak) {
        (sgd(self.scaling.clone()), self.polyak.clone())
    }
}

impl GradientTransformation for PolyakSgd {
    type State = <(Sgd, ScaleByPolyak) as GradientTransformation>::State;

    #[track_caller]
    fn init(&self, params: &Params) -> Self::State {
        self.chain().init(params)
    }

    #[track_caller]
    fn update(&self, updates: Params, state: &mut Self::State, params: &Params) -> Params {
        self.chain().update(updates, state, params)
    }

    #[track_caller]
    fn update_with(
        &self,
        updates: Params,
        state: &mut Self::State,
        params: &Params,
        extra: &ExtraArgs<'_>,
    ) -> Params {
        self.chain().update_with(updates, state, params, extra)
    }
}
