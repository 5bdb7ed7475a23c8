//! Integrals of sines and cosines: power series near 0, and further out continued fractions of the
//! exponential integral and of the error function on a ray of the complex plane.

use super::pair::ComplexPair;
use super::{real_pair, select};
use crate::array::{AsArray, stack, where_};
use crate::graph::{Array, Jvp, Tangent};
use crate::ops::{CustomJvp, custom_jvp, inner_for};
use crate::value::DType;
use std::f64::consts::{FRAC_PI_2, PI};

/// Euler's constant γ.
const EULER: f64 = 0.577_215_664_901_532_9;

/// How deep the fractions are evaluated, and how many terms the series have.
fn depth(dtype: DType) -> (usize, usize) {
    if dtype == DType::F64 { (60, 19) } else { (16, 11) }
}

/// The two alternating series of e^(it) whose terms are divided by `divisor(m)`, m being their power:
/// those of even powers from 2 on, and those of odd ones.
#[track_caller]
fn series(t: &Array, divisor: fn(Array) -> Array) -> [Array; 2] {
    let zero = t.zeros_like();
    let start = [t.ones_like(), zero.clone(), zero];
    let sums = inner_for(depth(t.dtype()).1, &start, |i, state| {
        let m = i.astype(t.dtype()) * 2.0;
        let odd = &state[0] * t / (&m + 1.0);
        let even = -(&odd * t / (&m + 2.0));
        let evens = &state[1] + &even / divisor(&m + 2.0);
        let odds = &state[2] + odd / divisor(m + 1.0);
        vec![even, evens, odds]
    });
    [sums[1].clone(), sums[2].clone()]
}

/// The sine integral ∫ sin t / t dt from 0 to x and the cosine integral γ + log |x| + ∫ (cos t − 1) / t dt:
/// −∞ at 0, NaN at −∞. `jax.scipy.special.sici`.
///
/// ```
/// use nnx::{Array, special::sici};
/// let (si, ci) = sici(Array::scalar(1.0));
/// assert!((si.item::<f64>() - 0.946_083_070_367_183).abs() < 1e-14);
/// assert!((ci.item::<f64>() - 0.337_403_922_900_968_1).abs() < 1e-14);
/// ```
///
/// # Panics
/// Panics for complex numbers.
#[track_caller]
pub fn sici(x: impl AsArray) -> (Array, Array) {
    real_pair("sici", x.as_array(), |x| {
        (custom_jvp(Integral::Sine, &[x]), custom_jvp(Integral::Cosine, &[x]))
    })
}

/// Apart, because the slope of one is infinite at 0.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Integral {
    Sine,
    Cosine,
}

/// Up to where the series are taken, and from where the first term beyond is all.
const NEAR: f64 = 4.0;
const FAR: f64 = 1e9;

impl CustomJvp for Integral {
    const NAME: &'static str = "sici";
    fn params(&self) -> String {
        format!("{self:?}")
    }
    /// Beyond 4 by E₁(ix) = e⁻ⁱˣ / (1 + ix − 1² / (3 + ix − 2² / (5 + ix − …)))
    /// = i (Si x − π/2) − Ci x (Abramowitz & Stegun 5.1.22 and 5.2.21).
    fn body(&self, args: &[Array]) -> Array {
        let x = &args[0];
        let size = x.abs();
        let near = size.le(NEAR);
        let low = select(&near, &size, size.ones_like());
        let [evens, odds] = series(&low, |m| m);
        let high = select(&near, size.full_like(NEAR), &size);
        let inner = high.minimum(FAR);
        let depth = depth(x.dtype()).0;
        let start = [x.full_like((2 * depth + 1) as f64), inner.clone()];
        let tail = inner_for(depth, &start, |i, tail| {
            let k = depth as f64 - i.astype(x.dtype());
            let inverse = ComplexPair::new(tail[0].clone(), tail[1].clone()).inverse();
            let square = k.square();
            vec![k * 2.0 - 1.0 - &square * inverse.re, &inner - square * inverse.im]
        });
        let factor = ComplexPair::new(tail[0].clone(), tail[1].clone()).inverse();
        let shrink = inner / &high;
        let (g, f) = (factor.re * &shrink, -factor.im * shrink);
        let (sin, cos) = (high.sin(), high.cos());
        let endless = size.eq(f64::INFINITY);
        match self {
            Integral::Sine => {
                let far = FRAC_PI_2 - f * cos - g * sin;
                let value = where_(&endless, FRAC_PI_2, select(&near, &odds, &far));
                let value = select(x.lt(0.0), &-&value, &value);
                // Keeps the sign of 0.
                select(x.eq(0.0), x, &value)
            }
            Integral::Cosine => {
                let far = f * sin - g * cos;
                let value = select(&near, &(EULER + low.log() + evens), &far);
                let end = where_(x.lt(0.0), f64::NAN, x.zeros_like());
                select(&endless, &end, &value)
            }
        }
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Tangent {
        let (x, t) = (&cx.primals[0], cx.tangent(0)?);
        Some(match self {
            Integral::Sine => t * (x / PI).sinc(),
            Integral::Cosine => t * (x.cos() / x),
        })
    }
}

/// The Fresnel integrals S = ∫ sin(π t² / 2) dt and C = ∫ cos(π t² / 2) dt from 0 to x.
/// `jax.scipy.special.fresnel`.
///
/// ```
/// use nnx::{Array, special::fresnel};
/// let (s, c) = fresnel(Array::scalar(1.0));
/// assert!((s.item::<f64>() - 0.438_259_147_390_354_8).abs() < 1e-14);
/// assert!((c.item::<f64>() - 0.779_893_400_376_822_8).abs() < 1e-14);
/// ```
///
/// # Panics
/// Panics for complex numbers.
#[track_caller]
pub fn fresnel(x: impl AsArray) -> (Array, Array) {
    real_pair("fresnel", x.as_array(), |x| {
        let both = custom_jvp(Fresnel, &[x]);
        let part = |i: usize| both.slice_dim(0, i, i + 1).squeeze(0);
        (part(0), part(1))
    })
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Fresnel;

/// π x² / 2 less whole turns. The product of the even part of x and of the rest is exact.
#[track_caller]
fn half_square_turned(x: &Array) -> Array {
    let half = (x * 0.5).round();
    let rest = x - &half * 2.0;
    let product = half * &rest;
    let turns = (&product - product.round()) * 4.0;
    (turns + rest.square()) * FRAC_PI_2
}

impl CustomJvp for Fresnel {
    const NAME: &'static str = "fresnel";
    /// Beyond 1.5 by C + iS = (1 + i)/2 − x eⁱᶿ / (1 − iu − 1·2 / (5 − iu − 3·4 / (9 − iu − …))) with
    /// u = 2θ = π x² (Abramowitz & Stegun 7.3.22 and 7.1.14).
    fn body(&self, args: &[Array]) -> Array {
        const NEAR: f64 = 1.5;
        let x = &args[0];
        let size = x.abs();
        let near = size.le(NEAR);
        let low = select(&near, &size, size.zeros_like());
        let [evens, odds] = series(&(low.square() * FRAC_PI_2), |m| m * 2.0 + 1.0);
        let endless = size.eq(f64::INFINITY);
        let high = where_(&near | &endless, NEAR, &size);
        let inner = high.minimum(1e6);
        let u = inner.square() * -PI;
        let depth = depth(x.dtype()).0;
        let start = [x.full_like((4 * depth + 1) as f64), u.clone()];
        let tail = inner_for(depth, &start, |i, tail| {
            let k = (depth as f64 - i.astype(x.dtype())) * 2.0;
            let inverse = ComplexPair::new(tail[0].clone(), tail[1].clone()).inverse();
            let product = (&k - 1.0) * &k;
            vec![k * 2.0 - 3.0 - &product * inverse.re, &u - product * inverse.im]
        });
        let factor = ComplexPair::new(tail[0].clone(), tail[1].clone()).inverse();
        let scale = inner.square() / &high;
        let angle = half_square_turned(&high);
        let wave = factor.times(&ComplexPair::new(angle.cos(), angle.sin()));
        let s = select(&near, &(&low * odds), &(0.5 - wave.im * &scale));
        let c = select(&near, &(&low * (evens + 1.0)), &(0.5 - wave.re * scale));
        let both = [s, c].map(|y| {
            let y = where_(&endless, 0.5, y);
            let y = select(x.lt(0.0), &-&y, &y);
            select(&(x.is_nan() | x.eq(0.0)), x, &y)
        });
        stack([&both[0], &both[1]], 0)
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Tangent {
        let t = cx.tangent(0)?;
        let angle = half_square_turned(&cx.primals[0]);
        Some(stack([&(t * angle.sin()), &(t * angle.cos())], 0))
    }
}
