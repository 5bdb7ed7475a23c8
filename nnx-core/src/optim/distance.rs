//! Rates by how far the parameters have come.

use super::hyper::{optimizer, transformation};
use super::tree::number;
use super::{
    AddDecayedWeights, GradientTransformation, Mask, Params, ScaleByLearningRate,
    add_decayed_weights, scale_by_learning_rate,
};
use crate::array::where_;
use crate::graph::Array;
use crate::module::{OptState, Variable};

use nnx_derive::Module;

/// Σ (x − y)² over all elements.
fn square_distance(x: &Params, y: &Params) -> Array {
    let difference = x.zip(y, |x, y| x - y);
    difference.vdot(&difference)
}

transformation! {
    ScaleByDistanceOverGradients;
    /// Scales the updates of each parameter by the distance from where it started over the root of the sum of its squared
    /// gradients. `optax.scale_by_distance_over_gradients`; [`scale_by_dog`] has one rate for all.
    ///
    /// ```
    /// use nnx::array::Tolerance;
    /// use nnx::optim::{Optimizer, scale, scale_by_distance_over_gradients};
    /// use nnx::{Array, Param};
    ///
    /// let tx = (scale_by_distance_over_gradients().reps_rel(0.5), scale(-1.0));
    /// let mut x = Param::new(Array::from([3.0_f32, 4.0]));
    /// let mut opt = Optimizer::new(&x, tx);
    /// opt.update(&mut x, &Param::new(Array::from([0.0_f32, 2.0])));
    /// // The first distance is 0.5 · (1 + 5), over the root of 2².
    /// let near = Tolerance { rtol: 1e-3, ..Tolerance::default() };
    /// assert!(x.allclose(Array::from([3.0_f32, 1.0]), near).item::<bool>());
    /// ```
    ///
    /// Source: Ivgi et al., "DoG is SGD's Best Friend", 2023.
    scale_by_distance_over_gradients() {
        /// The first distance, as a share of 1 and the parameter's norm.
        reps_rel: f64 = 1e-6,
        /// Added below the root.
        eps: f64 = 1e-8,
        /// A factor of all rates.
        global_scale: f64 = 1.0,
    }
}

/// How far each parameter has come.
///
/// ```
/// use nnx::optim::{
///     Optimizer, ScaleByDistanceOverGradientsState, scale, scale_by_distance_over_gradients,
/// };
/// use nnx::{Array, Param};
///
/// let tx = (scale_by_distance_over_gradients().reps_rel(0.5), scale(-1.0));
/// let mut x = Param::new(Array::from([3.0_f32, 4.0]));
/// let mut opt = Optimizer::new(&x, tx);
/// opt.update(&mut x, &Param::new(Array::from([0.0_f32, 2.0])));
/// let state: &ScaleByDistanceOverGradientsState = &opt.opt_state.0;
/// assert!((state.max_dist.get("").unwrap().item::<f32>() - 3.0).abs() < 1e-5);
/// assert_eq!(state.grad_sum_of_squares.get("").unwrap().item::<f32>(), 4.0);
/// assert_eq!(state.init_params.get("").unwrap().to_vec::<f32>(), [3.0, 4.0]);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ScaleByDistanceOverGradientsState {
    /// The largest distance, a scalar for each parameter.
    pub max_dist: Params,
    /// The sum of squared gradients, a scalar for each parameter.
    pub grad_sum_of_squares: Params,
    /// The parameters at the start.
    pub init_params: Params,
}

fn norm(x: &Array) -> Array {
    x.to_wide().square().sum(..).sqrt()
}

impl GradientTransformation for ScaleByDistanceOverGradients {
    type State = ScaleByDistanceOverGradientsState;

    fn init(&self, params: &Params) -> Self::State {
        ScaleByDistanceOverGradientsState {
            max_dist: params.map(|p| (norm(p) + 1.0) * self.reps_rel),
            grad_sum_of_squares: params.map(|p| norm(p) * 0.0),
            init_params: params.map(Array::to_wide),
        }
    }

    fn update(&self, updates: Params, state: &mut Self::State, params: &Params) -> Params {
        let distance = params.zip(&state.init_params, |p, start| norm(&(p - start)));
        state.max_dist = state.max_dist.zip(&distance, |most, now| most.maximum(now));
        state.grad_sum_of_squares =
            state.grad_sum_of_squares.zip(&updates, |sum, g| sum + g.to_wide().square().sum(..));
        let rates = state.max_dist.zip(&state.grad_sum_of_squares, |d, sum| {
            d / (sum + self.eps).sqrt() * self.global_scale
        });
        updates.zip(&rates, |g, rate| g * rate.astype(g.dtype()))
    }
}

/// How the first distance of [`dog`] is chosen.
///
/// ```
/// use nnx::optim::{DogInitStep, Optimizer, dog};
/// use nnx::{Array, Param};
///
/// // Where the first step leads from 4, with a gradient of 4.
/// let after = |init_step| {
///     let mut x = Param::new(Array::scalar(4.0_f32));
///     let mut opt = Optimizer::new(&x, dog(1.0).init_step(init_step));
///     opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
///     x.item::<f32>()
/// };
/// assert!((after(DogInitStep::Distance(0.5)) - 3.5).abs() < 1e-5);
/// assert!((after(DogInitStep::LearningRate(0.25)) - 3.0).abs() < 1e-5);
/// // 0.4 · (1 + 4)
/// assert!((after(DogInitStep::Heuristic(0.4)) - 2.0).abs() < 1e-5);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub enum DogInitStep {
    /// It is this.
    Distance(f64),
    /// So that the first rate is this.
    LearningRate(f64),
    /// This share of 1 and the norm of the parameters.
    Heuristic(f64),
}

transformation! {
    ScaleByDog;
    /// Scales updates by the largest distance from the start over the root of the sum of squared gradients.
    /// `optax.contrib.scale_by_dog`.
    ///
    /// ```
    /// use nnx::optim::{DogInitStep, Optimizer, scale, scale_by_dog};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let tx = (scale_by_dog(DogInitStep::Distance(0.5)), scale(-1.0));
    /// let mut opt = Optimizer::new(&x, tx);
    /// for _ in 0..2 {
    ///     opt.update(&mut x, &Param::new(Array::scalar(2.0_f32)));
    /// }
    /// // 0.5 / √4 of the first gradient, and 0.5 / √8 of the second.
    /// assert!((x.item::<f32>() + 0.853_553).abs() < 1e-3);
    /// ```
    ///
    /// Source: Ivgi et al., "DoG is SGD's Best Friend", 2023.
    scale_by_dog(init_step: DogInitStep) {
        /// Added below the root.
        eps: f64 = 1e-8,
    }
}

/// How far the parameters have come.
///
/// ```
/// use nnx::optim::{DoGState, DogInitStep, Optimizer, dog};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, dog(1.0).init_step(DogInitStep::Distance(0.5)));
/// for _ in 0..2 {
///     opt.update(&mut x, &Param::new(Array::scalar(2.0_f32)));
/// }
/// // No weight decay, then the distances.
/// let state: &DoGState = &opt.opt_state.1;
/// assert_eq!(state.sum_sq_norm_grads.item::<f32>(), 8.0);
/// assert!((state.max_dist.item::<f32>() - 0.5).abs() < 1e-5);
/// assert!(!state.is_init_step.item::<bool>());
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct DoGState {
    /// Whether no step was taken, a bool scalar.
    pub is_init_step: Variable<OptState>,
    /// The parameters at the start.
    pub init_params: Params,
    /// The largest distance from the start.
    pub max_dist: Variable<OptState>,
    /// The sum of squared gradients.
    pub sum_sq_norm_grads: Variable<OptState>,
}

impl GradientTransformation for ScaleByDog {
    type State = DoGState;

    fn init(&self, params: &Params) -> DoGState {
        let max_dist = match self.init_step {
            DogInitStep::Distance(distance) => number(params, distance),
            DogInitStep::LearningRate(_) => number(params, 0.0),
            DogInitStep::Heuristic(share) => {
                Variable::new((params.vdot(params).sqrt() + 1.0) * share)
            }
        };
        DoGState {
            is_init_step: Variable::new(Array::scalar(true)),
            init_params: params.clone(),
            max_dist,
            sum_sq_norm_grads: number(params, 0.0),
        }
    }

    fn update(&self, updates: Params, state: &mut DoGState, params: &Params) -> Params {
        let distance = square_distance(&state.init_params, params).sqrt();
        let max_dist = state.max_dist.maximum(&distance);
        let squares = state.sum_sq_norm_grads.value() + updates.vdot(&updates);
        let mut rate = &max_dist / (&squares + self.eps).sqrt();
        if let DogInitStep::LearningRate(first) = self.init_step {
            rate = where_(&state.is_init_step, first, rate);
        }
        state.is_init_step.set(Array::scalar(false));
        state.max_dist.set(max_dist);
        state.sum_sq_norm_grads.set(squares);
        updates.scale(&rate)
    }
}

optimizer! {
    Dog;
    /// Gradient descent with a rate by the distance over gradients, so that `learning_rate` is a factor, and usually 1.
    /// `optax.contrib.dog`; see [`scale_by_dog`].
    ///
    /// ```
    /// use nnx::optim::{Optimizer, dog};
    /// use nnx::{Array, Param, value_and_grad};
    ///
    /// let loss_fn = |x: &mut Param| (x.value() - 3.0).square().sum(..);
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, dog(1.0));
    /// for _ in 0..200 {
    ///     let (_, grads) = value_and_grad(loss_fn, &mut x);
    ///     opt.update(&mut x, &grads);
    /// }
    /// assert!((x.item::<f32>() - 3.0).abs() < 0.1);
    /// ```
    dog {
        /// How the first distance is chosen.
        init_step: DogInitStep = DogInitStep::Heuristic(1e-6),
        /// Added below the root.
        eps: f64 = 1e-8,
        /// How strongly parameters are pulled to zero, if they are.
        weight_decay: Option<f64> = None,
        /// Which parameters decay.
        mask: Mask = Mask::everything(),
    }
    |o| -> (Option<AddDecayedWeights>, ScaleByDog, ScaleByLearningRate) {
        (
            o.weight_decay.map(|decay| add_decayed_weights(decay).mask(o.mask.clone())),
            scale_by_dog(o.init_step.clone()).eps(o.eps),
            scale_by_learning_rate(o.learning_rate.clone()),
        )
    }
}

transformation! {
    ScaleByDowg;
    /// Scales updates by the largest squared distance from the start over the root of the sum of squared gradients, each
    /// weighted by the distance then. `optax.contrib.scale_by_dowg`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, scale, scale_by_dowg};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let tx = (scale_by_dowg().init_estim_sq_dist(Some(0.25)), scale(-1.0));
    /// let mut opt = Optimizer::new(&x, tx);
    /// opt.update(&mut x, &Param::new(Array::scalar(2.0_f32)));
    /// // 0.25 / √(0.25 · 2²) of the gradient.
    /// assert!((x.item::<f32>() + 0.499_95).abs() < 1e-4);
    /// ```
    ///
    /// Source: Khaled et al., "DoWG Unleashed: An Efficient Universal Parameter-Free Gradient Descent Method", 2023.
    scale_by_dowg() {
        /// The first squared distance; `eps` if there is none.
        init_estim_sq_dist: Option<f64> = None,
        /// Added to the root.
        eps: f64 = 1e-4,
    }
}

/// How far the parameters have come.
///
/// ```
/// use nnx::optim::{DoWGState, Optimizer, dowg};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, dowg(1.0).init_estim_sq_dist(Some(0.25)));
/// opt.update(&mut x, &Param::new(Array::scalar(2.0_f32)));
/// let state: &DoWGState = &opt.opt_state.1;
/// assert_eq!(state.estim_sq_dist.item::<f32>(), 0.25);
/// assert_eq!(state.weighted_sq_norm_grads.item::<f32>(), 1.0);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct DoWGState {
    /// The parameters at the start.
    pub init_params: Params,
    /// The weighted sum of squared gradients.
    pub weighted_sq_norm_grads: Variable<OptState>,
    /// The largest squared distance from the start.
    pub estim_sq_dist: Variable<OptState>,
}

impl GradientTransformation for ScaleByDowg {
    type State = DoWGState;

    fn init(&self, params: &Params) -> DoWGState {
        DoWGState {
            init_params: params.clone(),
            weighted_sq_norm_grads: number(params, 0.0),
            estim_sq_dist: number(params, self.init_estim_sq_dist.unwrap_or(self.eps)),
        }
    }

    fn update(&self, updates: Params, state: &mut DoWGState, params: &Params) -> Params {
        let distance = state.estim_sq_dist.maximum(square_distance(&state.init_params, params));
        let squares = &distance * updates.vdot(&updates) + state.weighted_sq_norm_grads.value();
        let rate = &distance / (squares.sqrt() + self.eps);
        state.weighted_sq_norm_grads.set(squares);
        state.estim_sq_dist.set(distance);
        updates.scale(&rate)
    }
}

optimizer! {
    Dowg;
    /// Gradient descent with a rate by the distance over weighted gradients, so that `learning_rate` is a factor, and
    /// usually 1. `optax.contrib.dowg`; see [`scale_by_dowg`].
    ///
    /// ```
    /// use nnx::optim::{Optimizer, dowg};
    /// use nnx::{Array, Param, value_and_grad};
    ///
    /// let loss_fn = |x: &mut Param| (x.value() - 3.0).square().sum(..);
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, dowg(1.0));
    /// for _ in 0..200 {
    ///     let (_, grads) = value_and_grad(loss_fn, &mut x);
    ///     opt.update(&mut x, &grads);
    /// }
    /// assert!((x.item::<f32>() - 3.0).abs() < 0.3);
    /// ```
    dowg {
        /// The first squared distance; `eps` if there is none.
        init_estim_sq_dist: Option<f64> = None,
        /// Added to the root.
        eps: f64 = 1e-4,
        /// How strongly parameters are pulled to zero, if they are.
        weight_decay: Option<f64> = None,
        /// Which parameters decay.
        mask: Mask = Mask::everything(),
    }
    |o| -> (Option<AddDecayedWeights>, ScaleByDowg, ScaleByLearningRate) {
        (
            o.weight_decay.map(|decay| add_decayed_weights(decay).mask(o.mask.clone())),
            scale_by_dowg().init_estim_sq_dist(o.init_estim_sq_dist).eps(o.eps),
            scale_by_learning_rate(o.learning_rate.clone()),
        )
    }
}
