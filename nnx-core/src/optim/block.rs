//! LAMB and LARS: scaling by norms of whole parameters.

use super::hyper::{optimizer, rated, transformation};
use super::tree::number_dtype;
use super::{
    AddDecayedWeights, GradientTransformation, Mask, Params, ScaleByAdam, ScaleByLearningRate,
    ScaleByScheduleState, Trace, add_decayed_weights, safe_increment, scale_by_adam,
    scale_by_learning_rate, trace,
};
use crate::array::{keepdims, where_};
use crate::graph::Array;
use crate::module::Variable;

/// √Σx² of one array.
fn norm(x: &Array) -> Array {
    x.squared_magnitude().sum(..).sqrt()
}

/// √(mean x²) of one array.
pub(super) fn root_mean_square(x: &Array) -> Array {
    x.squared_magnitude().mean(..).sqrt()
}

transformation! {
    ScaleByTrustRatio;
    /// Scales the update of each parameter to the parameter's own norm.
    /// `optax.scale_by_trust_ratio`.
    ///
    /// ```
    /// use nnx::array::Tolerance;
    /// use nnx::optim::{Optimizer, scale, scale_by_trust_ratio};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::from([3.0_f32, 4.0]));
    /// let mut opt = Optimizer::new(&x, (scale_by_trust_ratio(), scale(-0.5)));
    /// opt.update(&mut x, &Param::new(Array::from([0.0_f32, 2.0])));
    /// // An update of norm 2 gets the norm 5 of the parameters.
    /// let near = Tolerance { rtol: 1e-3, ..Tolerance::default() };
    /// assert!(x.allclose(Array::from([3.0_f32, 1.5]), near).item::<bool>());
    /// ```
    ///
    /// Source: You et al., "Large Batch Optimization for Deep Learning", 2020.
    scale_by_trust_ratio() {
        /// The least norm that parameters and updates count with.
        min_norm: f64 = 0.0,
        /// The share of the norm.
        trust_coefficient: f64 = 1.0,
        /// Added to the update's norm.
        eps: f64 = 0.0,
    }
}

impl GradientTransformation for ScaleByTrustRatio {
    type State = ();
    fn init(&self, _: &Params) {}
    fn update(&self, updates: Params, _: &mut (), params: &Params) -> Params {
        updates.zip(params, |update, param| {
            let at_least = |norm: Array| norm.maximum(self.min_norm);
            let (param_norm, update_norm) = (at_least(norm(param)), at_least(norm(update)));
            let ratio = &param_norm * self.trust_coefficient / (&update_norm + self.eps);
            let zero = param_norm.eq(0.0).logical_or(update_norm.eq(0.0));
            update * where_(&zero, 1.0, &ratio)
        })
    }
}

rated! {
    Fromage;
    /// Steps of the parameters' own size, after which the parameters shrink so that their norm does not grow.
    /// `optax.fromage`.
    ///
    /// ```
    /// use nnx::array::Tolerance;
    /// use nnx::optim::{Optimizer, fromage};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::from([3.0_f32, 4.0]));
    /// let mut opt = Optimizer::new(&x, fromage(0.75));
    /// opt.update(&mut x, &Param::new(Array::from([0.0_f32, 2.0])));
    /// // [3, 4] − 0.75 · [0, 5], divided by √(1 + 0.75²).
    /// let near = Tolerance { rtol: 1e-3, ..Tolerance::default() };
    /// assert!(x.allclose(Array::from([2.4_f32, 0.2]), near).item::<bool>());
    /// ```
    ///
    /// Source: Bernstein et al., "On the distance between two neural networks and the stability of learning", 2020.
    fromage {
        /// The least norm that parameters and updates count with.
        min_norm: f64 = 1e-6,
    }
}

impl GradientTransformation for Fromage {
    type State = ScaleByScheduleState;

    fn init(&self, _: &Params) -> ScaleByScheduleState {
        ScaleByScheduleState { count: Variable::new(Array::scalar(0_i32)) }
    }

    fn update(&self, updates: Params, state: &mut ScaleByScheduleState, params: &Params) -> Params {
        let rate = self.learning_rate.at(&state.count, number_dtype(params));
        state.count.set(safe_increment(&state.count));
        let root = (rate.square() + 1.0).sqrt();
        // 1 / root − 1, of which the difference would leave nothing.
        let shrinking = -rate.square() / (&root * (&root + 1.0));
        let updates =
            scale_by_trust_ratio().min_norm(self.min_norm).update(updates, &mut (), params);
        updates.scale(&(-rate / root)).add_scale(&shrinking, params)
    }
}

transformation! {
    ClipByBlockRms;
    /// Shrinks the update of each parameter whose root mean square is above `threshold`.
    /// `optax.clip_by_block_rms`.
    ///
    /// ```
    /// use nnx::array::Tolerance;
    /// use nnx::optim::{Optimizer, clip_by_block_rms, scale};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::from([0.0_f32, 0.0]));
    /// let mut opt = Optimizer::new(&x, (clip_by_block_rms(1.0), scale(-1.0)));
    /// opt.update(&mut x, &Param::new(Array::from([2.0_f32, -2.0])));
    /// let near = Tolerance { rtol: 1e-3, ..Tolerance::default() };
    /// assert!(x.allclose(Array::from([-1.0_f32, 1.0]), near).item::<bool>());
    /// ```
    clip_by_block_rms(threshold: f64) {}
}

impl GradientTransformation for ClipByBlockRms {
    type State = ();
    fn init(&self, _: &Params) {}
    fn update(&self, updates: Params, _: &mut (), _: &Params) -> Params {
        updates.map(|u| u / (root_mean_square(u) / self.threshold).maximum(1.0))
    }
}

transformation! {
    ScaleByParamBlockRms;
    /// Multiplies the update of each parameter by the parameter's root mean square.
    /// `optax.scale_by_param_block_rms`.
    ///
    /// ```
    /// use nnx::array::Tolerance;
    /// use nnx::optim::{Optimizer, scale, scale_by_param_block_rms};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::from([2.0_f32, -2.0]));
    /// let mut opt = Optimizer::new(&x, (scale_by_param_block_rms(), scale(-0.5)));
    /// opt.update(&mut x, &Param::new(Array::from([1.0_f32, 0.5])));
    /// let near = Tolerance { rtol: 1e-3, ..Tolerance::default() };
    /// assert!(x.allclose(Array::from([1.0_f32, -2.5]), near).item::<bool>());
    /// ```
    scale_by_param_block_rms() {
        /// The least factor.
        min_scale: f64 = 1e-3,
    }
}

impl GradientTransformation for ScaleByParamBlockRms {
    type State = ();
    fn init(&self, _: &Params) {}
    fn update(&self, updates: Params, _: &mut (), params: &Params) -> Params {
        updates.zip(params, |u, p| u * root_mean_square(p).maximum(self.min_scale))
    }
}

optimizer! {
    Lamb;
    /// Adam scaled to the norm of each parameter, for large batches. `optax.lamb`; see
    /// [`scale_by_trust_ratio`].
    ///
    /// ```
    /// use nnx::array::Tolerance;
    /// use nnx::optim::{Optimizer, lamb};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::from([3.0_f32, 4.0]));
    /// let mut opt = Optimizer::new(&x, lamb(0.1));
    /// opt.update(&mut x, &Param::new(Array::from([1.0_f32, -1.0])));
    /// // The step has 0.1 of the norm of the parameters, 5.
    /// let near = Tolerance { rtol: 1e-3, ..Tolerance::default() };
    /// assert!(x.allclose(Array::from([2.646447_f32, 4.353553]), near).item::<bool>());
    /// ```
    lamb {
        /// Decay of the running mean of updates.
        b1: f64 = 0.9,
        /// Decay of the running mean of squared updates.
        b2: f64 = 0.999,
        /// Added to the root of the second moment.
        eps: f64 = 1e-6,
        /// Added below the root.
        eps_root: f64 = 0.0,
        /// How strongly parameters are pulled to zero.
        weight_decay: f64 = 0.0,
        /// Which parameters decay.
        mask: Mask = Mask::everything(),
    }
    |o| -> (ScaleByAdam, AddDecayedWeights, ScaleByTrustRatio, ScaleByLearningRate) {
        (
            scale_by_adam().b1(o.b1).b2(o.b2).eps(o.eps).eps_root(o.eps_root),
            add_decayed_weights(o.weight_decay).mask(o.mask.clone()),
            scale_by_trust_ratio(),
            scale_by_learning_rate(o.learning_rate.clone()),
        )
    }
}

optimizer! {
    Lars;
    /// Momentum scaled to the norm of each parameter, for large batches. `optax.lars`; see
    /// [`scale_by_trust_ratio`].
    ///
    /// ```
    /// use nnx::array::Tolerance;
    /// use nnx::optim::{Optimizer, lars};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::from([3.0_f32, 4.0]));
    /// let mut opt = Optimizer::new(&x, lars(1.0).trust_coefficient(0.1));
    /// opt.update(&mut x, &Param::new(Array::from([0.0_f32, 2.0])));
    /// // The step has 0.1 of the norm of the parameters, 5.
    /// let near = Tolerance { rtol: 1e-3, ..Tolerance::default() };
    /// assert!(x.allclose(Array::from([3.0_f32, 3.5]), near).item::<bool>());
    /// ```
    ///
    /// Source: You et al., "Large Batch Training of Convolutional Networks", 2017.
    lars {
        /// How strongly parameters are pulled to zero.
        weight_decay: f64 = 0.0,
        /// Which parameters decay.
        mask: Mask = Mask::everything(),
        /// The share of a parameter's norm that its update has.
        trust_coefficient: f64 = 0.001,
        /// Added to the update's norm.
        eps: f64 = 0.0,
        /// Decay of the trace of updates.
        momentum: f64 = 0.9,
        /// Nesterov's momentum.
        nesterov: bool = false,
    }
    |o| -> (AddDecayedWeights, ScaleByTrustRatio, ScaleByLearningRate, Trace) {
        (
            add_decayed_weights(o.weight_decay).mask(o.mask.clone()),
            scale_by_trust_ratio().trust_coefficient(o.trust_coefficient).eps(o.eps),
            scale_by_learning_rate(o.learning_rate.clone()),
            trace(o.momentum).nesterov(o.nesterov),
        )
    }
}

transformation! {
    ScaleByParamBlockNorm;
    /// Multiplies the update of each parameter by the parameter's norm, at least `min_scale`.
    /// `optax.scale_by_param_block_norm`.
    ///
    /// ```
    /// use nnx::array::Tolerance;
    /// use nnx::optim::{Optimizer, scale, scale_by_param_block_norm};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::from([3.0_f32, 4.0]));
    /// let mut opt = Optimizer::new(&x, (scale_by_param_block_norm(), scale(-1.0)));
    /// opt.update(&mut x, &Param::new(Array::from([0.5_f32, 0.0])));
    /// // 3 − 5 · 0.5
    /// let near = Tolerance { rtol: 1e-3, ..Tolerance::default() };
    /// assert!(x.allclose(Array::from([0.5_f32, 4.0]), near).item::<bool>());
    /// ```
    scale_by_param_block_norm() {
        /// The least norm.
        min_scale: f64 = 1e-3,
    }
}

impl GradientTransformation for ScaleByParamBlockNorm {
    type State = ();
    fn init(&self, _: &Params) {}
    fn update(&self, updates: Params, _: &mut (), params: &Params) -> Params {
        updates.zip(params, |u, p| u * norm(p).maximum(self.min_scale))
    }
}

transformation! {
    NormalizeByUpdateNorm;
    /// Scales all updates so that their common norm is `scale_factor`. `optax.normalize_by_update_norm`.
    ///
    /// ```
    /// use nnx::array::Tolerance;
    /// use nnx::optim::{Optimizer, normalize_by_update_norm, sgd};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::from([0.0_f32, 0.0]));
    /// let tx = (normalize_by_update_norm().scale_factor(0.5), sgd(1.0));
    /// let mut opt = Optimizer::new(&x, tx);
    /// opt.update(&mut x, &Param::new(Array::from([30.0_f32, 40.0])));
    /// let near = Tolerance { rtol: 1e-3, ..Tolerance::default() };
    /// assert!(x.allclose(Array::from([-0.3_f32, -0.4]), near).item::<bool>());
    /// ```
    normalize_by_update_norm() {
        /// The norm that they get.
        scale_factor: f64 = 1.0,
        /// Added to the norm that they have.
        eps: f64 = 1e-6,
    }
}

impl GradientTransformation for NormalizeByUpdateNorm {
    type State = ();
    fn init(&self, _: &Params) {}
    fn update(&self, updates: Params, _: &mut (), _: &Params) -> Params {
        let norm = (updates.global_norm() + self.eps) / self.scale_factor;
        updates.map(|g| g / norm.astype(g.dtype()))
    }
}

transformation! {
    Centralize;
    /// Takes the mean over all axes but the first from the updates of parameters with two axes and more.
    /// `optax.centralize`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, centralize, sgd};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::from([[0.0_f32, 0.0], [0.0, 0.0]]));
    /// let mut opt = Optimizer::new(&x, (centralize(), sgd(1.0)));
    /// opt.update(&mut x, &Param::new(Array::from([[1.0_f32, 3.0], [2.0, 6.0]])));
    /// // The means of the rows are 2 and 4.
    /// assert_eq!(x.to_vec::<f32>(), [1.0, -1.0, 2.0, -2.0]);
    /// ```
    ///
    /// Source: Yong et al., "Gradient Centralization", 2020.
    centralize() {}
}

impl GradientTransformation for Centralize {
    type State = ();
    fn init(&self, _: &Params) {}
    fn update(&self, updates: Params, _: &mut (), _: &Params) -> Params {
        updates.map(|g| match g.rank() {
            0 | 1 => g.clone(),
            _ => {
                let rows = g.reshape([g.shape()[0], g.shape()[1..].iter().product()]);
                (&rows - rows.mean(keepdims(1))).reshape(g.shape())
            }
        })
    }
}
