//! Minimization of a function of a vector.

use crate::array::linalg::vector_norm;
use crate::array::{AsArray, eye, finfo, invalid, where_};
use crate::graph::Array;
use crate::transform::{value_and_grad, while_loop};
use crate::value::DType;
use nnx_derive::Module;

/// The most steps of one zoom into an interval.
const ZOOM_STEPS: i32 = 30;
/// How much the function must decrease, as a part of what the slope promises.
const DECREASE: f64 = 1e-4;
/// How flat the slope must become, as a part of the slope before.
const FLATTER: f64 = 0.9;

/// How [`minimize`] goes about it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MinimizeOptions {
    /// The most steps; without a number 200 times the elements of x.
    pub maxiter: Option<usize>,
    /// The order of the norm of the gradient that is compared with `gtol`.
    pub norm: f64,
    /// It ends where the norm of the gradient is smaller.
    pub gtol: f64,
    /// The most tries of a line search before it zooms into an interval.
    pub line_search_maxiter: usize,
}

impl Default for MinimizeOptions {
    /// 200 steps for each element, the largest element of the gradient below 1e-5, and 10 tries.
    fn default() -> Self {
        MinimizeOptions { maxiter: None, norm: f64::INFINITY, gtol: 1e-5, line_search_maxiter: 10 }
    }
}

/// The results of [`minimize`]. `jax.scipy.optimize.OptimizeResults`.
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct OptimizeResults {
    /// The last x.
    pub x: Array,
    /// Whether the gradient became small enough, a bool scalar.
    pub success: Array,
    /// An i32 scalar: 0 if it ended well, 1 after the most steps, 3 if a zoom failed, 5 if a line search ended
    /// after its most tries.
    pub status: Array,
    /// The function's value at x.
    pub fun: Array,
    /// Its gradient there.
    pub jac: Array,
    /// The estimate of the inverse of its second derivative.
    pub hess_inv: Array,
    /// How many values were computed, an i32 scalar.
    pub nfev: Array,
    /// How many gradients were computed, an i32 scalar.
    pub njev: Array,
    /// How many steps were taken, an i32 scalar.
    pub nit: Array,
}

/// A point of a line, with the function's value and slope there.
#[derive(Clone, Module)]
#[module(crate = crate)]
struct OnLine {
    at: Array,
    value: Array,
    slope: Array,
}

/// `a` where `which` holds, otherwise `b`.
fn pick(which: &Array, a: &OnLine, b: &OnLine) -> OnLine {
    OnLine {
        at: where_(which, &a.at, &b.at),
        value: where_(which, &a.value, &b.value),
        slope: where_(which, &a.slope, &b.slope),
    }
}

/// An interval that shrinks.
#[derive(Clone, Module)]
#[module(crate = crate)]
struct Interval {
    done: Array,
    failed: Array,
    steps: Array,
    low: OnLine,
    high: OnLine,
    /// The point that was an end before.
    before: OnLine,
    found: OnLine,
    gradient: Array,
}

/// A search along a line.
#[derive(Clone, Module)]
#[module(crate = crate)]
struct Search {
    done: Array,
    failed: Array,
    tries: Array,
    calls: Array,
    last: OnLine,
    found: OnLine,
    gradient: Array,
}

/// A step of BFGS.
#[derive(Clone, Module)]
#[module(crate = crate)]
struct Bfgs {
    converged: Array,
    failed: Array,
    steps: Array,
    calls: Array,
    x: Array,
    value: Array,
    gradient: Array,
    inverse: Array,
    value_before: Array,
    search_status: Array,
}

/// The minimum of the cubic through three values and a slope at the first; NaN if it has none.
fn cubic(a: &OnLine, b: &OnLine, c: &OnLine) -> Array {
    let (db, dc) = (&b.at - &a.at, &c.at - &a.at);
    let denominator = (&db * &dc).square() * (&db - &dc);
    let from_b = &b.value - &a.value - &a.slope * &db;
    let from_c = &c.value - &a.value - &a.slope * &dc;
    let third = (dc.square() * &from_b - db.square() * &from_c) / &denominator;
    let second = (db.powi(3) * from_c - dc.powi(3) * from_b) / denominator;
    let radical = second.square() - &third * &a.slope * 3.0;
    &a.at + (radical.sqrt() - second) / (third * 3.0)
}

/// The minimum of the parabola through two values and a slope at the first.
fn parabola(a: &OnLine, b: &OnLine) -> Array {
    let d = &b.at - &a.at;
    let second = (&b.value - &a.value - &a.slope * &d) / d.square();
    &a.at - &a.slope / (second * 2.0)
}

/// The conditions of Wolfe on the way from a point.
struct Wolfe<'a> {
    start: &'a OnLine,
}

impl Wolfe<'_> {
    /// Whether the function has not decreased enough.
    fn too_high(&self, p: &OnLine) -> Array {
        p.value.gt(&self.start.value + &p.at * &self.start.slope * DECREASE)
    }
    fn is_flat(&self, p: &OnLine) -> Array {
        p.slope.abs().le(&self.start.slope * -FLATTER)
    }
}

/// Shrinks an interval until a point in it satisfies Wolfe's conditions: Nocedal & Wright, algorithm 3.6, with
/// cubics, parabolas and halves.
fn zoom(
    line: &dyn Fn(&Array) -> (OnLine, Array),
    wolfe: &Wolfe<'_>,
    interval: Interval,
    wanted: &Array,
) -> Interval {
    let least = if finfo(wanted_dtype(&interval)).bits < 64 { 1e-5 } else { 1e-10 };
    let body = |s: Interval| {
        let Interval { low, high, before, .. } = &s;
        let width = (&high.at - &low.at).abs();
        let (a, b) = (high.at.minimum(&low.at), high.at.maximum(&low.at));
        let failed = &s.failed | width.le(least);
        let inside = |x: &Array, part: f64| {
            let margin = &width * part;
            x.gt(&a + &margin) & x.lt(&b - margin)
        };
        let by_cubic = cubic(low, high, before);
        let use_cubic = s.steps.gt(0) & inside(&by_cubic, 0.2);
        let by_parabola = parabola(low, high);
        let use_parabola = use_cubic.logical_not() & inside(&by_parabola, 0.1);
        let half = (&low.at + &high.at) / 2.0;
        let at = where_(&use_cubic, by_cubic, where_(&use_parabola, by_parabola, half));
        let (point, gradient) = line(&at);
        let to_high = wolfe.too_high(&point) | point.value.ge(&low.value);
        let ends = wolfe.is_flat(&point) & to_high.logical_not();
        let to_low = to_high.logical_not() & ends.logical_not();
        let turns = (&point.slope * (&high.at - &low.at)).ge(0.0) & &to_low;
        let new_high = pick(&to_high, &point, &pick(&turns, low, high));
        let from_high = &to_high | &turns;
        let new_before = pick(&from_high, high, &pick(&to_low, low, before));
        let steps = &s.steps + 1;
        Interval {
            done: &s.done | &ends,
            failed: failed | steps.ge(ZOOM_STEPS),
            steps,
            low: pick(&to_low, &point, low),
            high: new_high,
            before: new_before,
            found: pick(&ends, &point, &s.found),
            gradient: where_(&ends, gradient, &s.gradient),
        }
    };
    let going = |s: &Interval| s.done.logical_not() & s.failed.logical_not() & wanted;
    while_loop(going, body, interval)
}

fn wanted_dtype(interval: &Interval) -> DType {
    interval.low.at.dtype()
}

/// A step size that satisfies Wolfe's strong conditions: Nocedal & Wright, algorithm 3.5.
fn line_search(
    line: &dyn Fn(&Array) -> (OnLine, Array),
    start: &OnLine,
    gradient: &Array,
    value_before: &Array,
    most: usize,
) -> Search {
    let wolfe = Wolfe { start };
    let first = (&start.value - value_before) * 2.02 / &start.slope;
    let first = where_(first.gt(1.0), 1.0, first);
    let no = Array::scalar(false);
    let init = Search {
        done: no.clone(),
        failed: no.clone(),
        tries: Array::scalar(1),
        calls: Array::scalar(0),
        last: start.clone(),
        found: start.clone(),
        gradient: gradient.clone(),
    };
    let body = |s: Search| {
        let at = where_(s.tries.eq(1), &first, &s.last.at * 2.0);
        let (point, slopes) = line(&at);
        let higher = point.value.ge(&s.last.value) & s.tries.gt(1);
        let rises = wolfe.too_high(&point) | higher;
        let ends = wolfe.is_flat(&point) & rises.logical_not();
        let turns = point.slope.ge(0.0) & rises.logical_not() & ends.logical_not();
        let zooms = &rises | &turns;
        let (low, high) = (pick(&rises, &s.last, &point), pick(&rises, &point, &s.last));
        let middle = OnLine {
            at: (&low.at + &high.at) / 2.0,
            value: (&low.value + &high.value) / 2.0,
            slope: low.slope.clone(),
        };
        let unfound = OnLine { at: low.at.ones_like(), ..low.clone() };
        let interval = Interval {
            done: no.clone(),
            failed: no.clone(),
            steps: Array::scalar(0),
            low,
            high,
            before: middle,
            found: unfound,
            gradient: gradient.clone(),
        };
        let zoomed = zoom(line, &wolfe, interval, &zooms);
        Search {
            done: &s.done | &zooms | &ends,
            failed: &s.failed | (&zooms & &zoomed.failed),
            tries: &s.tries + 1,
            calls: &s.calls + 1 + &zoomed.steps,
            found: pick(&zooms, &zoomed.found, &pick(&ends, &point, &s.found)),
            gradient: where_(&zooms, zoomed.gradient, where_(&ends, slopes, &s.gradient)),
            last: point,
        }
    };
    let going = |s: &Search| s.done.logical_not() & s.failed.logical_not() & s.tries.le(most);
    while_loop(going, body, init)
}

/// The minimum of `fun`, a function of a vector that gives a scalar, near `x0`, by the method of Broyden, Fletcher,
/// Goldfarb and Shanno. `jax.scipy.optimize.minimize` with `method="BFGS"`.
///
/// Source: Nocedal and Wright, "Numerical Optimization", 1999, algorithms 3.5, 3.6 and 6.1. It is a loop whose end
/// depends on the numbers, so that reverse mode cannot differentiate it; [`custom_root`](crate::custom_root) of the
/// gradient can. What else `fun` needs it captures (`args` in JAX). An interval may have its better end above the
/// other one; in JAX such a line search fails, here it goes on as in SciPy.
///
/// ```
/// use nnx::{Array, optim::minimize};
/// let rosenbrock = |x: &Array| {
///     let (a, b) = (x.at(0).get(), x.at(1).get());
///     (1.0 - &a).square() + (b - a.square()).square() * 100.0
/// };
/// let found = minimize(rosenbrock, &Array::from([-1.2, 1.0]), Default::default());
/// assert!(found.success.item::<bool>());
/// assert!((found.x - 1.0).abs().max(..).item::<f64>() < 1e-5);
/// ```
///
/// # Panics
/// Panics if `x0` is not a vector of f32 or f64, or `fun` does not give a float scalar of its dtype.
#[track_caller]
pub fn minimize(
    fun: impl Fn(&Array) -> Array,
    x0: impl AsArray,
    options: MinimizeOptions,
) -> OptimizeResults {
    let x0 = x0.as_array();
    const OP: &str = "minimize";
    if x0.rank() != 1 || !matches!(x0.dtype(), DType::F32 | DType::F64) {
        let x0 = x0.aval();
        invalid(
            OP,
            format!("`x0` must be a vector of f32 or f64, got {x0}: use `reshape` or `astype`"),
        );
    }
    let n = x0.size();
    let most = options.maxiter.unwrap_or(200 * n);
    let (value, gradient) = value_and_grad(|x: &Array| fun(x), x0);
    if value.dtype() != x0.dtype() {
        let (value, x0) = (value.aval(), x0.aval());
        invalid(OP, format!("the function must give the dtype of {x0}, it gives {value}"));
    }
    let small = |g: &Array| vector_norm(g, options.norm, ..).lt(options.gtol);
    let (no, none) = (Array::scalar(false), Array::scalar(0));
    let init = Bfgs {
        converged: small(&gradient),
        failed: no,
        steps: none.clone(),
        calls: Array::scalar(1),
        x: x0.clone(),
        value_before: &value + vector_norm(&gradient, 2, ..) / 2.0,
        value,
        gradient,
        inverse: eye(n, x0.dtype()),
        search_status: none,
    };
    let body = |s: Bfgs| {
        let direction = -s.inverse.matmul(&s.gradient);
        let line = |at: &Array| {
            let (value, gradient) = value_and_grad(|x: &Array| fun(x), &(&s.x + at * &direction));
            let slope = gradient.matmul(&direction);
            (OnLine { at: at.clone(), value, slope }, gradient)
        };
        let slope = s.gradient.matmul(&direction);
        let start = OnLine { at: s.value.zeros_like(), value: s.value.clone(), slope };
        let tries = options.line_search_maxiter;
        let found = line_search(&line, &start, &s.gradient, &s.value_before, tries);
        let status = where_(&found.failed, 1, where_(found.tries.gt(tries), 3, 0));
        let size = &found.found.at;
        let size = match size.dtype() {
            DType::F64 => size.clone(),
            // A step that rounding takes away would go on for ever.
            _ => where_(size.abs().lt(1e-8), size.sign() * 1e-8, size),
        };
        let step = size * &direction;
        let change = &found.gradient - &s.gradient;
        let rho = 1.0 / change.matmul(&step);
        let (column, row) = (step.expand_dims(1), step.expand_dims(0));
        let w = eye(n, x0.dtype()) - &rho * &column * change.expand_dims(0);
        let updated = w.matmul(&s.inverse).matmul(w.t()) + &rho * column * row;
        Bfgs {
            converged: small(&found.gradient),
            failed: found.failed | found.done.logical_not(),
            steps: &s.steps + 1,
            calls: &s.calls + &found.calls,
            x: &s.x + step,
            inverse: where_(rho.is_finite(), updated, &s.inverse),
            value_before: s.value,
            value: found.found.value,
            gradient: found.gradient,
            search_status: status,
        }
    };
    let going = |s: &Bfgs| s.converged.logical_not() & s.failed.logical_not() & s.steps.lt(most);
    let end = while_loop(going, body, init);
    let failed = where_(&end.failed, &end.search_status + 2, -1);
    let unfinished = where_(end.steps.eq(most), 1, failed);
    OptimizeResults {
        success: &end.converged & end.failed.logical_not(),
        status: where_(&end.converged, 0, unfinished),
        fun: end.value,
        jac: end.gradient,
        hess_inv: end.inverse,
        nfev: end.calls.clone(),
        njev: end.calls,
        nit: end.steps,
        x: end.x,
    }
}
