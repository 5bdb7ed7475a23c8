//! Mechanic: a factor of the steps of another optimizer, which it finds.

use super::extra::without_extra;
use super::hyper::number;
use super::{ExtraArgs, GradientTransformation, Params, safe_increment, tree};
use crate::error::{Error, raise};
use crate::graph::Array;
use crate::module::{OptState, Variable};
use nnx_derive::Module;

/// See [`mechanize`].
///
/// ```
/// use nnx::optim::{Mechanize, Optimizer, Sgd, mechanize, sgd};
/// use nnx::{Array, Param};
///
/// let x = Param::new(Array::scalar(1.0_f32));
/// let opt: Optimizer<Mechanize<Sgd>> = Optimizer::new(&x, mechanize(sgd(0.1)).num_betas(3));
/// assert_eq!(opt.opt_state.s.shape(), [3]);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct Mechanize<T> {
    base_optimizer: T,
    weight_decay: f64,
    eps: f64,
    s_init: f64,
    num_betas: usize,
}

/// `base_optimizer` with a factor of its steps that is found by betting on it, so that its rate need not be tuned: the
/// parameters are where they started, plus the factor times the sum of its steps. `optax.contrib.mechanize`.
///
/// ```
/// use nnx::optim::{Optimizer, mechanize, sgd};
/// use nnx::{Array, Param, value_and_grad};
///
/// let loss_fn = |x: &mut Param| (x.value() - 3.0).square().sum(..);
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, mechanize(sgd(0.1)));
/// for _ in 0..100 {
///     let (_, grads) = value_and_grad(loss_fn, &mut x);
///     opt.update(&mut x, &grads);
/// }
/// assert!((x.item::<f32>() - 3.0).abs() < 1.0);
/// ```
///
/// Source: Cutkosky et al., "Mechanic: A Learning Rate Tuner", 2023.
pub fn mechanize<T: GradientTransformation>(base_optimizer: T) -> Mechanize<T> {
    Mechanize { base_optimizer, weight_decay: 1e-2, eps: 1e-8, s_init: 1e-6, num_betas: 6 }
}

impl<T> Mechanize<T> {
    number! {
        /// How strongly parameters are pulled to zero.
        weight_decay: f64 = 1e-2
    }
    number! {
        /// Added to numbers by which others are divided.
        eps: f64 = 1e-8
    }
    number! {
        /// The first factor.
        s_init: f64 = 1e-6
    }
    number! {
        /// How many factors are bet on, with decays 0.9, 0.99, 0.999 and so on.
        num_betas: usize = 6
    }
}

/// The bets.
///
/// ```
/// use nnx::optim::{MechanicState, Optimizer, mechanize, sgd};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(1.0_f32));
/// let mut opt = Optimizer::new(&x, mechanize(sgd(0.1)).num_betas(2).s_init(0.5));
/// let start: MechanicState<_> = opt.opt_state.clone();
/// assert_eq!(start.s.to_vec::<f32>(), [0.5, 0.5]);
/// opt.update(&mut x, &Param::new(Array::scalar(4.0_f32)));
/// assert_eq!(opt.opt_state.count.item::<i32>(), 1);
/// assert_eq!(opt.opt_state.x0.get("").unwrap().item::<f32>(), 1.0);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct MechanicState<S> {
    /// The state of the optimizer.
    pub base_optimizer_state: S,
    /// Steps taken, an i32 scalar.
    pub count: Variable<OptState>,
    /// The gain of each bet, `[num_betas]` as the following.
    pub r: Variable<OptState>,
    /// The largest gradients of the factors.
    pub m: Variable<OptState>,
    /// The sums of their squares.
    pub v: Variable<OptState>,
    /// The factors, whose sum is taken.
    pub s: Variable<OptState>,
    /// The parameters at the start.
    pub x0: Params,
}

impl<T: GradientTransformation> GradientTransformation for Mechanize<T> {
    type State = MechanicState<T::State>;

    #[track_caller]
    fn init(&self, params: &Params) -> Self::State {
        if self.num_betas < 1 {
            raise(Error::Invalid("mechanize: num_betas must be at least 1, got 0".into()));
        }
        let each =
            |value: f64| Variable::new(tree::number(params, value).broadcast_to([self.num_betas]));
        MechanicState {
            base_optimizer_state: self.base_optimizer.init(params),
            count: Variable::new(Array::scalar(0_i32)),
            r: each(0.0),
            m: each(0.0),
            v: each(0.0),
            s: each(self.s_init),
            x0: params.clone(),
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
        let base = &mut state.base_optimizer_state;
        let steps = self.base_optimizer.update_with(updates.clone(), base, params, extra);
        let x0 = params.select(state.count.eq(0), &state.x0);
        let factor = state.s.sum(..);
        let norm = |x: &Params| x.vdot(x).sqrt();
        let decay = &factor * self.weight_decay * norm(&updates) / (norm(params) + self.eps);
        let updates = updates.add_scale(&decay, params);
        let way = x0.zip(params, |start, p| start - p).scale(&(1.0 / (&factor + self.eps)));
        let ahead = way.zip(&steps, |way, step| way - step);

        let dtype = state.s.dtype();
        let h = updates.vdot(&way).astype(dtype);
        let clipped = h.broadcast_to([self.num_betas]).maximum(-&*state.m).minimum(&*state.m);
        let betas: Vec<f64> = (1..=self.num_betas as i32).map(|i| 1.0 - 0.1_f64.powi(i)).collect();
        let betas = Array::from_slice(&betas, [self.num_betas]).astype(dtype);
        let m = (&betas * &*state.m).maximum(h.abs() + self.eps);
        let v = betas.square() * &*state.v + h.square();
        let r = &betas * &*state.r + clipped * &*state.s;
        let wealth = &m * (self.s_init / self.num_betas as f64) + r.maximum(0.0);
        let s = wealth / (v.sqrt() + self.eps);
        let target = x0.add_scale(&-s.sum(..), &ahead);
        state.count.set(safe_increment(&state.count));
        state.r.set(r);
        state.m.set(m);
        state.v.set(v);
        state.s.set(s);
        state.x0 = x0;
        target.zip(params, |target, p| target - p)
    }
}
