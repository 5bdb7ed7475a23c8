//! Integrals of exponentials, and counts of choices.

use super::{Compute, Operand, binary, in_wide, select};
use crate::array::program::together;
use crate::array::{AsArray, real_only, where_};
use crate::graph::{Array, Jvp, Tangent};
use crate::ops::{CustomJvp, custom_jvp, inner_for};
use crate::value::{DType, promote_dtypes};

/// Euler's constant γ.
const EULER: f64 = 0.577_215_664_901_532_9;
/// Up to where the power series is taken for E₁.
const SMALL: f64 = 2.0;
/// From where the asymptotic series is taken for Ei.
const LARGE: f64 = 50.0;
/// The terms of the series up to `LARGE`, and of the asymptotic one beyond.
const TERMS: [usize; 2] = [170, 45];

/// Σ xᵏ / (k · k!) from k = 1 on, the terms for |x| up to [`LARGE`].
#[track_caller]
fn series(x: &Array, terms: usize) -> Array {
    let start = [x.clone(), x.clone()];
    let sums = inner_for(terms, &start, |i, state| {
        let k = i.astype(x.dtype()) + 2.0;
        let power = &state[0] * x / &k;
        let sum = &state[1] + &power / k;
        vec![power, sum]
    });
    sums[1].clone()
}

/// E₁(x) eˣ for x ≥ 2 by a continued fraction (Abramowitz & Stegun 5.1.22, in its even form).
#[track_caller]
fn fraction(x: &Array) -> Array {
    const DEPTH: usize = 60;
    let tail = x + (2 * DEPTH + 1) as f64;
    let whole = inner_for(DEPTH, &[tail], |i, state| {
        let k = DEPTH as f64 - i.astype(x.dtype());
        vec![x + (&k * 2.0 - 1.0) - k.square() / &state[0]]
    });
    1.0 / &whole[0]
}

/// The exponential integral E₁(x) = ∫ e⁻ᵗ / t dt from x to ∞; NaN for negative x, ∞ at 0.
/// `jax.scipy.special.exp1`.
///
/// ```
/// use nnx::{Array, special::exp1};
/// assert!((exp1(Array::scalar(1.0)).item::<f64>() - 0.219_383_934_395_520_3).abs() < 1e-14);
/// ```
#[track_caller]
pub fn exp1(x: impl AsArray) -> Array {
    let x = x.as_array();
    real_only("exp1", x);
    in_wide("exp1", x, |x| custom_jvp(E1, &[x]))
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct E1;

impl CustomJvp for E1 {
    const NAME: &'static str = "exp1";
    fn body(&self, args: &[Array]) -> Array {
        let x = &args[0];
        let small = x.le(SMALL);
        let low = select(&small, x, x.ones_like());
        let near = -EULER - low.log() - series(&-&low, 26);
        let high = select(&small, x.full_like(SMALL), x);
        // A product that overflows on its way has a factor of 0.
        let far = (-&high).exp() * fraction(&high.minimum(1e4));
        let value = select(&small, &near, &far);
        let value = select(x.eq(0.0), x.full_like(f64::INFINITY), &value);
        select(x.lt(0.0), x.full_like(f64::NAN), &value)
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Tangent {
        let x = &cx.primals[0];
        let slope = -((-x).exp() / x);
        // Where the value is NaN, too.
        Some(cx.tangent(0)? * select(x.lt(0.0), x.full_like(f64::NAN), &slope))
    }
}

/// The exponential integral Ei(x) = −∫ e⁻ᵗ / t dt from −x to ∞ (the principal value); −∞ at 0.
/// `jax.scipy.special.expi`.
///
/// ```
/// use nnx::{Array, special::expi};
///
/// let y = expi(Array::from([1.0, 0.0]));
/// assert!((y.to_vec::<f64>()[0] - 1.895_117_816_355_937).abs() < 1e-12);
/// assert_eq!(y.to_vec::<f64>()[1], f64::NEG_INFINITY);
/// ```
#[track_caller]
pub fn expi(x: impl AsArray) -> Array {
    let x = x.as_array();
    real_only("expi", x);
    in_wide("expi", x, |x| custom_jvp(Ei, &[x]))
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Ei;

impl CustomJvp for Ei {
    const NAME: &'static str = "expi";
    fn body(&self, args: &[Array]) -> Array {
        let x = &args[0];
        let below = select(x.lt(0.0), &-x, x.ones_like());
        let negative = -custom_jvp(E1, &[&below]);
        let middle = x.gt(0.0) & x.le(LARGE);
        let safe = select(&middle, x, x.ones_like());
        let near = EULER + safe.log() + series(&safe, TERMS[0]);
        let high = x.maximum(LARGE);
        let inverse = 1.0 / &high;
        // Σ k! / xᵏ, from the last term on.
        let sum = inner_for(TERMS[1], &[x.ones_like()], |i, state| {
            let k = TERMS[1] as f64 - i.astype(x.dtype());
            vec![&state[0] * k * &inverse + 1.0]
        });
        // Half of the exponent at a time, so that it overflows no sooner than the result.
        let half = (&high * 0.5).exp();
        let far = &half * &inverse * &sum[0] * half;
        let far = where_(x.eq(f64::INFINITY), f64::INFINITY, far);
        let positive = select(x.gt(LARGE), &far, &near);
        let value = select(x.lt(0.0), &negative, &positive);
        let value = select(x.eq(0.0), x.full_like(f64::NEG_INFINITY), &value);
        select(x.is_nan(), x, &value)
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Tangent {
        let x = &cx.primals[0];
        Some(cx.tangent(0)? * (x.exp() / x))
    }
}

/// The exponential integral Eₙ(x) = ∫ e⁻ˣᵗ / tⁿ dt from 1 to ∞ for n = 0, 1, 2, …; NaN for negative x and
/// for other `n`. Not differentiable with respect to `n`. `jax.scipy.special.expn`.
///
/// ```
/// use nnx::{Array, special::expn};
/// assert!((expn(2, &Array::scalar(1.0)).item::<f64>() - 0.148_495_506_775_922_05).abs() < 1e-14);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn expn(n: impl Operand, x: impl Operand) -> Array {
    together("expn", &[&n, &x], |args| {
        let own = args[0].dtype();
        let wide = promote_dtypes(own, DType::F32);
        let (n, x) = (args[0].stop_gradient().astype(wide), args[1].astype(wide));
        custom_jvp(En, &[&n, &x]).astype(own)
    })
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct En;

impl CustomJvp for En {
    const NAME: &'static str = "expn";
    /// Up to 1 by the power series, beyond by a continued fraction (Abramowitz & Stegun 5.1.12 and
    /// 5.1.22, in its even form).
    fn body(&self, args: &[Array]) -> Array {
        let (n, x) = (&args[0], &args[1]);
        let dtype = x.dtype();
        let (terms, depth) = if dtype == DType::F64 { (21, 90) } else { (13, 30) };
        let small = x.le(1.0);
        let order = n.maximum(1.0);

        let low = select(&(&small & x.gt(0.0)), x, x.ones_like());
        let bracket = order.digamma() - low.log();
        let start = [x.ones_like(), x.zeros_like()];
        let near = inner_for(terms, &start, |m, state| {
            let m = m.astype(dtype);
            let gap = &m + 1.0 - &order;
            let own = gap.eq(0.0);
            let factor = select(&own, &bracket, -1.0 / where_(&own, 1.0, gap));
            let sum = &state[1] + &state[0] * factor;
            vec![-(&state[0] * &low) / (m + 1.0), sum]
        });

        let high = select(&small, x.ones_like(), x);
        let base = &high + &order;
        let tail = inner_for(depth, &[&base + 2.0 * depth as f64], |i, state| {
            let k = depth as f64 - i.astype(dtype);
            let product = &k * (&order + &k - 1.0);
            vec![&base + (k - 1.0) * 2.0 - product / &state[0]]
        });
        let far = (-&high).exp() / &tail[0];

        let value = select(&small, &near[1], &far);
        let value = select(n.eq(0.0), &((-x).exp() / x), &value);
        let at_zero = where_(n.le(1.0), f64::INFINITY, 1.0 / (&order - 1.0));
        let value = select(x.eq(0.0), &at_zero, &value);
        where_(x.ge(0.0) & n.ge(0.0) & n.eq(n.floor()), value, f64::NAN)
    }
    /// −Eₙ₋₁, for which n = 0 asks the recurrence.
    fn jvp(&self, cx: &Jvp<'_>) -> Tangent {
        let (n, x, t) = (&cx.primals[0], &cx.primals[1], cx.tangent(1)?);
        let before = custom_jvp(En, &[&(n - 1.0).maximum(0.0), x]);
        let first = ((-x).exp() + cx.out()) / x;
        Some(-(t * select(n.eq(0.0), &first, &before)))
    }
}

/// The number of ways to choose `k` of `n` things, 0 where `k` is negative or above `n`, by the beta function.
/// `jax.scipy.special.comb` without exact integers and repetition.
///
/// ```
/// use nnx::{Array, special::comb};
///
/// let ways = comb(Array::scalar(5.0_f32), Array::from([2, 5, 6]));
/// assert_eq!(ways.round().to_vec::<f32>(), [10.0, 1.0, 0.0]); // to a float's accuracy only
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast.
#[track_caller]
pub fn comb(n: impl Operand, k: impl Operand) -> Array {
    binary("comb", Compute::Inexact, &n, &k, |n, k| {
        let possible = n.ge(0.0) & k.ge(0.0) & n.ge(k);
        let (safe_n, safe_k) = (where_(&possible, n, 1.0), where_(&possible, k, 1.0));
        let log =
            (&safe_n + 1.0).lgamma() - (&safe_k + 1.0).lgamma() - (safe_n - safe_k + 1.0).lgamma();
        where_(&possible, log.exp(), 0.0)
    })
}

/// ((1 + x)ᵏ − 1) / k for k = `lambda`, log(1 + x) for 0. `jax.scipy.special.boxcox1p`.
///
/// ```
/// use nnx::{Array, array::Tolerance, special::boxcox1p};
///
/// // log 2, and (2 − 1) / 0.5.
/// let y = boxcox1p(Array::from([1.0_f32, 3.0]), Array::from([0.0_f32, 0.5]));
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.69315_f32, 2.0]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast.
#[track_caller]
pub fn boxcox1p(x: impl Operand, lambda: impl Operand) -> Array {
    binary("boxcox1p", Compute::Inexact, &x, &lambda, |x, k| {
        let zero = k.eq(0.0);
        let safe = select(&zero, k.ones_like(), k);
        select(&zero, x.log1p(), &((&safe * x.log1p()).expm1() / &safe))
    })
}
