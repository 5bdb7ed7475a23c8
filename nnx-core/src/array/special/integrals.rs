//! Integrals of logarithms and of Gaussian functions.

use super::complex_plane::wofz_of;
use super::{Operand, in_wide, real, select};
use crate::array::program::together;
use crate::array::where_;
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
/// let y = spence(&Array::from([0.0, 1.0, 2.0])).to_vec::<f64>();
/// assert!((y[0] - 1.644_934_066_848_226_4).abs() < 1e-14 && y[1] == 0.0);
/// assert!((y[2] + 0.822_467_033_424_113_2).abs() < 1e-14);
/// ```
///
/// # Panics
/// Panics for complex numbers.
#[track_caller]
pub fn spence(x: &Array) -> Array {
    real("spence", x);
    in_wide("spence", x, |x| custom_jvp(Spence, &[x]))
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Spence;

/// Cephes' approximation of spence(1 + w) / −w for −½ ≤ w ≤ ½.
const SPENCE: [[f64; 8]; 2] = [
    [
        4.65128586073990045278e-5,
        7.31589045238094711071e-3,
        1.33847639578309018650e-1,
        8.79691311754530315341e-1,
        2.71149851196553469920,
        4.25697156008121755724,
        3.29771340985225106936,
        1.00000000000000000126,
    ],
    [
        6.90990488912553276999e-4,
        2.54043763932544379113e-2,
        2.82974860602568089943e-1,
        1.41172597751831069617,
        3.63800533345137075418,
        5.03278880143316990390,
        3.54771340985225096217,
        9.99999999999999998740e-1,
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
/// assert!((dawsn(&Array::scalar(1.0)).item::<f64>() - 0.538_079_506_912_768_4).abs() < 1e-14);
/// ```
///
/// # Panics
/// Panics for complex numbers.
#[track_caller]
pub fn dawsn(x: &Array) -> Array {
    real("dawsn", x);
    in_wide("dawsn", x, |x| custom_jvp(Dawson, &[x]))
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Dawson;

/// Cephes' rational approximations, of D(x) / x in x² up to 3.25, and of (2x D(x) − 1) x² in 1/x² up
/// to 6.25 and beyond.
const DAWSON_NEAR: (&[f64], &[f64]) = (
    &[
        1.13681498971755972054e-11,
        8.49262267667473811108e-10,
        1.94434204175553054283e-8,
        9.53151741254484363489e-7,
        3.07828309874913200438e-6,
        3.52513368520288738649e-4,
        -8.50149846724410912031e-4,
        4.22618223005546594270e-2,
        -9.17480371773452345351e-2,
        9.99999999999999994612e-1,
    ],
    &[
        2.40372073066762605484e-11,
        1.48864681368493396752e-9,
        5.21265281010541664570e-8,
        1.27258478273186970203e-6,
        2.32490249820789513991e-5,
        3.25524741826057911661e-4,
        3.48805814657162590916e-3,
        2.79448531198828973716e-2,
        1.58874241960120565368e-1,
        5.74918629489320327824e-1,
        1.00000000000000000539,
    ],
);
const DAWSON_MIDDLE: (&[f64], &[f64]) = (
    &[
        5.08955156417900903354e-1,
        -2.44754418142697847934e-1,
        9.41512335303534411857e-2,
        -2.18711255142039025206e-2,
        3.66207612329569181322e-3,
        -4.23209114460388756528e-4,
        3.59641304793896631888e-5,
        -2.14640351719968974225e-6,
        9.10010780076391431042e-8,
        -2.40274520828250956942e-9,
        3.59233385440928410398e-11,
    ],
    &[
        1.0,
        -6.31839869873368190192e-1,
        2.36706788228248691528e-1,
        -5.31806367003223277662e-2,
        8.48041718586295374409e-3,
        -9.47996768486665330168e-4,
        7.81025592944552338085e-5,
        -4.55875153252442634831e-6,
        1.89100358111421846170e-7,
        -4.91324691331920606875e-9,
        7.18466403235734541950e-11,
    ],
);
const DAWSON_FAR: (&[f64], &[f64]) = (
    &[
        -5.90592860534773254987e-1,
        6.29235242724368800674e-1,
        -1.72858975380388136411e-1,
        1.64837047825189632310e-2,
        -4.86827613020462700845e-4,
    ],
    &[
        1.0,
        -2.69820057197544900361,
        1.73270799045947845857,
        -3.93708582281939493482e-1,
        3.44278924041233391079e-2,
        -9.73655226040941223894e-4,
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
/// let y = erfcx(&Array::from([0.0, 100.0])).to_vec::<f64>();
/// assert!((y[0] - 1.0).abs() < 1e-15 && (y[1] - 0.005_641_613_782_989_433).abs() < 1e-16);
/// ```
#[track_caller]
pub fn erfcx(x: &Array) -> Array {
    in_wide("erfcx", x, |x| match x.dtype().is_complex() {
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
/// assert!((owens_t(&Array::scalar(0.0), 1.0).item::<f64>() - 0.125).abs() < 1e-15);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn owens_t(h: &Array, a: impl Operand) -> Array {
    together("owens_t", &[h, &a], |args| {
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
