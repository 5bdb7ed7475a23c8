//! Relatives of Adam with second moments of another kind: Yogi, NovoGrad, Adan.

use super::hyper::transformation;
use super::moments::{bias_correction, normalize, update_moment, update_second_moment};
use super::{
    AddDecayedWeights, GradientTransformation, Hyperparam, Mask, Params, ScaleByAdamState,
    ScaleByLearningRate, add_decayed_weights, safe_increment, scale_by_learning_rate,
};
use crate::array::select;
use crate::graph::Array;
use crate::module::{OptState, Variable};
use crate::value::DType;
use nnx_derive::Module;

transformation! {
    ScaleByYogi;
    /// Adam whose second moment moves towards the squared update by a step that does not depend on its distance.
    /// `optax.scale_by_yogi`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, scale, scale_by_yogi};
    /// use nnx::{Array, Param};
    ///
    /// let tx = (scale_by_yogi().b2(0.5).initial_accumulator_value(0.0), scale(-0.1));
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, tx);
    /// for gradient in [4.0_f32, 1.0] {
    ///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
    /// }
    /// // 8, and half of 1 less; a mean would have fallen to 4.5.
    /// assert_eq!(opt.opt_state.0.nu.get("").unwrap().item::<f32>(), 7.5);
    /// ```
    ///
    /// Source: Zaheer et al., "Adaptive Methods for Nonconvex Optimization", 2018.
    scale_by_yogi() {
        /// Decay of the mean of updates.
        b1: Hyperparam = 0.9,
        /// How slowly the second moment moves.
        b2: Hyperparam = 0.999,
        /// Added to the root.
        eps: Hyperparam = 1e-3,
        /// Added below the root.
        eps_root: Hyperparam = 0.0,
        /// Where both moments start.
        initial_accumulator_value: f64 = 1e-6,
    }
    optimizers {
        Yogi;
        /// Yogi. `optax.yogi`; see [`scale_by_yogi`].
        ///
        /// ```
        /// use nnx::array::Tolerance;
        /// use nnx::optim::{Optimizer, yogi};
        /// use nnx::{Array, Param};
        ///
        /// let mut x = Param::new(Array::from([0.0_f32, 0.0]));
        /// let mut opt = Optimizer::new(&x, yogi(0.1));
        /// opt.update(&mut x, &Param::new(Array::from([100.0_f32, -10.0])));
        /// let near = Tolerance { rtol: 1e-3, ..Tolerance::default() };
        /// assert!(x.allclose(Array::from([-0.1_f32, 0.1]), near).item::<bool>());
        /// ```
        yogi {}
        |o, yogi| -> (ScaleByYogi, ScaleByLearningRate) {
            (yogi, scale_by_learning_rate(o.learning_rate.clone()))
        }
    }
}

impl GradientTransformation for ScaleByYogi {
    type State = ScaleByAdamState;

    fn init(&self, params: &Params) -> ScaleByAdamState {
        let start = params.full_like(self.initial_accumulator_value);
        ScaleByAdamState { mu: start.clone(), nu: start, ..ScaleByAdamState::new(params) }
    }

    fn update(&self, updates: Params, state: &mut ScaleByAdamState, _: &Params) -> Params {
        let mu = update_moment(&updates, &state.mu, &self.b1);
        let nu = updates.zip(&state.nu, |g, v| {
            let square = g.squared_magnitude();
            v - (v - &square).sign() * square * self.b2.complement()
        });
        let count = state.set(mu.clone(), nu.clone());
        let mu_hat = bias_correction(&mu, &self.b1, &count);
        let nu_hat = bias_correction(&nu, &self.b2, &count);
        normalize(&mu_hat, &nu_hat, &self.eps_root, &self.eps)
    }
}

transformation! {
    ScaleByNovograd;
    /// Updates divided by the running norm of each parameter's update as a whole, plus decayed weights; then
    /// summed, each weaker by `b1` at every step. `optax.scale_by_novograd`.
    ///
    /// ```
    /// use nnx::array::Tolerance;
    /// use nnx::optim::{Optimizer, scale, scale_by_novograd};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::from([0.0_f32, 0.0]));
    /// let mut opt = Optimizer::new(&x, (scale_by_novograd(), scale(-1.0)));
    /// for _ in 0..2 {
    ///     opt.update(&mut x, &Param::new(Array::from([3.0_f32, 4.0])));
    /// }
    /// // [0.6, 0.8], and 1.9 times as much.
    /// let near = Tolerance { rtol: 1e-3, ..Tolerance::default() };
    /// assert!(x.allclose(Array::from([-1.74_f32, -2.32]), near).item::<bool>());
    /// ```
    ///
    /// Source: Ginsburg et al., "Stochastic Gradient Methods with Layer-wise Adaptive Moments", 2019.
    scale_by_novograd() {
        /// Decay of the sum.
        b1: Hyperparam = 0.9,
        /// Decay of the mean of squared norms.
        b2: Hyperparam = 0.25,
        /// Added to the root. (`optax.scale_by_novograd` has 1e-8, `optax.novograd` 1e-6.)
        eps: Hyperparam = 1e-6,
        /// Added below the root.
        eps_root: Hyperparam = 0.0,
        /// How strongly parameters are pulled to zero.
        weight_decay: Hyperparam = 0.0,
        /// The dtype in which the sum is kept; that of the updates if there is none.
        mu_dtype: Option<DType> = None,
    }
    optimizers {
        Novograd;
        /// NovoGrad. `optax.novograd`; see [`scale_by_novograd`].
        ///
        /// ```
        /// use nnx::array::Tolerance;
        /// use nnx::optim::{Optimizer, novograd};
        /// use nnx::{Array, Param};
        ///
        /// let mut x = Param::new(Array::from([0.0_f32, 0.0]));
        /// let mut opt = Optimizer::new(&x, novograd(0.1));
        /// opt.update(&mut x, &Param::new(Array::from([30.0_f32, 40.0])));
        /// // The first step has the norm of the rate.
        /// let near = Tolerance { rtol: 1e-3, ..Tolerance::default() };
        /// assert!(x.allclose(Array::from([-0.06_f32, -0.08]), near).item::<bool>());
        /// ```
        novograd {}
        |o, novograd| -> (ScaleByNovograd, ScaleByLearningRate) {
            (novograd, scale_by_learning_rate(o.learning_rate.clone()))
        }
    }
}

impl GradientTransformation for ScaleByNovograd {
    type State = ScaleByAdamState;

    fn init(&self, params: &Params) -> ScaleByAdamState {
        let scalar = |p: &Array| Array::zeros_aval(&p.aval().with_shape(&[]));
        ScaleByAdamState {
            nu: params.map(scalar),
            ..ScaleByAdamState::with_mean_in(params, self.mu_dtype)
        }
    }

    fn update(&self, updates: Params, state: &mut ScaleByAdamState, params: &Params) -> Params {
        // The first step has no mean to decay yet.
        let first = state.count.eq(0);
        let nu = updates.zip(&state.nu, |g, n| {
            let square = g.squared_magnitude().sum(..);
            let mean = &square * self.b2.complement() + n * &self.b2;
            select(&first, square.astype(n.dtype()), mean.astype(n.dtype()))
        });
        let added = updates
            .zip(&nu, |g, n| g / ((n + &self.eps_root).sqrt() + &self.eps))
            .zip(params, |g, p| g + p * &self.weight_decay);
        let mu = state.mu.zip(&added, |m, u| m * &self.b1 + u);
        let mu = mu.kept_in(self.mu_dtype);
        state.set(mu.clone(), nu);
        mu
    }
}

transformation! {
    ScaleByAdan;
    /// Adam with a running mean of the change of updates, by which it looks ahead. `optax.scale_by_adan`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, scale, scale_by_adan};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, (scale_by_adan(), scale(-1.0)));
    /// for gradient in [4.0_f32, 8.0] {
    ///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
    /// }
    /// // 1, and the mean and a part of the change over the mean of squares.
    /// assert!((x.item::<f32>() + 1.946_3).abs() < 1e-3);
    /// ```
    ///
    /// Source: Xie et al., "Adan: Adaptive Nesterov Momentum Algorithm for Faster Optimizing Deep Models", 2022.
    scale_by_adan() {
        /// Decay of the mean of updates.
        b1: Hyperparam = 0.98,
        /// Decay of the mean of changes.
        b2: Hyperparam = 0.92,
        /// Decay of the mean of squares.
        b3: Hyperparam = 0.99,
        /// Added to the root.
        eps: Hyperparam = 1e-8,
        /// Added below the root. (`optax.scale_by_adan` has 0, `optax.adan` 1e-8.)
        eps_root: Hyperparam = 1e-8,
    }
    optimizers {
        Adan;
        /// Adan. `optax.adan`; see [`scale_by_adan`].
        ///
        /// ```
        /// use nnx::optim::{Optimizer, adan};
        /// use nnx::{Array, Param};
        ///
        /// let mut x = Param::new(Array::scalar(1.0_f32));
        /// let mut opt = Optimizer::new(&x, adan(0.1).weight_decay(0.5));
        /// opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
        /// // 1 − 0.1 · (1 + 0.5 · 1)
        /// assert!((x.item::<f32>() - 0.85).abs() < 1e-3);
        /// ```
        adan {
            /// How strongly parameters are pulled to zero.
            weight_decay: Hyperparam = 0.0,
            /// Which parameters decay.
            mask: Mask = Mask::everything(),
        }
        |o, adan| -> (ScaleByAdan, AddDecayedWeights, ScaleByLearningRate) {
            (
                adan,
                add_decayed_weights(&o.weight_decay).mask(o.mask.clone()),
                scale_by_learning_rate(o.learning_rate.clone()),
            )
        }
    }
}

/// The moments of Adan.
///
/// ```
/// use nnx::optim::{Optimizer, ScaleByAdanState, adan};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, adan(0.1).b2(0.5));
/// for gradient in [4.0_f32, 6.0] {
///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
/// }
/// let state: &ScaleByAdanState = &opt.opt_state.0;
/// // Half of the change from 4 to 6.
/// assert_eq!(state.change.get("").unwrap().item::<f32>(), 1.0);
/// assert_eq!(state.before.get("").unwrap().item::<f32>(), 6.0);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ScaleByAdanState {
    /// Steps taken, an i32 scalar.
    pub count: Variable<OptState>,
    /// Running mean of updates.
    pub mu: Params,
    /// Running mean of the changes of updates.
    pub change: Params,
    /// Running mean of squares of updates that look ahead.
    pub nu: Params,
    /// The updates before.
    pub before: Params,
}

impl GradientTransformation for ScaleByAdan {
    type State = ScaleByAdanState;

    fn init(&self, params: &Params) -> ScaleByAdanState {
        let zeros = params.zeros_like();
        ScaleByAdanState {
            count: Variable::new(Array::scalar(0_i32)),
            mu: zeros.clone(),
            change: zeros.clone(),
            nu: zeros.clone(),
            before: zeros,
        }
    }

    fn update(&self, updates: Params, state: &mut ScaleByAdanState, _: &Params) -> Params {
        let first = state.count.eq(0);
        let ahead = self.b2.complement();
        let change = updates.zip(&state.before, |g, before| {
            let first = first.broadcast_to(g.shape());
            select(&first, g.zeros_like(), &(g - before))
        });
        state.mu = update_moment(&updates, &state.mu, &self.b1);
        state.change = update_moment(&change, &state.change, &self.b2);
        let looked_ahead = updates.zip(&change, |g, change| g + change * &ahead);
        state.nu = update_second_moment(&looked_ahead, &state.nu, &self.b3);
        let count = safe_increment(&state.count);
        let mu_hat = bias_correction(&state.mu, &self.b1, &count);
        let change_hat = bias_correction(&state.change, &self.b2, &count);
        let nu_hat = bias_correction(&state.nu, &self.b3, &count);
        state.count.set(count);
        state.before = updates;
        let mean = mu_hat.zip(&change_hat, |m, change| m + change * &ahead);
        normalize(&mean, &nu_hat, &self.eps_root, &self.eps)
    }
}
