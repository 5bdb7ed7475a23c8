//! Special functions that are not a single operation of XLA: incomplete gamma and beta functions by
//! series and continued fractions, Bessel functions, zeta.

use super::binary::same;
use super::expansion::{self, zeta_by_exponent};
use super::inner_loop::inner_while;
use super::unary::Takes;
use crate::array::{finfo, select};
use crate::graph::{Array, Avals, Batch, Batched, Builder, Dual, Jvp, Primitive, Tangent};
use crate::lower::{Chlo, Id, Ids, Opcode};
use crate::rewrite::add_tangents;
use crate::run::bind1;
use crate::value::{Aval, DType};
use smallvec::smallvec;

/// Elementwise functions of one to three operands of one shape and dtype.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Special {
    /// The regularized lower incomplete gamma function P(a, x).
    Igamma,
    /// The regularized upper incomplete gamma function Q(a, x).
    Igammac,
    /// ∂P(a, x)/∂a.
    IgammaGradA,
    /// ∂x/∂a of a sample x of the gamma distribution at a fixed P(a, x): −∂P/∂a over the density.
    GammaSampleGrad,
    /// The regularized incomplete beta function I(a, b, x).
    Betainc,
    /// The Hurwitz zeta function ζ(s, q).
    Zeta,
    /// exp(−|x|) I₀(x).
    BesselI0e,
    /// exp(−|x|) I₁(x).
    BesselI1e,
}

impl Primitive for Special {
    fn name(&self) -> &'static str {
        match self {
            Special::Igamma => "igamma",
            Special::Igammac => "igammac",
            Special::IgammaGradA => "igamma_grad_a",
            Special::GammaSampleGrad => "random_gamma_grad",
            Special::Betainc => "betainc",
            Special::Zeta => "zeta",
            Special::BesselI0e => "bessel_i0e",
            Special::BesselI1e => "bessel_i1e",
        }
    }

    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        let out = same(ins)?;
        Takes::Floats.check(out.dtype())?;
        Ok(smallvec![out])
    }

    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        let opcode = match self {
            Special::Zeta => Some(Opcode::Chlo(Chlo::Zeta)),
            Special::BesselI1e => Some(Opcode::Chlo(Chlo::BesselI1e)),
            _ => None,
        };
        if let Some(opcode) = opcode {
            return expansion::lower(b, opcode, ins, outs[0]);
        }
        b.traced1(ins, |args| {
            let own = args[0].dtype();
            let wide = if own.size() < 4 { DType::F32 } else { own };
            let args: Vec<Array> = args.iter().map(|x| x.astype(wide)).collect();
            let out = match self {
                Special::Igamma => igamma(&args[0], &args[1], Want::Lower),
                Special::Igammac => igamma(&args[0], &args[1], Want::Upper),
                Special::IgammaGradA => igamma(&args[0], &args[1], Want::Derivative),
                Special::GammaSampleGrad => igamma(&args[0], &args[1], Want::OfSample),
                Special::Betainc => betainc(&args[0], &args[1], &args[2]),
                _ => bessel_i0e(&args[0]),
            };
            out.astype(own)
        })
    }

    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(*self)
    }

    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        let (x, y) = (&cx.primals[0], cx.out());
        let second = |f: fn(&Array, &Array) -> Array| -> Tangent {
            cx.tangent(1).map(|t| t * f(&cx.primals[0], &cx.primals[1]))
        };
        // The density of the gamma distribution.
        let density = |a: &Array, x: &Array| ((a - 1.0) * x.log() - x - a.lgamma()).exp();
        let by_a = || cx.tangent(0).map(|t| t * bind1(Special::IgammaGradA, &[x, &cx.primals[1]]));
        match self {
            Special::Igamma => cx.one(add_tangents(by_a(), second(density))),
            Special::Igammac => {
                let sum = add_tangents(by_a(), second(density));
                cx.one(sum.map(|t| -t))
            }
            Special::IgammaGradA => {
                Err("the second derivative with respect to the first operand is not known".into())
            }
            Special::GammaSampleGrad => {
                Err("the second derivative of a sample of the gamma distribution is not known"
                    .into())
            }
            Special::Betainc => {
                if cx.tangent(0).is_some() || cx.tangent(1).is_some() {
                    return Err("there is none with respect to the first two operands".into());
                }
                let [a, b, x] = [0, 1, 2].map(|i: usize| &cx.primals[i]);
                let log_beta = a.lgamma() + b.lgamma() - (a + b).lgamma();
                let log = (b - 1.0) * (-x).log1p() + (a - 1.0) * x.log() - log_beta;
                cx.one(cx.tangent(2).map(|t| t * log.exp()))
            }
            Special::Zeta => {
                let by_s = cx.tangent(0).map(|t| t * zeta_by_exponent(x, &cx.primals[1]));
                let by_q = second(|s, q| -s * bind1(Special::Zeta, &[&(s + 1.0), q]));
                cx.one(add_tangents(by_s, by_q))
            }
            Special::BesselI0e => {
                cx.one(cx.tangent(0).map(|t| t * (bind1(Special::BesselI1e, &[x]) - x.sign() * y)))
            }
            Special::BesselI1e => cx.one(cx.tangent(0).map(|t| {
                let eps = finfo(x.dtype()).eps;
                let near = x.abs().le(eps);
                let safe = select(&near, x.full_like(eps), x);
                let i0e = bind1(Special::BesselI0e, &[&safe]);
                let slope = i0e - y * (safe.sign() + 1.0 / &safe);
                t * select(&near, x.full_like(0.5), &slope)
            })),
        }
    }
}

/// The wanted one of the incomplete gamma functions.
#[derive(Clone, Copy, PartialEq)]
enum Want {
    Lower,
    Upper,
    Derivative,
    OfSample,
}

/// A value that depends on a, and its derivative.
type Pair = [Array; 2];

/// The incomplete gamma functions: the series of the lower one where x is small or below a, the
/// continued fraction of the upper one elsewhere (DLMF 8.7.1 and 8.9.2).
fn igamma(a: &Array, x: &Array, want: Want) -> Array {
    let derive = matches!(want, Want::Derivative | Want::OfSample);
    let infinite = x.eq(f64::INFINITY);
    let nan = a.is_nan() | x.is_nan() | x.lt(0.0) | a.lt(0.0);
    let nan = nan | if derive { a.eq(0.0) } else { a.eq(0.0) & x.eq(0.0) };
    let by_fraction = x.ge(1.0) & x.gt(a);
    // The series is a multiple of x^a e^-x / Γ(a + 1), the fraction of x^a e^-x / Γ(a): near a = 0, where Γ has its
    // pole, the one is not made from the other.
    let (near, log_a) = (a.lt(1.0), a.log());
    let (none, shifted) = (a.zeros_like(), select(&near, a + 1.0, a));
    let log = a * x.log() - x - shifted.lgamma();
    let log_scales = [&log - select(&near, &none, &log_a), &log + select(&near, &log_a, &none)];
    let log_scale = select(&by_fraction, &log_scales[1], &log_scales[0]);
    let vanishes = log_scale.lt(-finfo(a.dtype()).max.ln());
    let skip = &nan | &infinite | x.eq(0.0) | a.eq(0.0);
    // The derivative of a sample is the quotient of two such multiples.
    let skip = if want == Want::OfSample { skip } else { skip | vanishes };
    let (one, half) = (a.ones_like(), a.full_like(0.5));
    let pick = |take: &Array| {
        let take = take & skip.logical_not();
        // Where the method is not taken, numbers for which it ends at once.
        [select(&take, a, &one), select(&take, x, &half)]
    };
    let [a_series, x_series] = pick(&by_fraction.logical_not());
    let series = series(&a_series, &x_series, derive);
    let [a_fraction, x_fraction] = pick(&by_fraction);
    let x_fraction = select(x_fraction.lt(1.0), x_fraction.full_like(2.0), &x_fraction);
    let fraction = fraction(&a_fraction, &x_fraction, derive);
    let unless_skipped = |x: Array| select(&skip, &none, x);
    let inverse = 1.0 / a;
    let scale = unless_skipped(match want {
        // -x / Γ(a + 1) and -x / Γ(a) times Γ(a).
        Want::OfSample => select(&by_fraction, -x, -(x * &inverse)),
        _ => log_scale.exp(),
    });
    if derive {
        // The scale depends on a too.
        let digamma = shifted.digamma();
        let by_series = &digamma + select(&near, &none, &inverse);
        let by_fraction_too = &digamma - select(&near, &inverse, &none);
        let slope = x.log() - select(&by_fraction, by_fraction_too, by_series);
        let slope = unless_skipped(slope);
        let total = |[value, change]: &Pair| &scale * (value * &slope + change);
        let out = select(&by_fraction, &-total(&fraction), total(&series));
        return select(&nan, out.full_like(f64::NAN), &out);
    }
    let (lower, upper) = (&scale * &series[0], &scale * &fraction[0]);
    let lower = select(&by_fraction, &(1.0 - &upper), &lower);
    let lower = select(&(&infinite | a.eq(0.0)), &one, &lower);
    let out = if want == Want::Lower {
        select(&(x.eq(0.0) & a.ne(0.0)), a.zeros_like(), &lower)
    } else {
        let direct = &by_fraction & infinite.logical_not() & a.ne(0.0);
        select(&direct, &upper, &(1.0 - lower))
    };
    select(&nan, out.full_like(f64::NAN), &out)
}

/// 1 + Σ xⁿ / ((a+1) … (a+n)) and its derivative with respect to a.
fn series(a: &Array, x: &Array, derive: bool) -> Pair {
    let eps = finfo(a.dtype()).eps;
    let (term, change) = (a.ones_like(), a.zeros_like());
    // Divisor, term, sum, and the derivatives of term and sum.
    let state = [a.clone(), term.clone(), term, change.clone(), change];
    let small = |t: &Array, sum: &Array| t.abs().le(sum.abs() * eps);
    let out = inner_while(
        &state,
        |s| {
            let done = small(&s[1], &s[2]);
            let done = if derive { done & small(&s[3], &s[4]) } else { done };
            (done | s[2].is_nan()).all(..).logical_not()
        },
        |s| {
            let divisor = &s[0] + 1.0;
            let ratio = x / &divisor;
            let term = &s[1] * &ratio;
            let change = &s[3] * &ratio - &term / &divisor;
            let (sum, total) = (&s[2] + &term, &s[4] + &change);
            vec![divisor, term, sum, change, total]
        },
    );
    [out[2].clone(), out[4].clone()]
}

/// Γ(a, x) over x^a e^-x as a continued fraction by Lentz's method as Thompson and Barnett (1986)
/// changed it, and its derivative with respect to a.
fn fraction(a: &Array, x: &Array, derive: bool) -> Pair {
    let eps = finfo(a.dtype()).eps;
    let tiny = finfo(a.dtype()).tiny * 1e3;
    let guard = |v: &Array| select(v.abs().lt(tiny), v.full_like(tiny), v);
    let start = guard(&(x + 1.0 - a));
    // h = 1 / b₀ to begin with; n, c, d, h, then how c, d, h change with a.
    let d = 1.0 / &start;
    let d_change = &d * &d;
    let c = a.full_like(1.0 / tiny);
    let none = a.zeros_like();
    let far = a.ones_like();
    let count = Array::constant_scalar(a.dtype(), 0.0);
    let state = [count, c, d.clone(), d, none, d_change.clone(), d_change, far];
    let out = inner_while(
        &state,
        |s| s[0].lt(2000.0) & s[7].gt(eps).any(..),
        |s| {
            let n = &s[0] + 1.0;
            let [c, d, h, dc, dd, dh] = [1, 2, 3, 4, 5, 6].map(|i: usize| &s[i]);
            let numerator = &n * (a - &n);
            let denominator = x + (&n * 2.0 + 1.0) - a;
            let d_raw = guard(&(&denominator + &numerator * d));
            let c_new = guard(&(&denominator + &numerator / c));
            let d_new = 1.0 / &d_raw;
            let factor = &c_new * &d_new;
            let h_new = h * &factor;
            let far = (&factor - 1.0).abs();
            if !derive {
                let same = [dc, dd, dh].map(Array::clone);
                return [vec![n, c_new, d_new, h_new], same.to_vec(), vec![far]].concat();
            }
            // The numerator changes by n, the denominator by −1.
            let dd_new = -(&n * d - 1.0 + &numerator * dd) * &d_new * &d_new;
            let dc_new = &n / c - 1.0 - &numerator * dc / (c * c);
            let factor_change = &dc_new * &d_new + &c_new * &dd_new;
            let dh_new = dh * &factor + h * &factor_change;
            let moved = (&dh_new - dh).abs() / (dh_new.abs() + tiny);
            vec![n, c_new, d_new, h_new, dc_new, dd_new, dh_new, far.maximum(moved)]
        },
    );
    [out[3].clone(), out[6].clone()]
}

/// The regularized incomplete beta function by its continued fraction (DLMF 8.17.22), on the side
/// where it converges fast.
fn betainc(a: &Array, b: &Array, x: &Array) -> Array {
    let infinity = f64::INFINITY;
    let nan = a.is_nan() | b.is_nan() | x.is_nan() | a.lt(0.0) | b.lt(0.0) | x.lt(0.0) | x.gt(1.0);
    let (no_a, no_b) = (a.eq(0.0) | b.eq(infinity), b.eq(0.0) | a.eq(infinity));
    let nan = nan | (&no_a & &no_b);
    let (at_zero, at_one) = (x.eq(0.0), x.eq(1.0));
    let zero = (&no_b & at_one.logical_not()) | &at_zero;
    let one = (&no_a & at_zero.logical_not()) | &at_one;
    let known = &nan | &zero | &one;
    let safe = |v: &Array, number: f64| select(&known, v.full_like(number), v);
    let (a, b, x) = (safe(a, 1.0), safe(b, 1.0), safe(x, 0.25));
    let fast = x.lt((&a + 1.0) / (&a + &b + 2.0));
    let p = select(&fast, &a, &b);
    let q = select(&fast, &b, &a);
    let y = select(&fast, &x, &(1.0 - &x));
    let log_beta = p.lgamma() + q.lgamma() - (&p + &q).lgamma();
    let scale = (&p * y.log() + &q * (-&y).log1p() - log_beta).exp() / &p;
    let value = scale * beta_fraction(&p, &q, &y);
    let value = select(&fast, &value, &(1.0 - &value));
    let value = select(&zero, value.zeros_like(), &value);
    let value = select(&one, value.ones_like(), &value);
    select(&nan, value.full_like(f64::NAN), &value)
}

/// 1 / (1 + d₁ / (1 + d₂ / (1 + …))) of the incomplete beta function, two terms a step.
fn beta_fraction(a: &Array, b: &Array, x: &Array) -> Array {
    let eps = finfo(a.dtype()).eps;
    let tiny = finfo(a.dtype()).tiny * 1e3;
    let guard = |v: &Array| select(v.abs().lt(tiny), v.full_like(tiny), v);
    let first = 1.0 / guard(&(1.0 - (a + b) * x / (a + 1.0)));
    let count = Array::constant_scalar(a.dtype(), 0.0);
    let state = [count, a.ones_like(), first.clone(), first, a.ones_like()];
    let out = inner_while(
        &state,
        |s| s[0].lt(1000.0) & s[4].gt(eps).any(..),
        |s| {
            let m = &s[0] + 1.0;
            let (c, d, h) = (&s[1], &s[2], &s[3]);
            let even = &m * (b - &m) * x / ((a + &m * 2.0 - 1.0) * (a + &m * 2.0));
            let d = 1.0 / guard(&(1.0 + &even * d));
            let c = guard(&(1.0 + &even / c));
            let h = h * (&c * &d);
            let odd = -((a + &m) * (a + b + &m) * x / ((a + &m * 2.0) * (a + &m * 2.0 + 1.0)));
            let d = 1.0 / guard(&(1.0 + &odd * &d));
            let c = guard(&(1.0 + &odd / &c));
            let factor = &c * &d;
            let far = (&factor - 1.0).abs();
            vec![m, c, d, h * factor, far]
        },
    );
    out[3].clone()
}

/// Chebyshev coefficients of exp(−x) I₀(x) for 0 ≤ x ≤ 8 in x/4 − 1.
const SMALL: [f64; 30] = [
    0.33839763720473803,
    -0.3046826723431984,
    0.17162090152220877,
    -0.09490109704804764,
    0.04930528423967071,
    -0.02373741480589947,
    0.010546460394594998,
    -0.004324309995050576,
    0.0016394756169413357,
    -0.0005763755745385824,
    0.00018850288509584165,
    -5.754195010082104e-05,
    1.6448448070728896e-05,
    -4.4167383584587505e-06,
    1.1173875391201037e-06,
    -2.670793853940612e-07,
    6.046995022541919e-08,
    -1.300025009986248e-08,
    2.6598237246823866e-09,
    -5.189795601635263e-10,
    9.675809035373237e-11,
    -1.726826291441556e-11,
    2.95505266312964e-12,
    -4.856446783111929e-13,
    7.676185498604936e-14,
    -1.1685332877993451e-14,
    1.715391285555133e-15,
    -2.431279846547955e-16,
    3.3307945188222384e-17,
    -4.4153416464793395e-18,
];

/// Chebyshev coefficients of √x exp(−x) I₀(x) for x ≥ 8 in 16/x − 1.
const LARGE: [f64; 25] = [
    0.4022452055070544,
    0.0033691164782556943,
    6.889758346916825e-05,
    2.8913705208347567e-06,
    2.0489185894690638e-07,
    2.266668990498178e-08,
    3.3962320257083865e-09,
    4.94060238822497e-10,
    1.1889147107846439e-11,
    -3.1499165279632416e-11,
    -1.3215811840447713e-11,
    -1.7941785315068062e-12,
    7.180124451383666e-13,
    3.8527783827421426e-13,
    1.54008621752141e-14,
    -4.150569347287222e-14,
    -9.554846698828307e-15,
    3.8116806693526224e-15,
    1.7725601330565263e-15,
    -3.425485619677219e-16,
    -2.8276239805165836e-16,
    3.461222867697461e-17,
    4.46562142029676e-17,
    -4.830504485944182e-18,
    -7.233180487874754e-18,
];

fn bessel_i0e(x: &Array) -> Array {
    let x = x.abs();
    let near = x.le(8.0);
    let small = chebyshev(&(x.minimum(8.0) / 4.0 - 1.0), &SMALL);
    let far = x.maximum(8.0);
    let large = chebyshev(&(16.0 / &far - 1.0), &LARGE) / far.sqrt();
    select(&near, &small, &large)
}

/// Clenshaw's recurrence.
pub(super) fn chebyshev(t: &Array, coefficients: &[f64]) -> Array {
    let twice = t * 2.0;
    let mut b = [t.zeros_like(), t.zeros_like()];
    for &c in coefficients[1..].iter().rev() {
        let next = &twice * &b[0] - &b[1] + c;
        b = [next, b[0].clone()];
    }
    t * &b[0] - &b[1] + coefficients[0]
}
