//! [`LossScale`]: gradients of short floats that do not vanish.

use crate::array::{AsArray, invalid, where_};
use crate::graph::Array;
use crate::module::walk::{collect_leaves, rebuild};
use crate::module::{Module, OptState, Variable};
use nnx_derive::Module;

/// A factor of the loss, so that gradients in f16 are not rounded to 0: the loss is multiplied by it, and the gradients
/// divided. `jmp.DynamicLossScale`, `jmp.StaticLossScale`.
///
/// A dynamic one halves, but not below 1, when a gradient is not finite, and doubles after 2,000 steps in a row in which all were. The step
/// itself is left out by [`apply_if_finite`](super::apply_if_finite()). bf16 has the range of f32 and needs none of this.
///
/// ```
/// use nnx::optim::{LossScale, Optimizer, apply_if_finite, sgd};
/// use nnx::{Array, Param, value_and_grad};
///
/// let mut model = Param::new(Array::scalar(3.0_f32));
/// let mut opt = Optimizer::new(&model, apply_if_finite(sgd(0.1), i32::MAX));
/// let mut scale = LossScale::dynamic(32768.0);
/// let (loss, grads) = value_and_grad(|w: &mut Param| scale.scale(&w.square()), &mut model);
/// let grads = scale.unscale(&grads);
/// opt.update(&mut model, &grads);
/// assert!((model.item::<f32>() - 2.4).abs() < 1e-6);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct LossScale {
    /// The factor, an f32 scalar.
    pub scale: Variable<OptState>,
    /// Steps with finite gradients since the factor changed, an i32 scalar.
    pub counter: Variable<OptState>,
    /// After how many such steps it grows; never if there is no number.
    pub period: Option<i32>,
}

/// By how much a dynamic scale grows and shrinks.
const FACTOR: f64 = 2.0;
/// The least dynamic scale.
const LEAST: f64 = 1.0;

impl LossScale {
    /// A factor that stays.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::optim::LossScale;
    ///
    /// let mut scale = LossScale::fixed(8.0);
    /// assert_eq!(scale.unscale(&Array::scalar(f32::INFINITY)).item::<f32>(), f32::INFINITY);
    /// assert_eq!(scale.scale.item::<f32>(), 8.0);
    /// ```
    ///
    /// # Panics
    /// Panics if it is not a positive finite number.
    #[track_caller]
    pub fn fixed(scale: f64) -> Self {
        if !(scale > 0.0 && scale.is_finite()) {
            invalid(
                "LossScale",
                format!("the scale is {scale}, but needs to be positive and finite"),
            );
        }
        LossScale {
            scale: Variable::new(Array::scalar(scale as f32)),
            counter: Variable::new(Array::scalar(0_i32)),
            period: None,
        }
    }

    /// A factor that follows the gradients; it starts with `scale`, for f16 with 32,768 as a rule.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::optim::LossScale;
    ///
    /// let mut scale = LossScale::dynamic(1024.0);
    /// // It grows after two finite steps in a row, and not after 2,000.
    /// scale.period = Some(2);
    /// let after = [1.0, f32::NAN, 1.0, 1.0].map(|gradient| {
    ///     scale.unscale(&Array::scalar(gradient));
    ///     scale.scale.item::<f32>()
    /// });
    /// assert_eq!(after, [1024.0, 512.0, 512.0, 1024.0]);
    /// ```
    ///
    /// # Panics
    /// As [`fixed`](LossScale::fixed).
    #[track_caller]
    pub fn dynamic(scale: f64) -> Self {
        LossScale { period: Some(2000), ..LossScale::fixed(scale) }
    }

    /// The loss times the factor, in its dtype.
    ///
    /// ```
    /// use nnx::optim::LossScale;
    /// use nnx::{Array, DType};
    ///
    /// let loss = LossScale::fixed(8.0).scale(&Array::scalar(0.5_f32).astype(DType::F16));
    /// assert_eq!(loss.dtype(), DType::F16);
    /// assert_eq!(loss.astype(DType::F32).item::<f32>(), 4.0);
    /// ```
    #[track_caller]
    pub fn scale(&self, loss: impl AsArray) -> Array {
        let loss = loss.as_array();
        loss * self.scale.astype(loss.dtype())
    }

    /// The gradients divided by the factor, in their dtypes; then a dynamic factor moves. Values that are not finite stay
    /// so.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::optim::LossScale;
    ///
    /// let mut scale = LossScale::fixed(8.0);
    /// assert_eq!(scale.unscale(&Array::from([16.0_f32, 4.0])).to_vec::<f32>(), [2.0, 0.5]);
    /// ```
    #[track_caller]
    pub fn unscale<M: Module>(&mut self, grads: &M) -> M {
        let mut finite = Array::scalar(true);
        let has_gradient =
            |grad: &Array| grad.try_aval().is_ok_and(|aval| aval.dtype().is_differentiable());
        for leaf in collect_leaves(grads).iter().filter(|leaf| has_gradient(&leaf.array)) {
            finite &= leaf.array.abs().is_finite().all(..);
        }
        let factor = self.scale.value().clone();
        let unscaled = rebuild(grads, |_, grad| match has_gradient(grad) {
            true => (grad.to_wide() / &factor).astype(grad.dtype()),
            false => grad.clone(),
        });
        if let Some(period) = self.period {
            let counted = &*self.counter + 1;
            let is_due = counted.ge(period);
            let grown = &factor * FACTOR;
            let grown = where_(&(&is_due & grown.is_finite()), &grown, &factor);
            let shrunk = (&factor / FACTOR).maximum(LEAST);
            self.scale.set(where_(&finite, &grown, &shrunk));
            self.counter.set(where_(&(&finite & !is_due), &counted, 0));
        }
        unscaled
    }
}
