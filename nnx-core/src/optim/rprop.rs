//! Steps by how the last update compares with the one before: Rprop and optimistic gradients.

use super::hyper::{optimizer, transformation};
use super::{
    GradientTransformation, Params, Scale, ScaleByAdam, ScaleByLearningRate, scale, scale_by_adam,
    scale_by_learning_rate,
};
use crate::array::{select, where_};
use crate::graph::Array;
use crate::module::{OptState, Variable};
use crate::value::DType;
use nnx_derive::Module;

transformation! {
    ScaleByRprop;
    /// A step size for each element, which grows while updates keep their sign and shrinks when it changes; the
    /// step after a change is left out. As in Optax, what is returned is the step that the gradient before called
    /// for, so that the first one is 0. `optax.scale_by_rprop`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, scale, scale_by_rprop};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, (scale_by_rprop(0.5), scale(-1.0)));
    /// for _ in 0..3 {
    ///     opt.update(&mut x, &Param::new(Array::scalar(1.0_f32)));
    /// }
    /// // 0, then 0.5, then 1.2 · 0.5.
    /// assert!((x.item::<f32>() + 1.1).abs() < 1e-3);
    /// ```
    ///
    /// Source: Riedmiller and Braun, "A direct adaptive method for faster backpropagation learning: the RPROP
    /// algorithm", 1993.
    scale_by_rprop(learning_rate: f64) {
        /// The factor when the sign changes.
        eta_minus: f64 = 0.5,
        /// The factor while the sign stays.
        eta_plus: f64 = 1.2,
        /// The least step.
        min_step_size: f64 = 1e-6,
        /// The largest step.
        max_step_size: f64 = 50.0,
    }
}

/// The steps of Rprop.
///
/// ```
/// use nnx::optim::{Optimizer, ScaleByRpropState, rprop};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, rprop(0.5));
/// for _ in 0..3 {
///     opt.update(&mut x, &Param::new(Array::scalar(1.0_f32)));
/// }
/// let state: &ScaleByRpropState = &opt.opt_state.0;
/// // 0.5 · 1.2²
/// assert!((state.step_sizes.get("").unwrap().item::<f32>() - 0.72).abs() < 1e-5);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ScaleByRpropState {
    /// The size of the step of each element.
    pub step_sizes: Params,
    /// The updates before.
    pub prev_updates: Params,
}

impl GradientTransformation for ScaleByRprop {
    type State = ScaleByRpropState;

    fn init(&self, params: &Params) -> ScaleByRpropState {
        ScaleByRpropState {
            step_sizes: params.full_like(self.learning_rate),
            prev_updates: params.zeros_like(),
        }
    }

    fn update(&self, updates: Params, state: &mut ScaleByRpropState, _: &Params) -> Params {
        let turned = updates.zip(&state.prev_updates, |g, before| g * before);
        state.step_sizes = turned.zip(&state.step_sizes, |turned, size| {
            let factor = where_(turned.gt(0.0), self.eta_plus, self.eta_minus);
            let changed = (size * factor).clip(self.min_step_size, self.max_step_size);
            where_(turned.eq(0.0), size, changed)
        });
        let steps = updates.zip(&state.step_sizes, |g, size| size * g.sign());
        let next = turned.zip(&steps, |turned, step| where_(turned.lt(0.0), 0.0, step));
        let before = std::mem::replace(&mut state.prev_updates, next);
        turned.zip(&before, |turned, step| where_(turned.lt(0.0), 0.0, step))
    }
}

/// Rprop, with `learning_rate` as the first step size. `optax.rprop`; see [`scale_by_rprop`], whose settings are those
/// of the first part: `chain(scale_by_rprop(1e-3).eta_plus(1.1), scale(-1.0))`, as a tuple.
///
/// ```
/// use nnx::optim::{Optimizer, rprop};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, rprop(0.5));
/// for gradient in [100.0_f32, 0.01, -1.0] {
///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
/// }
/// // Only signs count; the step after the change of sign is left out.
/// assert!((x.item::<f32>() + 0.5).abs() < 1e-3);
/// ```
pub fn rprop(learning_rate: f64) -> (ScaleByRprop, Scale) {
    (scale_by_rprop(learning_rate), scale(-1.0))
}

transformation! {
    ScaleByOptimisticGradient;
    /// (`alpha` + `beta`) · update − `beta` · the update before. `optax.scale_by_optimistic_gradient`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, scale, scale_by_optimistic_gradient};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, (scale_by_optimistic_gradient(), scale(-1.0)));
    /// for gradient in [1.0_f32, 3.0] {
    ///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
    /// }
    /// // 1, and 2 · 3 − 1.
    /// assert_eq!(x.item::<f32>(), -6.0);
    /// ```
    ///
    /// Source: Mokhtari et al., "A Unified Analysis of Extra-gradient and Optimistic Gradient Methods for Saddle
    /// Point Problems", 2019.
    scale_by_optimistic_gradient() {
        /// The weight of the gradient.
        alpha: f64 = 1.0,
        /// The weight of its change.
        beta: f64 = 1.0,
    }
    optimizers {
        OptimisticGradientDescent;
        /// Gradient descent that looks ahead, for games. `optax.optimistic_gradient_descent`; see
        /// [`scale_by_optimistic_gradient`].
        ///
        /// ```
        /// use nnx::optim::{Optimizer, optimistic_gradient_descent};
        /// use nnx::{Array, Param};
        ///
        /// let mut x = Param::new(Array::scalar(0.0_f32));
        /// let mut opt = Optimizer::new(&x, optimistic_gradient_descent(0.5));
        /// for gradient in [1.0_f32, 3.0] {
        ///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
        /// }
        /// // 0.5 · 1, and 0.5 · (2 · 3 − 1).
        /// assert_eq!(x.item::<f32>(), -3.0);
        /// ```
        optimistic_gradient_descent {}
        |o, optimistic| -> (ScaleByOptimisticGradient, ScaleByLearningRate) {
            (optimistic, scale_by_learning_rate(o.learning_rate.clone()))
        }
    }
}

/// The gradient before.
///
/// ```
/// use nnx::optim::{Optimizer, ScaleByOptimisticGradientState, optimistic_gradient_descent};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, optimistic_gradient_descent(0.5));
/// for gradient in [1.0_f32, 3.0] {
///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
/// }
/// let state: &ScaleByOptimisticGradientState = &opt.opt_state.0;
/// assert!(!state.is_initial_step.item::<bool>());
/// assert_eq!(state.previous_gradient.get("").unwrap().item::<f32>(), 3.0);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ScaleByOptimisticGradientState {
    /// Whether there was none, a bool scalar.
    pub is_initial_step: Variable<OptState>,
    /// The gradient before.
    pub previous_gradient: Params,
}

impl GradientTransformation for ScaleByOptimisticGradient {
    type State = ScaleByOptimisticGradientState;

    fn init(&self, params: &Params) -> ScaleByOptimisticGradientState {
        ScaleByOptimisticGradientState {
            is_initial_step: Variable::new(Array::scalar(true)),
            previous_gradient: params.zeros_like(),
        }
    }

    fn update(
        &self,
        updates: Params,
        state: &mut ScaleByOptimisticGradientState,
        _: &Params,
    ) -> Params {
        let first = state.is_initial_step.value().clone();
        let new = updates.zip(&state.previous_gradient, |g, before| {
            let before = select(first.broadcast_to(g.shape()), g, before);
            g * (self.alpha + self.beta) - before * self.beta
        });
        *state = ScaleByOptimisticGradientState {
            is_initial_step: Variable::new(first.full_like(0.0)),
            previous_gradient: updates,
        };
        new
    }
}

optimizer! {
    OptimisticAdam;
    /// Adam that looks ahead, for games. `optax.optimistic_adam_v2`; see [`scale_by_optimistic_gradient`].
    ///
    /// ```
    /// use nnx::optim::{Optimizer, optimistic_adam};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, optimistic_adam(0.1));
    /// opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
    /// // The first step is that of `nadam`.
    /// assert!((x.item::<f32>() + 0.147_368).abs() < 1e-4);
    /// ```
    ///
    /// Source: Daskalakis et al., "Training GANs with Optimism", 2018.
    optimistic_adam {
        /// The weight of the update.
        alpha: f64 = 1.0,
        /// The weight of its change.
        beta: f64 = 1.0,
        /// Decay of the mean of updates.
        b1: f64 = 0.9,
        /// Decay of the mean of squares.
        b2: f64 = 0.999,
        /// Added to the root.
        eps: f64 = 1e-8,
        /// Added below the root.
        eps_root: f64 = 0.0,
        /// Nesterov's momentum.
        nesterov: bool = true,
        /// The dtype in which the mean is kept; that of the updates if there is none.
        mu_dtype: Option<DType> = None,
    }
    |o| -> (ScaleByAdam, ScaleByOptimisticGradient, ScaleByLearningRate) {
        (
            scale_by_adam()
                .b1(o.b1)
                .b2(o.b2)
                .eps(o.eps)
                .eps_root(o.eps_root)
                .nesterov(o.nesterov)
                .mu_dtype(o.mu_dtype),
            scale_by_optimistic_gradient().alpha(o.alpha).beta(o.beta),
            scale_by_learning_rate(o.learning_rate.clone()),
        )
    }
}
