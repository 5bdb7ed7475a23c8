//! A smaller rate where the loss does not fall any more.

use super::extra::without_extra;
use super::hyper::transformation;
use super::tree::number;
use super::{ExtraArgs, GradientTransformation, Params, safe_increment};
use crate::array::where_;
use crate::error::{Error, raise};
use crate::graph::Array;
use crate::module::{OptState, Variable};
use crate::value::DType;
use nnx_derive::Module;

transformation! {
    ReduceOnPlateau;
    /// Scales updates by a number that becomes `factor` times as large when the loss has not improved for `patience` times.
    /// `optax.contrib.reduce_on_plateau`. Needs [`ExtraArgs::value`].
    ///
    /// ```
    /// use nnx::optim::{ExtraArgs, Optimizer, reduce_on_plateau, sgd};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, (sgd(1.0), reduce_on_plateau().factor(0.5).patience(2)));
    /// for _ in 0..4 {
    ///     let extra = ExtraArgs::new().value(&Array::scalar(3.0_f32));
    ///     opt.update_with(&mut x, &Param::new(Array::scalar(1.0_f32)), extra);
    /// }
    /// assert_eq!(x.item::<f32>(), -1.0 - 1.0 - 0.5 - 0.5);
    /// ```
    ///
    /// # Panics
    /// `init` panics if `factor` is not in (0, 1), `rtol` not in [0, 1], `atol` negative, or both tolerances are 0.
    reduce_on_plateau() {
        /// The factor of the scale.
        factor: f64 = 0.1,
        /// How often the loss may fail to improve.
        patience: i32 = 10,
        /// By which part of itself the loss must fall.
        rtol: f64 = 1e-4,
        /// By how much the loss must fall.
        atol: f64 = 0.0,
        /// How often the loss does not count after the scale was reduced.
        cooldown: i32 = 0,
        /// Of how many losses the mean counts as one.
        accumulation_size: i32 = 1,
        /// The least scale.
        min_scale: f64 = 0.0,
    }
}

/// The scale, and what is known of the loss.
///
/// ```
/// use nnx::optim::{ExtraArgs, Optimizer, ReduceLROnPlateauState, reduce_on_plateau, sgd};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, (sgd(1.0), reduce_on_plateau().factor(0.5).patience(2)));
/// for loss in [3.0_f32, 2.0, 2.0, 2.0] {
///     let extra = ExtraArgs::new().value(&Array::scalar(loss));
///     opt.update_with(&mut x, &Param::new(Array::scalar(1.0_f32)), extra);
/// }
/// let state: &ReduceLROnPlateauState = &opt.opt_state.1;
/// assert_eq!(state.scale.item::<f32>(), 0.5);
/// assert_eq!(state.best_value.item::<f32>(), 2.0);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ReduceLROnPlateauState {
    /// The factor of updates.
    pub scale: Variable<OptState>,
    /// The least loss.
    pub best_value: Variable<OptState>,
    /// How often the loss has not improved, an i32 scalar.
    pub plateau_count: Variable<OptState>,
    /// How often it does not count yet, an i32 scalar.
    pub cooldown_count: Variable<OptState>,
    /// Losses in the mean, an i32 scalar.
    pub count: Variable<OptState>,
    /// Their mean.
    pub avg_value: Variable<OptState>,
}

impl GradientTransformation for ReduceOnPlateau {
    type State = ReduceLROnPlateauState;

    #[track_caller]
    fn init(&self, params: &Params) -> Self::State {
        let &ReduceOnPlateau { factor, rtol, atol, .. } = self;
        let tolerances = (0.0..=1.0).contains(&rtol) && atol >= 0.0 && rtol + atol > 0.0;
        if !(factor > 0.0 && factor < 1.0 && tolerances) {
            raise(Error::Invalid(format!(
                "reduce_on_plateau: factor must be in (0, 1), rtol in [0, 1], atol not negative, and one of both \
                 positive, got factor = {factor}, rtol = {rtol} and atol = {atol}"
            )));
        }
        let zero = || Variable::new(Array::scalar(0_i32));
        ReduceLROnPlateauState {
            scale: number(params, 1.0),
            best_value: number(params, f64::INFINITY),
            plateau_count: zero(),
            cooldown_count: zero(),
            count: zero(),
            avg_value: number(params, 0.0),
        }
    }

    without_extra!();

    #[track_caller]
    fn update_with(
        &self,
        updates: Params,
        state: &mut Self::State,
        _: &Params,
        extra: &ExtraArgs<'_>,
    ) -> Params {
        let mean = state.avg_value.value();
        let value = extra.loss("reduce_on_plateau").astype(mean.dtype());
        let count = safe_increment(&state.count);
        let mean = (state.count.astype(mean.dtype()) * mean + value) / count.astype(mean.dtype());
        // The mean of enough losses counts as one.
        let counts = count.eq(self.accumulation_size);
        let best = state.best_value.value();
        let improves = mean.lt(best * (1.0 - self.rtol) - self.atol);
        let waited = where_(&improves, 0, safe_increment(&state.plateau_count));
        let cools = state.cooldown_count.gt(0);
        let reduces = waited.eq(self.patience) & cools.logical_not();
        let rests = &cools | &reduces;
        let cooldown = where_(&reduces, self.cooldown, 0);
        let cooldown = where_(&cools, state.cooldown_count.value() - 1, cooldown);
        let scale = state.scale.value();
        let reduced = where_(&reduces, scale * self.factor, scale).maximum(self.min_scale);
        let reduced = where_(&cools, scale, reduced);
        let set = |variable: &mut Variable<OptState>, new: Array| {
            let new = where_(&counts, new.astype(variable.dtype()), &**variable);
            variable.set(new);
        };
        let best = where_(&improves, &mean, best);
        let open = counts.logical_not();
        state.count.set(where_(&open, count, 0).astype(DType::I32));
        state.avg_value.set(where_(&open, mean, 0.0));
        set(&mut state.plateau_count, where_(&rests, 0, waited));
        set(&mut state.cooldown_count, cooldown);
        set(&mut state.best_value, best);
        set(&mut state.scale, reduced);
        updates.scale(&state.scale)
    }
}
