//! The normal distribution between `a` and `b`, which count standard deviations from the mean. See
//! [`stats`](super).

use super::{at_least_f32, norm, together};
use crate::array::special::{log_ndtr, ndtr};
use crate::array::{Operand, select, where_};
use crate::graph::Array;
use std::f64::consts::LN_2;

/// log(eˣ − eʸ) for x ≥ y.
#[track_caller]
fn log_difference(x: &Array, y: &Array) -> Array {
    let gap = where_(y.eq(f64::NEG_INFINITY), f64::NEG_INFINITY, y - x);
    let wide = gap.lt(-LN_2);
    let near = where_(&wide, -LN_2, &gap);
    let far = where_(&wide, &gap, -LN_2);
    x + select(&wide, (-far.exp()).log1p(), (-near.expm1()).log())
}

/// The logarithm of the probability that a standard normal number lies between `a` < `b`: in the left tail,
/// which the right one mirrors, a difference, and around 0 what is left of 1.
#[track_caller]
fn log_mass(a: &Array, b: &Array) -> Array {
    let right = a.gt(0.0);
    let central = !(b.le(0.0) | &right);
    let (low, high) = (select(&right, &-b, a), select(&right, &-a, b));
    let tail = |x: &Array, other: f64| log_ndtr(where_(&central, other, x));
    let tails = log_difference(&tail(&high, -1.0), &tail(&low, -2.0));
    let (a, b) = (where_(&central, a, -1.0), where_(&central, b, 1.0));
    select(&central, (-ndtr(&a) - ndtr(&-b)).log1p(), &tails)
}

/// A function of the standardized `x`, `a`, `b` and `scale`, where `a` is below `b`; NaN elsewhere.
#[track_caller]
fn between(
    name: &str,
    x: &dyn Operand,
    parameters: [&dyn Operand; 4],
    body: impl FnOnce([&Array; 4]) -> Array,
) -> Array {
    together(name, x, &parameters, |args| {
        let own = args[0].dtype();
        let wide: Vec<Array> = args.iter().map(|x| x.astype(at_least_f32(own))).collect();
        let [x, a, b, loc, scale] = [0, 1, 2, 3, 4].map(|i: usize| &wide[i]);
        let some = a.lt(b);
        let (a, b) = (where_(&some, a, -1.0), where_(&some, b, 1.0));
        let y = body([&((x - loc) / scale), &a, &b, scale]);
        where_(some, y, f64::NAN).astype(own)
    })
}

/// The logarithm of the density. `jax.scipy.stats.truncnorm.logpdf` (default `loc` 0, `scale` 1).
///
/// ```
/// use nnx::{Array, stats::truncnorm};
/// let y = truncnorm::logpdf(Array::from([-2.0, 0.0]), -1.0, 1.0, 0.0, 1.0).to_vec::<f64>();
/// assert!(y[0] == f64::NEG_INFINITY && (y[1] - 0.584_368_567_256_8_f64.ln()).abs() < 1e-12);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logpdf(
    x: impl Operand,
    a: impl Operand,
    b: impl Operand,
    loc: impl Operand,
    scale: impl Operand,
) -> Array {
    between("truncnorm.logpdf", &x, [&a, &b, &loc, &scale], |[x, a, b, scale]| {
        let log = norm::logpdf(x, 0.0, 1.0) - scale.log() - log_mass(a, b);
        let outside = x.lt(a) | x.gt(b);
        where_(outside, f64::NEG_INFINITY, log)
    })
}

/// The density. `jax.scipy.stats.truncnorm.pdf` (default `loc` 0, `scale` 1).
///
/// ```
/// use nnx::{Array, stats::truncnorm};
/// let y = truncnorm::pdf(Array::from([-2.0, 0.0]), -1.0, 1.0, 0.0, 1.0).to_vec::<f64>();
/// assert!(y[0] == 0.0 && (y[1] - 0.584_368_567_256_8).abs() < 1e-12);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn pdf(
    x: impl Operand,
    a: impl Operand,
    b: impl Operand,
    loc: impl Operand,
    scale: impl Operand,
) -> Array {
    logpdf(x, a, b, loc, scale).exp()
}

/// The logarithm of the part of the mass below `x`.
#[track_caller]
fn log_part(x: &Array, a: &Array, b: &Array) -> Array {
    let (above, below) = (x.ge(b), x.le(a));
    // Where it is known otherwise, a point that harms no slope.
    let bound = |x: &Array, other: Array| where_(x.is_inf(), other, x);
    let (low, high) = (bound(a, b - 2.0), bound(b, a + 2.0));
    let middle = where_(a.is_inf() & b.is_inf(), 0.0, (low + high) * 0.5);
    let x = select(&(above.clone() | &below), &middle, x);
    let whole = log_mass(a, b);
    let log = log_mass(a, &x) - &whole;
    // From the other side where little is missing.
    let most = log.gt(-0.1);
    let rest = where_(&most, log_mass(&x, b) - whole, -1.0);
    let log = select(&most, (-rest.exp()).log1p(), &log);
    where_(above, 0.0, where_(below, f64::NEG_INFINITY, log))
}

/// The logarithm of [`cdf`]. `jax.scipy.stats.truncnorm.logcdf` (default `loc` 0, `scale` 1).
///
/// ```
/// use nnx::{Array, stats::truncnorm};
/// let x = Array::from([0.0, 3.0]); // the middle, and beyond the end
/// let y = truncnorm::logcdf(x, -1.0, 1.0, 0.0, 1.0).to_vec::<f64>();
/// assert!((y[0] - 0.5_f64.ln()).abs() < 1e-12 && y[1] == 0.0);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logcdf(
    x: impl Operand,
    a: impl Operand,
    b: impl Operand,
    loc: impl Operand,
    scale: impl Operand,
) -> Array {
    between("truncnorm.logcdf", &x, [&a, &b, &loc, &scale], |[x, a, b, _]| log_part(x, a, b))
}

/// The probability of values up to `x`. `jax.scipy.stats.truncnorm.cdf` (default `loc` 0, `scale` 1).
///
/// ```
/// use nnx::{Array, stats::truncnorm};
/// let x = Array::from([0.0, 3.0]); // the middle, and beyond the end
/// let y = truncnorm::cdf(x, -1.0, 1.0, 0.0, 1.0).to_vec::<f64>();
/// assert!((y[0] - 0.5).abs() < 1e-12 && y[1] == 1.0);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn cdf(
    x: impl Operand,
    a: impl Operand,
    b: impl Operand,
    loc: impl Operand,
    scale: impl Operand,
) -> Array {
    logcdf(x, a, b, loc, scale).exp()
}

/// The logarithm of [`sf`]. `jax.scipy.stats.truncnorm.logsf` (default `loc` 0, `scale` 1).
///
/// ```
/// use nnx::{Array, stats::truncnorm};
/// let x = Array::from([0.0, 3.0]); // the middle, and beyond the end
/// let y = truncnorm::logsf(x, -1.0, 1.0, 0.0, 1.0).to_vec::<f64>();
/// assert!((y[0] - 0.5_f64.ln()).abs() < 1e-12 && y[1] == f64::NEG_INFINITY);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn logsf(
    x: impl Operand,
    a: impl Operand,
    b: impl Operand,
    loc: impl Operand,
    scale: impl Operand,
) -> Array {
    between("truncnorm.logsf", &x, [&a, &b, &loc, &scale], |[x, a, b, _]| log_part(&-x, &-b, &-a))
}

/// The probability of values above `x`. `jax.scipy.stats.truncnorm.sf` (default `loc` 0, `scale` 1).
///
/// ```
/// use nnx::{Array, stats::truncnorm};
/// let x = Array::from([0.0, 3.0]); // the middle, and beyond the end
/// let y = truncnorm::sf(x, -1.0, 1.0, 0.0, 1.0).to_vec::<f64>();
/// assert!((y[0] - 0.5).abs() < 1e-12 && y[1] == 0.0);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn sf(
    x: impl Operand,
    a: impl Operand,
    b: impl Operand,
    loc: impl Operand,
    scale: impl Operand,
) -> Array {
    logsf(x, a, b, loc, scale).exp()
}
