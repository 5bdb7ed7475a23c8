//! Integrals of logarithms and of Gaussian functions.

use super::complex_plane::wofz_of;
use super::{Operand, in_wide, real, select};
use crate::array::program::together;
use crate::array::{AsArray, where_};
use crate::graph::{Array, Jvp, Tangent};
use crate::ops::{CustomJvp, custom_jvp, erfcx as erfcx_above, polynomial};
use crate::rewrite::add_tangents;
use crate::value::{DType, promote_dtypes};
use std::f64::consts::{FRAC_1_PI, FRAC_2_SQRT_PI, PI, SQRT_2};

/// Spence's function ∫ log t / (1 − t) dt from 1 to x, the dilogarithm of 1 − x; NaN for negative x.
/// `jax.scipy.special.spence`.
///
/// ```
/// use nnx::{Array, special::spence};
/// let y = spence(Array::from([0.0, 1.0, 2.0])).to_vec::<f64>();
/// assert!((y[0] - 1.644_934_066_848_226_4).abs() < 1e-14 && y[1] == 0.0);
/// assert!((y[2] + 0.822_467_033_424_113_2).abs() < 1e-14);
/// ```
///
/// # Panics
/// Panics for complex numbers.
#[track_caller]
pub fn spence(x: impl AsArray) -> Array {
    let x = x.as_array();
    real("spence", x);
    in_wide("spence", x, |x| custom_jvp(Spence, &[x]))
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Spence;

/// Cephes' approximation of spence(1 + w) / −w for −½ ≤ w ≤ ½.
const SPENCE: [[f64; 8]; 2] = [
    [
        4.6512858607399003e-5,
        0.007315890452380947,
        0.13384763957830903,
        0.8796913117545303,
        2.7114985119655346,
        4.256971560081218,
        3.297713409852251,
        1.0,
    ],
    [
        0.0006909904889125533,
        0.02540437639325444,
        0.2829748606025681,
        1.4117259775183106,
        3.6380053334513707,
        5.03278880143317,
        3.547713409852251,
        1.0,
    ],
];

impl CustomJvp for Spence {
    const NAME: &'static str = "spence";
    /// Above 3/2 from 1/x, and of what is then below ½ from 1 − x (DLMF 25.12.4 and 25.12.6).
    fn body(&self, args: &[Array]) -> Array {
        let x = &args[0];
        let above = x.gt(1.5);
        let inner = select(&above, &(1.0 / x), x);
        let below = inner.lt(0.5);
        let w = select(&below, &-&inner, &(&inner - 1.0));
        let y = -&w * polynomial(&w, &SPENCE[0]) / polynomial(&w, &SPENCE[1]);
        let product = inner.log() * (-&inner).log1p();
        let product = where_(inner.eq(0.0) & !&above, 0.0, product);
        let y = select(&below, &(PI * PI / 6.0 - product - &y), &y);
        let y = select(&above, &(x.log().square() * -0.5 - &y), &y);
        where_(x.lt(0.0), f64::NAN, y)
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Tangent {
        let x = &cx.primals[0];
        let w = x - 1.0;
        let one = w.eq(0.0);
        let slope = x.log() / -where_(&one, 1.0, &w);
        // The quotient's own limit, with its slope.
        Some(cx.tangent(0)? * select(&one, &(w * 0.5 - 1.0), &slope))
    }
}

/// Dawson's integral exp(−x²) ∫ exp(t²) dt from 0 to x. `jax.scipy.special.dawsn`.
///
/// ```
/// use nnx::{Array, special::dawsn};
/// assert!((dawsn(Array::scalar(1.0)).item::<f64>() - 0.538_079_506_912_768_4).abs() < 1e-14);
/// ```
///
/// # Panics
/// Panics for complex numbers.
#[track_caller]
pub fn dawsn(x: impl AsArray) -> Array {
    let x = x.as_array();
    real("dawsn", x);
    in_wide("dawsn", x, |x| custom_jvp(Dawson, &[x]))
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Dawson;

/// Cephes' rational approximations, of D(x) / x in x² up to 3.25, and of (2x D(x) − 1) x² in 1/x² up
/// to 6.25 and beyond.
const DAWSON_NEAR: (&[f64], &[f64]) = (
    &[
        1.1368149897175597e-11,
        8.492622676674738e-10,
        1.9443420417555306e-8,
        9.531517412544844e-7,
        3.078283098749132e-6,
        0.00035251336852028877,
        -0.0008501498467244109,
        0.04226182230055466,
        -0.09174803717734524,
        1.0,
    ],
    &[
        2.403720730667626e-11,
        1.488646813684934e-9,
        5.212652810105416e-8,
        1.2725847827318697e-6,
        2.324902498207895e-5,
        0.00032552474182605793,
        0.003488058146571626,
        0.027944853119882897,
        0.15887424196012057,
        0.5749186294893204,
        1.0,
    ],
);
const DAWSON_MIDDLE: (&[f64], &[f64]) = (
    &[
        0.5089551564179009,
        -0.24475441814269785,
        0.09415123353035344,
        -0.021871125514203903,
        0.003662076123295692,
        -0.0004232091144603888,
        3.5964130479389666e-5,
        -2.1464035171996896e-6,
        9.100107800763914e-8,
        -2.4027452082825098e-9,
        3.592333854409284e-11,
    ],
    &[
        1.0,
        -0.6318398698733682,
        0.2367067882282487,
        -0.053180636700322324,
        0.008480417185862954,
        -0.0009479967684866654,
        7.810255929445524e-5,
        -4.558751532524426e-6,
        1.8910035811142186e-7,
        -4.913246913319206e-9,
        7.184664032357345e-11,
    ],
);
const DAWSON_FAR: (&[f64], &[f64]) = (
    &[
        -0.5905928605347732,
        0.6292352427243688,
        -0.17285897538038814,
        0.016483704782518965,
        -0.0004868276130204627,
    ],
    &[
        1.0,
        -2.698200571975449,
        1.7327079904594784,
        -0.3937085822819395,
        0.03442789240412334,
        -0.0009736552260409412,
    ],
);

impl CustomJvp for Dawson {
    const NAME: &'static str = "dawsn";
    fn body(&self, args: &[Array]) -> Array {
        let x = &args[0];
        let size = x.abs();
        let (near, middle) = (size.lt(3.25), size.lt(6.25));
        let quotient = |x: &Array, (p, q): (&[f64], &[f64])| polynomial(x, p) / polynomial(x, q);
        let inner = x * quotient(&size.minimum(3.25).square(), DAWSON_NEAR);
        let inverse = |x: Array| 1.0 / x.square();
        let t = inverse(size.clip(3.25, 6.25));
        let between = &t * quotient(&t, DAWSON_MIDDLE);
        let t = inverse(size.maximum(6.25));
        let beyond = &t * quotient(&t, DAWSON_FAR);
        let outer = (select(&middle, &between, &beyond) + 1.0) * (0.5 / x);
        select(&near, &inner, &outer)
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Tangent {
        let x = &cx.primals[0];
        // 2x D(x) is 1 in the end, where the product of both is none.
        let product = where_(x.is_inf(), 0.5, x * cx.out());
        Some(cx.tangent(0)? * (1.0 - product * 2.0))
    }
}

/// exp(x²) erfc(x), which is there where erfc(x) underflows; of complex numbers too.
/// `jax.scipy.special.erfcx`.
///
/// ```
/// use nnx::{Array, special::erfcx};
/// let y = erfcx(Array::from([0.0, 100.0])).to_vec::<f64>();
/// assert!((y[0] - 1.0).abs() < 1e-15 && (y[1] - 0.005_641_613_782_989_433).abs() < 1e-16);
/// ```
#[track_caller]
pub fn erfcx(x: impl AsArray) -> Array {
    in_wide("erfcx", x.as_array(), |x| match x.dtype().is_complex() {
        true => wofz_of(&crate::array::complex(-x.imag(), x.real())),
        false => custom_jvp(ScaledTail, &[x]),
    })
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct ScaledTail;

impl CustomJvp for ScaledTail {
    const NAME: &'static str = "erfcx";
    /// Below 0 by 2 exp(x²) − erfcx(−x), where the square is taken apart because its rounding would
    /// count x² times: that of a number of few bits is exact.
    fn body(&self, args: &[Array]) -> Array {
        let x = &args[0];
        let size = x.abs();
        let above = erfcx_above(&size);
        let below = select(x.lt(0.0), &size, x.zeros_like()).minimum(1e3);
        let most = (&below * 16.0).round() / 16.0;
        let rest = (&below - &most) * (&below + &most);
        let twice = most.square().exp() * rest.exp() * 2.0;
        select(x.lt(0.0), &(twice - &above), &above)
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Tangent {
        let (x, y) = (&cx.primals[0], cx.out());
        let product = where_(x.eq(f64::INFINITY), FRAC_2_SQRT_PI, x * 2.0 * y);
        Some(cx.tangent(0)? * (product - FRAC_2_SQRT_PI))
    }
}

/// Owen's T function ∫ exp(−h² (1 + t²) / 2) / (1 + t²) dt / 2π from 0 to `a`: the probability that
/// X > h and 0 < Y < aX for independent standard normal X and Y. `jax.scipy.special.owens_t`.
///
/// ```
/// use nnx::{Array, special::owens_t};
/// assert!((owens_t(Array::scalar(0.0), 1.0).item::<f64>() - 0.125).abs() < 1e-15);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn owens_t(h: impl Operand, a: impl Operand) -> Array {
    together("owens_t", &[&h, &a], |args| {
        let own = args[0].dtype();
        let wide = promote_dtypes(own, DType::F32);
        let [h, a] = [0, 1].map(|i: usize| args[i].astype(wide));
        custom_jvp(OwensT, &[&h, &a]).astype(own)
    })
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct OwensT;

/// The nodes of Gauss and Legendre in 0..½ (those in ½..1 mirror them) and their weights.
const GAUSS: [[f64; 10]; 2] = [
    [
        0.003435700407452502,
        0.018014036361043095,
        0.04388278587433703,
        0.08044151408889061,
        0.1268340467699246,
        0.1819731596367425,
        0.24456649902458644,
        0.3131469556422902,
        0.38610707442917747,
        0.46173673943325133,
    ],
    [
        0.008807003569575447,
        0.020300714900193223,
        0.031336024167054395,
        0.04163837078835236,
        0.05096505990862035,
        0.0590972659807593,
        0.06584431922458844,
        0.0710480546591912,
        0.07458649323630212,
        0.07637669356536314,
    ],
];

impl CustomJvp for OwensT {
    const NAME: &'static str = "owens_t";
    /// Gauss's quadrature of the integral up to |a| ≤ 1, as far as there is anything to add up. For
    /// larger `a`, T(h, a) = ¼ − ¼ erf(h/√2) erf(ah/√2) − T(ah, 1/a) (Owen 1956).
    fn body(&self, args: &[Array]) -> Array {
        let (h, a) = (args[0].abs(), args[1].abs());
        let steep = a.gt(1.0);
        let product = &a * &h;
        // Also where one is 0 and the other infinite.
        let product = where_(h.eq(0.0) | a.eq(0.0), 0.0, product);
        let end = select(&steep, &(1.0 / &a), &a);
        let height = select(&steep, &product, &h);
        let vanishes = height.gt(60.0);
        let height = where_(&vanishes, 60.0, height);
        let top = end.minimum(8.0 / &height);
        let half = height.square() * -0.5;
        let nodes: Vec<f64> =
            GAUSS[0].into_iter().chain(GAUSS[0].into_iter().rev().map(|t| 1.0 - t)).collect();
        let weights: Vec<f64> = GAUSS[1].into_iter().chain(GAUSS[1].into_iter().rev()).collect();
        let [nodes, weights] = [nodes, weights]
            .map(|values| Array::from_slice(&values, [values.len()]).astype(h.dtype()));
        let squares = (top.expand_dims(-1) * nodes).square();
        let gauss = (half.expand_dims(-1) * &squares).exp() / (squares + 1.0);
        let sum = (gauss * weights).sum(-1) * top * half.exp() * (0.5 * FRAC_1_PI);
        let sum = where_(&vanishes, 0.0, sum);

        let [near, far] = [&h, &product].map(|x| x / SQRT_2);
        let (tail, outer) = (near.erfc(), far.erfc());
        let low = (1.0 - near.erf() * far.erf()) * 0.25;
        let high = (&tail + &outer - tail * &outer) * 0.25;
        let whole = select(product.le(0.67), &low, &high);
        let value = select(&steep, &(whole - &sum), &sum);
        let value = select(args[1].lt(0.0), &-&value, &value);
        where_(args[0].is_nan() | args[1].is_nan(), f64::NAN, value)
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Tangent {
        let (h, a) = (&cx.primals[0], &cx.primals[1]);
        let bell = h.square() * -0.5;
        // −φ(h) erf(ah/√2) / 2
        let by_h = cx.tangent(0).map(|t| {
            let density = bell.exp() * (-0.25 * FRAC_2_SQRT_PI / SQRT_2);
            t * (density * (a * h / SQRT_2).erf())
        });
        let by_a = cx.tangent(1).map(|t| {
            let above = a.square() + 1.0;
            t * ((&bell * &above).exp() / above * (0.5 * FRAC_1_PI))
        });
        add_tangents(by_h, by_a)
    }
}
