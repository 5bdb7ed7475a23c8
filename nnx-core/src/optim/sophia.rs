//! Sophia: steps by the diagonal of the Hessian, which is estimated now and then.

use super::extra::without_extra;
use super::hyper::{learning_rate, number, transformation};
use super::moments::{bias_correction, update_moment};
use super::{
    AddDecayedWeights, ExtraArgs, GradientTransformation, LearningRate, Mask, Params,
    ScaleByLearningRate, add_decayed_weights, safe_increment, scale_by_learning_rate,
};
use crate::graph::Array;
use crate::module::walk::rebuild;
use crate::module::{Everything, OptState, Variable};
use crate::random::{Key, key, rademacher, split};
use crate::transform::{cond, grad, jvp, wrt};
use crate::value::DType;
use nnx_derive::Module;

const HUTCHINSON: &str = "hutchinson_estimator_diag_hessian";

transformation! {
    HutchinsonEstimatorDiagHessian;
    /// An estimate of the diagonal of the Hessian in place of updates: the product of the Hessian with random signs, times
    /// the signs, drawn with a key that `seed` gives. `optax.contrib.hutchinson_estimator_diag_hessian`. Needs
    /// [`ExtraArgs::value_fn`].
    ///
    /// ```
    /// use nnx::optim::{ExtraArgs, Optimizer, hutchinson_estimator_diag_hessian, scale};
    /// use nnx::{Array, Param, grad};
    ///
    /// let loss_fn = |x: &mut Param| (x.square() * Array::from([1.0_f32, 10.0])).sum(..);
    /// let mut x = Param::new(Array::from([0.0_f32, 0.0]));
    /// let mut opt = Optimizer::new(&x, (hutchinson_estimator_diag_hessian(0), scale(0.5)));
    /// let grads = grad(loss_fn, &mut x);
    /// opt.update_with(&mut x, &grads, ExtraArgs::new().value_fn(&loss_fn));
    /// // Of a Hessian that is diagonal the estimate is exact.
    /// assert_eq!(x.to_vec::<f32>(), [1.0, 10.0]);
    /// ```
    hutchinson_estimator_diag_hessian(seed: u64) {}
}

/// The key of the next draws.
///
/// ```
/// use nnx::optim::{HutchinsonState, Optimizer, hutchinson_estimator_diag_hessian};
/// use nnx::random::key;
/// use nnx::{Array, Param};
///
/// let x = Param::new(Array::from([0.0_f32, 0.0]));
/// let state: HutchinsonState = Optimizer::new(&x, hutchinson_estimator_diag_hessian(7)).opt_state;
/// assert_eq!(state.key.to_vec::<u32>(), key(7).into_data().to_vec::<u32>());
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct HutchinsonState {
    /// The data of a key, u32 `[2]`.
    pub key: Variable<OptState>,
}

impl GradientTransformation for HutchinsonEstimatorDiagHessian {
    type State = HutchinsonState;

    fn init(&self, _: &Params) -> HutchinsonState {
        HutchinsonState { key: Variable::new(key(self.seed).into_data()) }
    }

    without_extra!();

    #[track_caller]
    fn update_with(
        &self,
        _: Params,
        state: &mut HutchinsonState,
        params: &Params,
        extra: &ExtraArgs<'_>,
    ) -> Params {
        let [next, draws] = split(&Key::from_data(state.key.value().clone()), 2).unstack();
        state.key.set(next.into_data());
        let signs = params.random_like(&draws, |key, shape, dtype| {
            rademacher(key, shape, DType::F32).astype(dtype)
        });
        let gradient = |params: &Params| {
            let loss = |params: &Params| extra.loss_at(HUTCHINSON, params);
            grad(loss, wrt(Everything, params))
        };
        let (_, product) = jvp(gradient, params, &signs);
        product.zip(&signs, |h, sign| h * sign)
    }
}

/// See [`scale_by_sophia`].
///
/// ```
/// use nnx::optim::{HutchinsonEstimatorDiagHessian, Optimizer, ScaleBySophia, scale_by_sophia};
/// use nnx::{Array, Param};
///
/// let tx: ScaleBySophia<HutchinsonEstimatorDiagHessian> = scale_by_sophia().gamma(0.02);
/// let opt = Optimizer::new(&Param::new(Array::scalar(1.0_f32)), tx);
/// assert_eq!(opt.opt_state.nu.get("").unwrap().item::<f32>(), 0.0);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ScaleBySophia<H> {
    b1: f64,
    b2: f64,
    eps: f64,
    gamma: f64,
    clip_threshold: Option<f64>,
    update_interval: i32,
    mu_dtype: Option<DType>,
    hessian_diagonal_fn: H,
}

/// The mean of updates over the mean of the diagonal of the Hessian, bounded. The Hessian is estimated every
/// `update_interval` steps, by [`hutchinson_estimator_diag_hessian`] unless by
/// [`hessian_diagonal_fn`](ScaleBySophia::hessian_diagonal_fn). `optax.contrib.scale_by_sophia`, whose `verbose` is not
/// here: [`snapshot`](super::snapshot) behind it tells how many updates are bounded. Needs [`ExtraArgs::value_fn`].
///
/// ```
/// use nnx::optim::{ExtraArgs, Optimizer, scale_by_sophia, sgd};
/// use nnx::{Array, Param, grad};
///
/// let loss_fn = |x: &mut Param| (x.square() * Array::from([10.0_f32, 1.0])).sum(..);
/// let mut x = Param::new(Array::from([3.0_f32, -3.0]));
/// let sophia = scale_by_sophia().b1(0.0).b2(0.0).gamma(1.0).update_interval(1);
/// let mut opt = Optimizer::new(&x, (sophia.clip_threshold(Some(2.0)), sgd(1.0)));
/// let after = [0, 1].map(|_| {
///     let grads = grad(loss_fn, &mut x);
///     opt.update_with(&mut x, &grads, ExtraArgs::new().value_fn(&loss_fn));
///     x.to_vec::<f32>()
/// });
/// // Without an estimate the bound counts; with it, this is Newton's step.
/// assert_eq!(after, [[1.0, -1.0], [0.0, 0.0]]);
/// ```
///
/// Source: Liu et al., "Sophia: A Scalable Stochastic Second-order Optimizer for Language Model Pre-training", 2023.
pub fn scale_by_sophia() -> ScaleBySophia<HutchinsonEstimatorDiagHessian> {
    ScaleBySophia {
        b1: 0.965,
        b2: 0.99,
        eps: 1e-8,
        gamma: 0.01,
        clip_threshold: Some(1.0),
        update_interval: 10,
        mu_dtype: None,
        hessian_diagonal_fn: hutchinson_estimator_diag_hessian(0),
    }
}

impl<H> ScaleBySophia<H> {
    number! {
        /// Decay of the mean of updates.
        b1: f64 = 0.965
    }
    number! {
        /// Decay of the mean of Hessians.
        b2: f64 = 0.99
    }
    number! {
        /// The least divisor.
        eps: f64 = 1e-8
    }
    number! {
        /// A factor of the Hessian.
        gamma: f64 = 0.01
    }
    number! {
        /// The largest size of an update, if there is one.
        clip_threshold: Option<f64> = Some(1.0)
    }
    number! {
        /// From one estimate to the next.
        update_interval: i32 = 10
    }
    number! {
        /// The dtype in which the mean is kept; that of the updates if there is none.
        mu_dtype: Option<DType> = None
    }

    /// Another estimate of the Hessian: a transformation that gives it in place of updates.
    ///
    /// ```
    /// use nnx::optim::{ExtraArgs, GradientTransformation, Optimizer, Params, scale_by_sophia};
    /// use nnx::{Array, Param};
    ///
    /// /// The squared gradient, as of the logarithm of a probability.
    /// #[derive(nnx::Module)]
    /// struct Squares;
    ///
    /// impl GradientTransformation for Squares {
    ///     type State = ();
    ///     fn init(&self, _: &Params) {}
    ///     fn update(&self, updates: Params, _: &mut (), _: &Params) -> Params {
    ///         updates.map(|g| g * g)
    ///     }
    /// }
    ///
    /// let mut x = Param::new(Array::scalar(1.0_f32));
    /// let tx = scale_by_sophia().b2(0.5).hessian_diagonal_fn(Squares);
    /// let mut opt = Optimizer::new(&x, tx);
    /// opt.update_with(&mut x, &Param::new(Array::scalar(4.0_f32)), ExtraArgs::new());
    /// assert_eq!(opt.opt_state.nu.get("").unwrap().item::<f32>(), 8.0);
    /// ```
    pub fn hessian_diagonal_fn<T: GradientTransformation>(self, estimate: T) -> ScaleBySophia<T> {
        let ScaleBySophia { b1, b2, eps, gamma, clip_threshold, update_interval, mu_dtype, .. } =
            self;
        let hessian_diagonal_fn = estimate;
        ScaleBySophia {
            b1,
            b2,
            eps,
            gamma,
            clip_threshold,
            update_interval,
            mu_dtype,
            hessian_diagonal_fn,
        }
    }
}

/// The means of Sophia.
///
/// ```
/// use nnx::optim::{ExtraArgs, Optimizer, SophiaState, scale_by_sophia, sophia};
/// use nnx::{Array, Param, grad};
///
/// let loss_fn = |x: &mut Param| (x.square() * Array::from([10.0_f32, 1.0])).sum(..);
/// let mut x = Param::new(Array::from([3.0_f32, -3.0]));
/// let mut opt = Optimizer::new(&x, sophia(0.1, scale_by_sophia().b2(0.5)));
/// let grads = grad(loss_fn, &mut x);
/// opt.update_with(&mut x, &grads, ExtraArgs::new().value_fn(&loss_fn));
/// let state: &SophiaState<_> = &opt.opt_state.0;
/// // Half of the Hessian's diagonal, [20, 2].
/// assert_eq!(state.nu.get("").unwrap().to_vec::<f32>(), [10.0, 1.0]);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct SophiaState<S> {
    /// Steps taken, an i32 scalar.
    pub count: Variable<OptState>,
    /// Running mean of updates.
    pub mu: Params,
    /// Running mean of the diagonals of Hessians.
    pub nu: Params,
    /// The state of the estimate.
    pub hessian_fn_state: S,
}

impl<H: GradientTransformation> GradientTransformation for ScaleBySophia<H> {
    type State = SophiaState<H::State>;

    #[track_caller]
    fn init(&self, params: &Params) -> Self::State {
        SophiaState {
            count: Variable::new(Array::scalar(0_i32)),
            mu: params.zeros_like().kept_in(self.mu_dtype),
            nu: params.zeros_like(),
            hessian_fn_state: self.hessian_diagonal_fn.init(params),
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
        let estimates = (state.count.value() % self.update_interval).eq(0);
        state.count.set(safe_increment(&state.count));
        let mu = update_moment(&updates, &state.mu, self.b1);
        let mean = bias_correction(&mu, self.b1, &state.count);
        state.mu = mu.kept_in(self.mu_dtype);
        let mut steps = mean.zip(&state.nu, |m, h| m / (h * self.gamma).maximum(self.eps));
        if let Some(most) = self.clip_threshold {
            steps = steps.map(|u| u.clip(-most, most));
        }
        let before = &state.hessian_fn_state;
        let copy = || rebuild(before, |_, array| array.clone());
        let (hessian_fn_state, nu) = cond(
            &estimates,
            |params: &Params| {
                let mut next = copy();
                let estimate = &self.hessian_diagonal_fn;
                let diagonal = estimate.update_with(updates.clone(), &mut next, params, extra);
                (next, update_moment(&diagonal, &state.nu, self.b2))
            },
            |_: &Params| (copy(), state.nu.clone()),
            params,
        );
        state.hessian_fn_state = hessian_fn_state;
        state.nu = nu;
        steps
    }
}

/// See [`sophia`].
///
/// ```
/// use nnx::optim::{HutchinsonEstimatorDiagHessian, LearningRate, Sophia, scale_by_sophia, sophia};
///
/// let mut tx: Sophia<HutchinsonEstimatorDiagHessian> = sophia(1e-3, scale_by_sophia());
/// tx.set_learning_rate(1e-4);
/// assert!(matches!(tx.learning_rate(), LearningRate::Constant(1e-4)));
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct Sophia<H> {
    learning_rate: LearningRate,
    sophia: ScaleBySophia<H>,
    weight_decay: f64,
    weight_decay_mask: Mask,
}

/// Steps by the diagonal of the Hessian. `optax.contrib.sophia`; see [`scale_by_sophia`], which gives its settings:
/// `sophia(rate, scale_by_sophia().gamma(0.02))`. Needs [`ExtraArgs::value_fn`].
///
/// ```
/// use nnx::optim::{ExtraArgs, Optimizer, scale_by_sophia, sophia};
/// use nnx::{Array, Param, value_and_grad};
///
/// // The first direction is ten times as steep as the second.
/// let loss_fn = |x: &mut Param| (x.square() * Array::from([10.0_f32, 1.0])).sum(..);
/// let mut x = Param::new(Array::from([1.0_f32, 1.0]));
/// let tx = sophia(0.1, scale_by_sophia().b1(0.9).gamma(1.0).update_interval(1));
/// let mut opt = Optimizer::new(&x, tx);
/// for _ in 0..80 {
///     let (_, grads) = value_and_grad(loss_fn, &mut x);
///     opt.update_with(&mut x, &grads, ExtraArgs::new().value_fn(&loss_fn));
/// }
/// assert!(loss_fn(&mut x).item::<f32>() < 0.1);
/// ```
pub fn sophia<H: GradientTransformation>(
    learning_rate: impl Into<LearningRate>,
    sophia: ScaleBySophia<H>,
) -> Sophia<H> {
    Sophia {
        learning_rate: learning_rate.into(),
        sophia,
        weight_decay: 1e-4,
        weight_decay_mask: Mask::everything(),
    }
}

impl<H: GradientTransformation> Sophia<H> {
    learning_rate!();

    number! {
        /// How strongly parameters are pulled to zero, in units of the learning rate.
        weight_decay: f64 = 1e-4
    }
    number! {
        /// Which parameters decay.
        weight_decay_mask: Mask = Mask::everything()
    }

    fn rest(&self) -> (AddDecayedWeights, ScaleByLearningRate) {
        (
            add_decayed_weights(self.weight_decay).mask(self.weight_decay_mask.clone()),
            scale_by_learning_rate(self.learning_rate.clone()),
        )
    }
}

impl<H: GradientTransformation> GradientTransformation for Sophia<H> {
    type State = (
        SophiaState<H::State>,
        <(AddDecayedWeights, ScaleByLearningRate) as GradientTransformation>::State,
    );

    #[track_caller]
    fn init(&self, params: &Params) -> Self::State {
        (self.sophia.init(params), self.rest().init(params))
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
        let steps = self.sophia.update_with(updates, &mut state.0, params, extra);
        self.rest().update(steps, &mut state.1, params)
    }
}
