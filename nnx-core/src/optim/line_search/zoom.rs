//! Zoom: step sizes that satisfy Wolfe's conditions.

use super::super::extra::without_extra;
use super::super::hyper::transformation;
use super::super::{ExtraArgs, GradientTransformation, Params, safe_increment};
use super::{number, real_dtype};
use crate::array::where_;
use crate::graph::Array;
use crate::module::{OptState, Variable};
use crate::transform::while_loop;
use nnx_derive::Module;

const NAME: &str = "scale_by_zoom_linesearch";

/// The first step size that a [`scale_by_zoom_linesearch`] tries.
///
/// ```
/// use nnx::optim::{ExtraArgs, InitialGuess, Optimizer, scale_by_zoom_linesearch, sgd};
/// use nnx::{Array, Param, value_and_grad};
///
/// // How many sizes the second search tries for x₀² + 20 · x₁².
/// let tries = |guess| {
///     let loss_fn = |x: &mut Param| (x.square() * Array::from([1.0_f32, 20.0])).sum(..);
///     let mut x = Param::new(Array::from([5.0_f32, 1.0]));
///     let search = scale_by_zoom_linesearch(20).initial_guess_strategy(guess);
///     let mut opt = Optimizer::new(&x, (sgd(1.0), search));
///     for _ in 0..2 {
///         let (loss, grads) = value_and_grad(&loss_fn, &mut x);
///         opt.update_with(&mut x, &grads, ExtraArgs::new().value(&loss).value_fn(&loss_fn));
///     }
///     opt.opt_state.1.info.num_linesearch_steps.item::<i32>()
/// };
/// assert!(tries(InitialGuess::Keep) < tries(InitialGuess::One));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Module)]
#[module(crate = crate)]
pub enum InitialGuess {
    /// 1, which suits the steps of Newton's method and its relatives.
    One,
    /// The size that the step before ended with.
    Keep,
}

transformation! {
    ScaleByZoomLinesearch;
    /// Scales updates by a step size at which the loss has decreased enough and its slope is flat enough (Wolfe's
    /// conditions). Sizes grow until an interval holds such a size, which then shrinks by cubic and quadratic
    /// interpolation and bisection. Where none is found, the size with the least loss that decreased enough is taken,
    /// or the last. `optax.scale_by_zoom_linesearch`, whose `verbose` is [`info`](ScaleByZoomLinesearchState::info)
    /// here. Needs [`ExtraArgs::value`] and [`ExtraArgs::value_fn`]. As for any optimizer, gradients of complex
    /// parameters have to be conjugated for descent before the optimizer gets them.
    ///
    /// ```
    /// use nnx::optim::{ExtraArgs, Optimizer, scale_by_zoom_linesearch, sgd};
    /// use nnx::{Array, Param, value_and_grad};
    ///
    /// let loss_fn = |x: &mut Param| x.square().sum(..);
    /// let mut x = Param::new(Array::scalar(1.0_f32));
    /// let mut opt = Optimizer::new(&x, (sgd(1.0), scale_by_zoom_linesearch(20)));
    /// let (loss, grads) = value_and_grad(&loss_fn, &mut x);
    /// opt.update_with(&mut x, &grads, ExtraArgs::new().value(&loss).value_fn(&loss_fn));
    /// // Half of the gradient step leads to the least loss.
    /// assert!(x.item::<f32>().abs() < 1e-6);
    /// ```
    ///
    /// Source: Nocedal and Wright, "Numerical Optimization", 1999, algorithms 3.5 and 3.6; Hager and Zhang, "Algorithm
    /// 851: CG_DESCENT", 2006.
    scale_by_zoom_linesearch(max_linesearch_steps: i32) {
        /// The largest step size, if there is one.
        max_learning_rate: Option<f64> = None,
        /// The distance by which the conditions may be missed.
        tol: f64 = 0.0,
        /// From one try to the next until an interval is found.
        increase_factor: f64 = 2.0,
        /// The part of the slope that the loss must follow.
        slope_rtol: f64 = 1e-4,
        /// How flat the slope must be, as a part of the slope before.
        curv_rtol: f64 = 0.9,
        /// By which part of itself the loss may grow where a step is so short that rounding hides the decrease, and the
        /// slope alone decides; never, if there is none.
        approx_dec_rtol: Option<f64> = Some(1e-6),
        /// The shortest interval.
        stepsize_precision: f64 = 1e-5,
        /// The first try.
        initial_guess_strategy: InitialGuess = InitialGuess::Keep,
    }
}

/// How the search ended.
///
/// ```
/// use nnx::optim::{ExtraArgs, Optimizer, ZoomLinesearchInfo, scale_by_zoom_linesearch, sgd};
/// use nnx::{Array, Param, value_and_grad};
///
/// let loss_fn = |x: &mut Param| x.square().sum(..);
/// let mut x = Param::new(Array::scalar(1.0_f32));
/// let mut opt = Optimizer::new(&x, (sgd(1.0), scale_by_zoom_linesearch(20)));
/// let (loss, grads) = value_and_grad(&loss_fn, &mut x);
/// opt.update_with(&mut x, &grads, ExtraArgs::new().value(&loss).value_fn(&loss_fn));
/// // The size 1 leads to −1, where the loss is not less; then interpolation gives 0.5.
/// let info: &ZoomLinesearchInfo = &opt.opt_state.1.info;
/// assert_eq!(info.num_linesearch_steps.item::<i32>(), 2);
/// assert_eq!(info.curvature_error.item::<f32>(), 0.0);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ZoomLinesearchInfo {
    /// Losses that were computed, an i32 scalar.
    pub num_linesearch_steps: Variable<OptState>,
    /// By how much the condition on the decrease is missed.
    pub decrease_error: Variable<OptState>,
    /// By how much the condition on the slope is missed.
    pub curvature_error: Variable<OptState>,
}

/// The end of the last search.
///
/// ```
/// use nnx::optim::{
///     ExtraArgs, Optimizer, ScaleByZoomLinesearchState, scale_by_zoom_linesearch, sgd,
/// };
/// use nnx::{Array, Param, value_and_grad};
///
/// let loss_fn = |x: &mut Param| x.square().sum(..);
/// let mut x = Param::new(Array::scalar(1.0_f32));
/// let mut opt = Optimizer::new(&x, (sgd(1.0), scale_by_zoom_linesearch(20)));
/// let (loss, grads) = value_and_grad(&loss_fn, &mut x);
/// opt.update_with(&mut x, &grads, ExtraArgs::new().value(&loss).value_fn(&loss_fn));
/// let state: &ScaleByZoomLinesearchState = &opt.opt_state.1;
/// assert!((state.learning_rate.item::<f32>() - 0.5).abs() < 1e-6);
/// assert!(state.value.item::<f32>().abs() < 1e-6);
/// assert!(state.grad.get("").unwrap().item::<f32>().abs() < 1e-5);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ScaleByZoomLinesearchState {
    /// The step size.
    pub learning_rate: Variable<OptState>,
    /// The loss after the step.
    pub value: Variable<OptState>,
    /// The gradient after the step.
    pub grad: Params,
    /// How the search ended.
    pub info: ZoomLinesearchInfo,
}

/// A step size, and the loss and its slope there.
#[derive(Clone, Module)]
#[module(crate = crate)]
struct Point {
    step: Array,
    value: Array,
    slope: Array,
}

/// `a` where `which` is true, and `b` otherwise.
fn choose(which: &Array, a: &Point, b: &Point) -> Point {
    Point {
        step: where_(which, &a.step, &b.step),
        value: where_(which, &a.value, &b.value),
        slope: where_(which, &a.slope, &b.slope),
    }
}

/// The knowledge after some tries.
#[derive(Clone, Module)]
#[module(crate = crate)]
struct ZoomSearch {
    count: Array,
    /// The last try.
    last: Point,
    grad: Params,
    decrease_error: Array,
    curvature_error: Array,
    interval_found: Array,
    done: Array,
    failed: Array,
    /// The ends of the interval: the one with the lesser loss, and the other.
    low: Point,
    high: Point,
    /// One of the points before, for the cubic interpolation.
    reference: Point,
    /// The best size whose loss has decreased enough, and 0 until there is one.
    safe: Point,
    safe_grad: Params,
}

/// The least point of the cubic through three points with the slope of the first.
fn cubic_minimum(a: &Point, b: &Point, c: &Point) -> Array {
    let (db, dc) = (&b.step - &a.step, &c.step - &a.step);
    let denominator = (&db * &dc).square() * (&db - &dc);
    let rise = |p: &Point, d: &Array| &p.value - &a.value - &a.slope * d;
    let (rise_b, rise_c) = (rise(b, &db), rise(c, &dc));
    let cubic = (dc.square() * &rise_b - db.square() * &rise_c) / &denominator;
    let square = (db.square() * &db * rise_c - dc.square() * &dc * rise_b) / denominator;
    let root = (square.square() - &cubic * 3.0 * &a.slope).sqrt();
    &a.step + (root - square) / (cubic * 3.0)
}

/// The least point of the parabola through two points with the slope of the first.
fn quadratic_minimum(a: &Point, b: &Point) -> Array {
    let d = &b.step - &a.step;
    let square = (&b.value - &a.value - &a.slope * &d) / d.square();
    &a.step - &a.slope / (square * 2.0)
}

impl ScaleByZoomLinesearch {
    /// By how much the loss is too large at `at`.
    fn decrease_error(&self, at: &Point, start: &Point) -> Array {
        let rise = &at.value - &start.value;
        let mut error = &rise - &at.step * self.slope_rtol * &start.slope;
        if let Some(rtol) = self.approx_dec_rtol {
            let slope = &at.slope - &start.slope * (2.0 * self.slope_rtol - 1.0);
            error = slope.maximum(rise - start.value.abs() * rtol).minimum(error);
        }
        finite_or_infinite(&error.maximum(0.0))
    }

    /// By how much the slope is too steep at `at`.
    fn curvature_error(&self, at: &Point, start: &Point) -> Array {
        let error = at.slope.abs() - start.slope.abs() * self.curv_rtol;
        finite_or_infinite(&error.maximum(0.0))
    }

    /// The next size while there is no interval, and whether it is the largest one.
    fn larger(&self, s: &ZoomSearch, guess: &Array) -> (Array, Array) {
        let step = where_(s.count.eq(0), guess, &s.last.step * self.increase_factor);
        match self.max_learning_rate {
            Some(max) => (step.minimum(max), step.ge(max)),
            None => (step, Array::scalar(false)),
        }
    }

    /// The next size inside of the interval.
    fn middle(s: &ZoomSearch) -> Array {
        let (low, high) = (&s.low.step, &s.high.step);
        let (left, right, length) = (low.minimum(high), low.maximum(high), (high - low).abs());
        let inside = |step: &Array, margin: f64| {
            let margin = &length * margin;
            step.gt(&left + &margin) & step.lt(&right - margin)
        };
        let cubic = cubic_minimum(&s.low, &s.high, &s.reference);
        let quadratic = quadratic_minimum(&s.low, &s.high);
        let otherwise = where_(inside(&quadratic, 0.1), &quadratic, (low + high) / 2.0);
        where_(inside(&cubic, 0.2), &cubic, otherwise)
    }

    /// One more try. Sizes of both phases are computed, and the loss once.
    fn step(
        &self,
        s: ZoomSearch,
        guess: &Array,
        start: &Point,
        evaluate: impl Fn(&Array) -> (Point, Params),
    ) -> ZoomSearch {
        let (larger, is_largest) = self.larger(&s, guess);
        let (at, grad) = evaluate(&where_(&s.interval_found, Self::middle(&s), larger));
        let decrease_error = self.decrease_error(&at, start);
        let curvature_error = self.curvature_error(&at, start);
        let too_large = decrease_error.gt(0.0);
        let satisfied = decrease_error.maximum(&curvature_error).le(self.tol);
        let is_safe = decrease_error.le(self.tol)
            & (s.interval_found.logical_not() | at.value.lt(&s.safe.value));
        let safe = choose(&is_safe, &at, &s.safe);
        let safe_grad = grad.select(&is_safe, &s.safe_grad);
        let is_last = (&s.count + 1).ge(self.max_linesearch_steps);

        // While there is no interval: it lies between the last size and this one.
        let rises = &too_large | at.value.ge(&s.last.value) & s.count.gt(0);
        let turned = at.slope.ge(0.0) & rises.logical_not();
        let found = &rises | &turned | &satisfied;
        let first_low = choose(&turned, &at, &s.last);
        let first_high = choose(&turned, &s.last, &at);

        // Inside of an interval: this size becomes one of its ends.
        let to_high = too_large | at.value.ge(&s.low.value);
        let low_to_high =
            (&at.slope * (&s.high.step - &s.low.step)).ge(0.0) & to_high.logical_not();
        let high = choose(&low_to_high, &s.low, &choose(&to_high, &at, &s.high));
        let low = choose(&to_high, &s.low, &at);
        let reference = choose(&(to_high | low_to_high), &s.high, &s.low);
        let too_short = (&s.high.step - &s.low.step).abs().le(self.stepsize_precision);

        let zoom = &s.interval_found;
        let done = &satisfied | zoom.logical_not() & is_largest & found.logical_not();
        let failed = is_last | zoom & too_short & safe.step.gt(0.0);
        let low = choose(zoom, &low, &first_low);
        ZoomSearch {
            count: safe_increment(&s.count),
            high: choose(zoom, &high, &first_high),
            reference: choose(zoom, &reference, &low),
            interval_found: zoom | found,
            failed: failed & done.logical_not(),
            last: at,
            grad,
            decrease_error,
            curvature_error,
            done,
            low,
            safe,
            safe_grad,
        }
    }
}

/// Infinity in place of NaN.
fn finite_or_infinite(error: &Array) -> Array {
    where_(error.is_nan(), f64::INFINITY, error)
}

impl GradientTransformation for ScaleByZoomLinesearch {
    type State = ScaleByZoomLinesearchState;

    fn init(&self, params: &Params) -> Self::State {
        let dtype = real_dtype(params);
        ScaleByZoomLinesearchState {
            learning_rate: number(1.0, dtype),
            value: number(f64::INFINITY, dtype),
            grad: params.zeros_like(),
            info: ZoomLinesearchInfo {
                num_linesearch_steps: Variable::new(Array::scalar(0_i32)),
                decrease_error: number(f64::INFINITY, dtype),
                curvature_error: number(f64::INFINITY, dtype),
            },
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
        let value = extra.loss(NAME).to_wide();
        let wide = value.dtype();
        // Conjugated again, they are as the search computes them.
        let gradients = extra.gradients(NAME);
        let grad = gradients.map(Array::conj);
        let scalar = |x: f64| Array::constant_scalar(wide, x);
        let start = Point { step: scalar(0.0), slope: updates.vdot(gradients).astype(wide), value };
        let guess = match self.initial_guess_strategy {
            InitialGuess::One => scalar(1.0),
            InitialGuess::Keep => state.learning_rate.astype(wide),
        };
        let evaluate = |step: &Array| {
            let at = params.add_scale(step, &updates);
            let (value, grad) = extra.loss_and_gradients_at(NAME, &at);
            // The change of the loss along u is Re Σ g · u: descent is along −conj(g).
            let slope = grad.map(Array::conj).vdot(&updates).astype(wide);
            (Point { step: step.clone(), value: value.astype(wide), slope }, grad)
        };
        let end = while_loop(
            |s: &ZoomSearch| (&s.done | &s.failed).logical_not(),
            |s: ZoomSearch| self.step(s, &guess, &start, evaluate),
            ZoomSearch {
                count: Array::scalar(0_i32),
                grad: grad.clone(),
                decrease_error: scalar(f64::INFINITY),
                curvature_error: scalar(f64::INFINITY),
                interval_found: Array::scalar(false),
                done: Array::scalar(false),
                failed: Array::scalar(false),
                last: start.clone(),
                low: start.clone(),
                high: start.clone(),
                reference: start.clone(),
                safe: start.clone(),
                safe_grad: grad,
            },
        );
        let to_safe = end.failed & (end.safe.step.gt(0.0) | end.decrease_error.is_inf());
        let last = choose(&to_safe, &end.safe, &end.last);
        let dtype = state.value.dtype();
        state.learning_rate.set(last.step.astype(dtype));
        state.value.set(last.value.astype(dtype));
        state.grad = end.safe_grad.select(&to_safe, &end.grad);
        state.info.num_linesearch_steps.set(end.count);
        state.info.decrease_error.set(end.decrease_error.astype(dtype));
        state.info.curvature_error.set(end.curvature_error.astype(dtype));
        updates.scale(&last.step)
    }
}
