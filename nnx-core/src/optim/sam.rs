//! Sharpness-aware minimization: gradients at the worst place nearby.

use super::extra::without_extra;
use super::hyper::{number, transformation};
use super::tree::select_state;
use super::{ExtraArgs, GradientTransformation, Params};
use crate::error::{Error, raise};
use crate::graph::Array;
use crate::module::walk::rebuild;
use crate::module::{OptState, Variable};
use crate::transform::pmean;
use nnx_derive::Module;

transformation! {
    Normalize;
    /// Scales all updates so that their common norm is 1. `optax.contrib.normalize`;
    /// [`normalize_by_update_norm`](super::normalize_by_update_norm) does not divide by 0.
    ///
    /// ```
    /// use nnx::array::Tolerance;
    /// use nnx::optim::{Optimizer, normalize, sgd};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::from([0.0_f32, 0.0]));
    /// let mut opt = Optimizer::new(&x, (normalize(), sgd(1.0)));
    /// opt.update(&mut x, &Param::new(Array::from([30.0_f32, 40.0])));
    /// let near = Tolerance { rtol: 1e-3, ..Tolerance::default() };
    /// assert!(x.allclose(Array::from([-0.6_f32, -0.8]), near).item::<bool>());
    /// ```
    normalize() {}
}

impl GradientTransformation for Normalize {
    type State = ();
    fn init(&self, _: &Params) {}
    fn update(&self, updates: Params, _: &mut (), _: &Params) -> Params {
        let norm = updates.global_norm();
        updates.map(|g| g / norm.astype(g.dtype()))
    }
}

/// See [`sam`].
///
/// ```
/// use nnx::optim::{Optimizer, Sam, Sgd, sam, sgd};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(1.0_f32));
/// let tx: Sam<Sgd, Sgd> = sam(sgd(0.25), sgd(0.5));
/// let mut opt = Optimizer::new(&x, tx);
/// let after = [2.0_f32, 4.0].map(|gradient| {
///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
///     x.item::<f32>()
/// });
/// // Up by 0.5 · 2, then from the start down by 0.25 · 4.
/// assert_eq!(after, [2.0, 0.0]);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct Sam<T, A> {
    optimizer: T,
    adv_optimizer: A,
    sync_period: i32,
    reset_state: bool,
    opaque_mode: bool,
    batch_axis_name: Option<String>,
}

/// `optimizer` with gradients from where `sync_period` − 1 steps of `adv_optimizer` *up* the loss lead.
/// `optax.contrib.sam`.
///
/// Each step up is a call of the optimizer, after which the model is there, and the last call of a period comes back: the
/// model is one to evaluate then. With [`opaque_mode`](Sam::opaque_mode) one call does all of it, and needs
/// [`ExtraArgs::value_fn`]:
///
/// ```
/// use nnx::optim::{ExtraArgs, Optimizer, adam, normalize, sam, sgd};
/// use nnx::{Array, Param, value_and_grad};
///
/// let loss_fn = |x: &mut Param| (x.value() - 3.0).square().sum(..);
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let tx = sam(adam(0.2), (normalize(), sgd(0.05))).opaque_mode(true);
/// let mut opt = Optimizer::new(&x, tx);
/// for _ in 0..80 {
///     let (_, grads) = value_and_grad(loss_fn, &mut x);
///     opt.update_with(&mut x, &grads, ExtraArgs::new().value_fn(&loss_fn));
/// }
/// assert!((x.item::<f32>() - 3.0).abs() < 0.2);
/// ```
///
/// Source: Foret et al., "Sharpness-Aware Minimization for Efficiently Improving Generalization", 2021.
pub fn sam<T: GradientTransformation, A: GradientTransformation>(
    optimizer: T,
    adv_optimizer: A,
) -> Sam<T, A> {
    Sam {
        optimizer,
        adv_optimizer,
        sync_period: 2,
        reset_state: true,
        opaque_mode: false,
        batch_axis_name: None,
    }
}

impl<T, A> Sam<T, A> {
    number! {
        /// How many gradients a step takes.
        sync_period: i32 = 2
    }
    number! {
        /// Whether the state of the steps up starts anew in each period.
        reset_state: bool = true
    }
    number! {
        /// Whether one call does all steps up and the step down.
        opaque_mode: bool = false
    }
    number! {
        /// The axis over which gradients of the opaque mode are averaged, if there is one.
        batch_axis_name: Option<String> = None
    }
}

/// Where in its period the optimizer is.
///
/// ```
/// use nnx::optim::{Optimizer, SAMState, sam, sgd};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(1.0_f32));
/// let mut opt = Optimizer::new(&x, sam(sgd(0.25), sgd(0.5)));
/// opt.update(&mut x, &Param::new(Array::scalar(2.0_f32)));
/// assert_eq!(x.item::<f32>(), 2.0);
/// let state: &SAMState<_, _> = &opt.opt_state;
/// assert_eq!(state.steps_since_sync.item::<i32>(), 1);
/// // The next call goes down from here.
/// let start = state.cache.as_ref().unwrap();
/// assert_eq!(start.get("").unwrap().item::<f32>(), 1.0);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct SAMState<S, A> {
    /// Calls in this period, an i32 scalar.
    pub steps_since_sync: Variable<OptState>,
    /// The state of the optimizer.
    pub opt_state: S,
    /// The state of the steps up.
    pub adv_state: A,
    /// The parameters at the start of the period, unless a call is one.
    pub cache: Option<Params>,
}

impl<T: GradientTransformation, A: GradientTransformation> GradientTransformation for Sam<T, A> {
    type State = SAMState<T::State, A::State>;

    #[track_caller]
    fn init(&self, params: &Params) -> Self::State {
        if self.sync_period < 1 {
            let period = self.sync_period;
            raise(Error::Invalid(format!("sam: sync_period must be at least 1, got {period}")));
        }
        SAMState {
            steps_since_sync: Variable::new(Array::scalar(0_i32)),
            opt_state: self.optimizer.init(params),
            adv_state: self.adv_optimizer.init(params),
            cache: (!self.opaque_mode).then(|| params.clone()),
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
        match state.cache.take() {
            Some(cache) => self.transparent(updates, state, cache, params, extra),
            None => self.opaque(updates, state, params, extra),
        }
    }
}

impl<T: GradientTransformation, A: GradientTransformation> Sam<T, A> {
    fn transparent(
        &self,
        updates: Params,
        state: &mut SAMState<T::State, A::State>,
        cache: Params,
        params: &Params,
        extra: &ExtraArgs<'_>,
    ) -> Params {
        let since = state.steps_since_sync.value().clone();
        let (first, last) = (since.eq(0), since.eq(self.sync_period - 1));
        let mut adv_state = rebuild(&state.adv_state, |_, array| array.clone());
        let up = self.adv_optimizer.update_with(updates.clone(), &mut adv_state, params, extra);
        let mut opt_state = rebuild(&state.opt_state, |_, array| array.clone());
        let down = self.optimizer.update_with(updates, &mut opt_state, &cache, extra);
        let back = cache.zip(params, |start, p| start - p).zip(&down, |back, u| back + u);
        let after = match self.reset_state {
            true => self.adv_optimizer.init(params),
            false => rebuild(&state.adv_state, |_, array| array.clone()),
        };
        state.adv_state = select_state(&last, &after, &adv_state);
        state.opt_state = select_state(&last, &opt_state, &state.opt_state);
        state.cache = Some(params.select(&first, &cache));
        state.steps_since_sync.set((since + 1) % self.sync_period);
        back.select(&last, &up.map(|u| -u))
    }

    fn opaque(
        &self,
        updates: Params,
        state: &mut SAMState<T::State, A::State>,
        params: &Params,
        extra: &ExtraArgs<'_>,
    ) -> Params {
        let (mut at, mut gradients) = (params.clone(), updates);
        for _ in 1..self.sync_period {
            let up = self.adv_optimizer.update_with(gradients, &mut state.adv_state, &at, extra);
            at = at.zip(&up, |p, u| (p - u).astype(p.dtype()));
            gradients = extra.loss_and_gradients_at("sam", &at).1;
            if let Some(axis) = &self.batch_axis_name {
                gradients = pmean(&gradients, axis);
            }
        }
        if self.reset_state {
            state.adv_state = self.adv_optimizer.init(params);
        }
        self.optimizer.update_with(gradients, &mut state.opt_state, params, extra)
    }
}
