//! Special functions, with the names and semantics of `jax.scipy.special`. All work elementwise
//! with broadcasting; integers become f32. Also methods of [`Array`]: `erf`, `erfc`, `erf_inv`,
//! `lgamma`, `digamma`.

mod bernoulli;
mod bessel;
mod complex_plane;
mod entropy;
mod exponential;
mod harmonics;
mod hypergeometric;
mod integrals;
mod log_beta;
mod oscillating;
mod pair;

pub use super::quantile::logsumexp_signed;
pub use super::reduce::{logsumexp, softmax};
pub use bernoulli::bernoulli;
pub use bessel::bessel_jn;
pub use complex_plane::{loggamma, wofz};
pub use entropy::{entr, kl_div, rel_entr, xlog1py, xlogy};
pub use exponential::{boxcox1p, comb, exp1, expi, expn};
pub use harmonics::sph_harm_y;
pub use hypergeometric::{hyp1f1, hyp2f1};
pub use integrals::{dawsn, erfcx, owens_t, spence};
pub use oscillating::{fresnel, sici};

use super::axes::invalid;
use super::products::check_powers;
use super::program::{Compute, binary, program2, ternary, unary};
use super::{AsArray, Operand, select};
use crate::graph::{Array, Jvp, Tangent};
use crate::ops::{Binary, BinaryOp, CustomJvp, Special, custom_jvp};
use crate::rewrite::add_tangents;
use crate::run::bind1;
use crate::value::{DType, promote_dtypes};
use std::f64::consts::{PI, SQRT_2};

/// log(√(2π)).
const LOG_SQRT_2PI: f64 = 0.918_938_533_204_672_8;

/// The gamma function, of complex numbers too: NaN at its poles. `jax.scipy.special.gamma`.
///
/// ```
/// use nnx::{Array, special::gamma};
/// assert!((gamma(Array::scalar(-0.5_f32)).item::<f32>() + 3.5449).abs() < 1e-3); // −2√π
/// ```
#[track_caller]
pub fn gamma(x: impl AsArray) -> Array {
    unary("gamma", x.as_array(), |x| match x.dtype().is_complex() {
        true => complex_plane::complex_gamma(x),
        false => gamma_sign(x) * x.lgamma().exp(),
    })
}

/// log |Γ(x)|. `jax.scipy.special.gammaln`.
///
/// ```
/// use nnx::{Array, special::gammaln};
/// // log 99!; 99! itself is above the largest f32.
/// assert!((gammaln(Array::scalar(100.0_f32)).item::<f32>() - 359.134).abs() < 1e-2);
/// ```
#[track_caller]
pub fn gammaln(x: impl AsArray) -> Array {
    x.as_array().lgamma()
}

/// The sign of Γ(x): NaN at negative integers. `jax.scipy.special.gammasgn`.
///
/// ```
/// use nnx::{Array, special::gammasgn};
/// assert_eq!(gammasgn(Array::from([2.5_f32, -0.5, -1.5])).to_vec::<f32>(), [1.0, -1.0, 1.0]);
/// ```
#[track_caller]
pub fn gammasgn(x: impl AsArray) -> Array {
    unary("gammasgn", x.as_array(), gamma_sign)
}

#[track_caller]
fn gamma_sign(x: &Array) -> Array {
    let floor = x.floor();
    let pole = x.lt(0.0) & x.eq(&floor);
    let odd = (&floor % 2.0).ne(0.0);
    let negative = x.full_like(-1.0);
    let sign = select(&(x.lt(0.0) & odd), &negative, x.ones_like());
    let sign = select(&(x.eq(0.0) & x.signbit()), &negative, &sign);
    let sign = select(&pole, x.full_like(f64::NAN), &sign);
    select(x.is_nan(), x, &sign).stop_gradient()
}

/// x! = Γ(x + 1), 0 for negative x. `jax.scipy.special.factorial`.
///
/// ```
/// use nnx::{Array, special::factorial};
/// let y = factorial(Array::from([5.0_f32, -1.0])).to_vec::<f32>();
/// assert!((y[0] - 120.0).abs() < 1e-2 && y[1] == 0.0);
/// ```
#[track_caller]
pub fn factorial(x: impl AsArray) -> Array {
    unary("factorial", x.as_array(), |x| {
        select(x.lt(0.0), x.zeros_like(), (x + 1.0).lgamma().exp())
    })
}

/// log |B(a, b)|. `jax.scipy.special.betaln`.
///
/// ```
/// use nnx::{Array, special::betaln};
/// assert!((betaln(Array::scalar(2.0_f32), 3.0).item::<f32>() + 12.0_f32.ln()).abs() < 1e-4);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast.
#[track_caller]
pub fn betaln(a: impl Operand, b: impl Operand) -> Array {
    both_in_wide("betaln", &a, &b, log_beta::log_beta)
}

/// The beta function Γ(a) Γ(b) / Γ(a + b). `jax.scipy.special.beta`.
///
/// ```
/// use nnx::{Array, special::beta};
/// assert!((beta(Array::scalar(2.0_f32), 3.0).item::<f32>() - 1.0 / 12.0).abs() < 1e-5);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast.
#[track_caller]
pub fn beta(a: impl Operand, b: impl Operand) -> Array {
    both_in_wide("beta", &a, &b, |a, b| {
        let sign = gamma_sign(a) * gamma_sign(b) * gamma_sign(&(a + b));
        sign * log_beta::log_beta(a, b).exp()
    })
}

/// Derivative of order `n` of the digamma function. Not differentiable with respect to `n`.
/// `jax.scipy.special.polygamma`.
///
/// ```
/// use nnx::{Array, special::polygamma};
/// assert!((polygamma(1, Array::scalar(1.0)).item::<f64>() - 1.644934).abs() < 1e-5); // π²/6
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast.
#[track_caller]
pub fn polygamma(n: impl Operand, x: impl Operand) -> Array {
    binary("polygamma", Compute::Inexact, &n, &x, |n, x| {
        bind1(Binary(BinaryOp::Polygamma), &[&n.stop_gradient(), x])
    })
}

/// The regularized lower incomplete gamma function P(a, x) = γ(a, x) / Γ(a).
/// `jax.scipy.special.gammainc`, `jax.lax.igamma`.
///
/// ```
/// use nnx::{Array, special::gammainc};
/// assert!((gammainc(Array::scalar(1.0), 2.0).item::<f64>() + (-2.0_f64).exp_m1()).abs() < 1e-5);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast.
#[track_caller]
pub fn gammainc(a: impl Operand, x: impl Operand) -> Array {
    binary("gammainc", Compute::Inexact, &a, &x, |a, x| bind1(Special::Igamma, &[a, x]))
}

/// The regularized upper incomplete gamma function Q(a, x) = 1 − P(a, x).
/// `jax.scipy.special.gammaincc`, `jax.lax.igammac`.
///
/// ```
/// use nnx::{Array, special::gammaincc};
/// // For a = 1 it is e⁻ˣ, with more digits than 1 − P(a, x) has.
/// let y = gammaincc(Array::scalar(1.0_f32), 10.0).item::<f32>();
/// assert!((y - 4.53999e-5).abs() < 1e-9);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast.
#[track_caller]
pub fn gammaincc(a: impl Operand, x: impl Operand) -> Array {
    binary("gammaincc", Compute::Inexact, &a, &x, |a, x| bind1(Special::Igammac, &[a, x]))
}

/// The regularized incomplete beta function. Differentiable with respect to `x` only, as in JAX.
/// `jax.scipy.special.betainc`.
///
/// ```
/// use nnx::{Array, special::betainc};
/// assert!((betainc(2.0, 1.0, Array::scalar(0.3)).item::<f64>() - 0.3 * 0.3).abs() < 1e-5);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast.
#[track_caller]
pub fn betainc(a: impl Operand, b: impl Operand, x: impl Operand) -> Array {
    ternary("betainc", Compute::Inexact, [&a, &b, &x], |args| {
        bind1(Special::Betainc, &[&args[0], &args[1], &args[2]])
    })
}

/// The Hurwitz zeta function Σ 1/(k + q)ˢ, with `q` = 1 Riemann's. `jax.scipy.special.zeta`.
///
/// ```
/// use nnx::{Array, special::zeta};
/// use std::f64::consts::PI;
/// assert!((zeta(Array::scalar(2.0), 1.0).item::<f64>() - PI * PI / 6.0).abs() < 1e-6);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast.
#[track_caller]
pub fn zeta(s: impl Operand, q: impl Operand) -> Array {
    binary("zeta", Compute::Inexact, &s, &q, |s, q| bind1(Special::Zeta, &[s, q]))
}

/// exp(−|x|) I₀(x), the scaled modified Bessel function of order 0. `jax.scipy.special.i0e`.
///
/// ```
/// use nnx::{Array, special::i0e};
/// // I₀ itself is above the largest f32 here.
/// assert!((i0e(Array::scalar(200.0_f32)).item::<f32>() - 0.028227).abs() < 1e-5);
/// ```
#[track_caller]
pub fn i0e(x: impl AsArray) -> Array {
    unary("i0e", x.as_array(), |x| bind1(Special::BesselI0e, &[x]))
}

/// The modified Bessel function of order 0. `jax.scipy.special.i0`, `jax.numpy.i0`.
///
/// ```
/// use nnx::{Array, special::i0};
/// assert!((i0(Array::scalar(1.0_f32)).item::<f32>() - 1.266066).abs() < 1e-4);
/// ```
#[track_caller]
pub fn i0(x: impl AsArray) -> Array {
    unary("i0", x.as_array(), |x| x.abs().exp() * bind1(Special::BesselI0e, &[x]))
}

/// exp(−|x|) I₁(x), the scaled modified Bessel function of order 1. `jax.scipy.special.i1e`.
///
/// ```
/// use nnx::{Array, special::i1e};
/// // I₁ itself is above the largest f32 here.
/// assert!((i1e(Array::scalar(200.0_f32)).item::<f32>() - 0.028157).abs() < 1e-5);
/// ```
#[track_caller]
pub fn i1e(x: impl AsArray) -> Array {
    unary("i1e", x.as_array(), |x| bind1(Special::BesselI1e, &[x]))
}

/// The modified Bessel function of order 1. `jax.scipy.special.i1`.
///
/// ```
/// use nnx::{Array, special::i1};
/// assert!((i1(Array::scalar(-1.0_f32)).item::<f32>() + 0.565159).abs() < 1e-4);
/// ```
#[track_caller]
pub fn i1(x: impl AsArray) -> Array {
    unary("i1", x.as_array(), |x| x.abs().exp() * bind1(Special::BesselI1e, &[x]))
}

/// log(x / (1 − x)). `jax.scipy.special.logit`.
///
/// ```
/// use nnx::{Array, special::logit};
/// assert!((logit(Array::scalar(0.75_f32)).item::<f32>() - 3.0_f32.ln()).abs() < 1e-5);
/// ```
#[track_caller]
pub fn logit(x: impl AsArray) -> Array {
    unary("logit", x.as_array(), |x| custom_jvp(Logit, &[x]))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Logit;

impl CustomJvp for Logit {
    const NAME: &'static str = "logit";
    fn body(&self, args: &[Array]) -> Array {
        (&args[0] / (1.0 - &args[0])).log()
    }
    /// Infinite at 0 and 1, where the slopes of the steps are 0 · ∞.
    fn jvp(&self, cx: &Jvp<'_>) -> Tangent {
        let x = &cx.primals[0];
        Some(cx.tangent(0)? / (x * (1.0 - x)))
    }
}

/// 1 / (1 + e⁻ˣ). `jax.scipy.special.expit`; also the method [`Array::sigmoid`].
///
/// ```
/// use nnx::{Array, special::expit};
/// assert!((expit(Array::scalar(3.0_f32.ln())).item::<f32>() - 0.75).abs() < 1e-5);
/// ```
#[track_caller]
pub fn expit(x: impl AsArray) -> Array {
    x.as_array().sigmoid()
}

/// The rising factorial z (z + 1) … (z + m − 1), for any m: Γ(z + m) / Γ(z).
/// `jax.scipy.special.poch`.
///
/// ```
/// use nnx::{Array, special::poch};
/// assert!((poch(Array::scalar(2.0_f32), 3.0).item::<f32>() - 2.0 * 3.0 * 4.0).abs() < 1e-2);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast.
#[track_caller]
pub fn poch(z: impl Operand, m: impl Operand) -> Array {
    binary("poch", Compute::Inexact, &z, &m, |z, m| custom_jvp(Poch, &[z, m]))
}

/// The slopes by logarithms, because that of the quotient squares Γ(z), which overflows early.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Poch;

impl CustomJvp for Poch {
    const NAME: &'static str = "poch";
    fn body(&self, args: &[Array]) -> Array {
        let (z, m) = (&args[0], &args[1]);
        super::where_(m.eq(0.0), 1.0, gamma(&(z + m)) / gamma(z))
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Tangent {
        let (z, y) = (&cx.primals[0], cx.out());
        let end = (z + &cx.primals[1]).digamma();
        let by_z = cx.tangent(0).map(|t| t * ((&end - z.digamma()) * y));
        let by_m = cx.tangent(1).map(|t| t * (&end * y));
        add_tangents(by_z, by_m)
    }
}

/// The logarithm of the multivariate gamma function of dimension `d`.
/// `jax.scipy.special.multigammaln`.
///
/// ```
/// use nnx::{Array, special::multigammaln};
/// assert!((multigammaln(Array::scalar(3.0_f32), 2).item::<f32>() - 1.550195).abs() < 1e-4);
/// ```
///
/// # Panics
/// Panics if `d` is above 16,384.
#[track_caller]
pub fn multigammaln(a: impl AsArray, d: usize) -> Array {
    let a = a.as_array();
    check_powers("multigammaln", d);
    unary("multigammaln", a, |a| {
        let d = d as f64;
        let start = a.full_like(d * (d - 1.0) / 4.0 * PI.ln());
        (0..d as usize).fold(start, |sum, j| sum + (a - j as f64 / 2.0).lgamma())
    })
}

/// The distribution function of the standard normal distribution. `jax.scipy.special.ndtr`.
///
/// ```
/// use nnx::{Array, special::ndtr};
/// assert!((ndtr(Array::scalar(1.0_f32)).item::<f32>() - 0.841345).abs() < 1e-5);
/// ```
#[track_caller]
pub fn ndtr(x: impl AsArray) -> Array {
    unary("ndtr", x.as_array(), normal_cdf)
}

#[track_caller]
fn normal_cdf(x: &Array) -> Array {
    let w = x * (0.5 * SQRT_2);
    let z = w.abs();
    let tail = z.erfc();
    let outer = select(w.gt(0.0), &(2.0 - &tail), &tail);
    0.5 * select(z.lt(0.5 * SQRT_2), &(1.0 + w.erf()), &outer)
}

/// The logarithm of [`ndtr`], accurate far below 0 too. `jax.scipy.special.log_ndtr`.
///
/// ```
/// use nnx::{Array, special::log_ndtr};
/// // `ndtr` itself is 0 here.
/// assert!((log_ndtr(Array::scalar(-20.0_f32)).item::<f32>() + 203.9172).abs() < 1e-2);
/// ```
#[track_caller]
pub fn log_ndtr(x: impl AsArray) -> Array {
    in_wide("log_ndtr", x.as_array(), |x| custom_jvp(LogNdtr, &[x]))
}

/// A function of f32 or f64 for half floats too.
#[track_caller]
fn in_wide(name: &str, x: &Array, body: impl FnOnce(&Array) -> Array) -> Array {
    unary(name, x, |x| {
        let own = x.dtype();
        let wide = if own.size() < 4 { x.astype(DType::F32) } else { x.clone() };
        body(&wide).astype(own)
    })
}

/// The same of two operands.
#[track_caller]
fn both_in_wide(
    name: &str,
    x: &dyn Operand,
    y: &dyn Operand,
    body: impl FnOnce(&Array, &Array) -> Array,
) -> Array {
    binary(name, Compute::Inexact, x, y, |x, y| {
        let own = x.dtype();
        if own.size() >= 4 {
            return body(x, y);
        }
        body(&x.astype(DType::F32), &y.astype(DType::F32)).astype(own)
    })
}

/// Refuses complex numbers.
#[track_caller]
fn real(name: &str, x: &Array) {
    if x.dtype().is_complex() {
        invalid(name, format!("takes real numbers, got {}", x.aval()));
    }
}

/// [`in_wide`] of real numbers, with two results.
#[track_caller]
fn real_pair(name: &str, x: &Array, body: impl FnOnce(&Array) -> (Array, Array)) -> (Array, Array) {
    real(name, x);
    program2(name, std::slice::from_ref(x), |args| {
        let x = args[0].to_inexact();
        let own = x.dtype();
        let (a, b) = body(&x.astype(promote_dtypes(own, DType::F32)));
        (a.astype(own), b.astype(own))
    })
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct LogNdtr;

/// The terms of the asymptotic series that are taken.
const TERMS: usize = 8;

impl CustomJvp for LogNdtr {
    const NAME: &'static str = "log_ndtr";
    /// log(1 − Φ(−x)) ≈ −Φ(−x) above, the logarithm between, and below the asymptotic series
    /// φ(x)/|x| · (1 − 1/x² + 3/x⁴ − …) (Abramowitz & Stegun 26.2.12).
    fn body(&self, args: &[Array]) -> Array {
        let x = &args[0];
        let (low, high) = if x.dtype() == DType::F64 { (-20.0, 8.0) } else { (-10.0, 5.0) };
        let above = x.gt(high);
        let middle = normal_cdf(&select(&above, &-x, x.maximum(low)));
        let far = x.minimum(low);
        let inverse = 1.0 / far.square();
        let mut series = far.ones_like();
        for n in (1..=TERMS).rev() {
            series = 1.0 - series * (&inverse * (2.0 * n as f64 - 1.0));
        }
        let below = far.square() * -0.5 - (-&far).log() - LOG_SQRT_2PI + series.log();
        let inner = select(x.gt(low), middle.log(), &below);
        select(&above, &-middle, &inner)
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Tangent {
        let log_density = cx.primals[0].square() * -0.5 - LOG_SQRT_2PI;
        Some(cx.tangent(0)? * (log_density - cx.out()).exp())
    }
}

/// The inverse of [`ndtr`]: the quantiles of the standard normal distribution.
/// `jax.scipy.special.ndtri`.
///
/// ```
/// use nnx::{Array, special::ndtri};
/// assert!((ndtri(Array::scalar(0.975_f32)).item::<f32>() - 1.95996).abs() < 1e-4);
/// ```
#[track_caller]
pub fn ndtri(p: impl AsArray) -> Array {
    in_wide("ndtri", p.as_array(), |p| custom_jvp(Ndtri, &[p]))
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Ndtri;

impl CustomJvp for Ndtri {
    const NAME: &'static str = "ndtri";
    /// √2 erf⁻¹(2p − 1) in the middle; in the tails Newton's method on log Φ, which is nearly a
    /// parabola there.
    fn body(&self, args: &[Array]) -> Array {
        let p = &args[0];
        let upper = p.gt(0.5);
        let q = select(&upper, &(1.0 - p), p);
        let inside = p.gt(0.0) & p.lt(1.0);
        let q = select(&inside, &q, q.full_like(0.25));
        let log_q = q.log();
        let z = (log_q.minimum(-2.0) * -2.0).sqrt();
        let mut tail = (z.log() + LOG_SQRT_2PI) / &z - &z;
        for _ in 0..5 {
            let value = custom_jvp(LogNdtr, &[&tail]);
            let slope = (tail.square() * -0.5 - LOG_SQRT_2PI - &value).exp();
            tail = &tail - (value - &log_q) / slope;
        }
        let middle = (2.0 * &q - 1.0).erf_inv() * SQRT_2;
        let x = select(q.lt(0.1), &tail, &middle);
        let x = select(&upper, &-&x, &x);
        let x = select(p.eq(0.0), x.full_like(f64::NEG_INFINITY), &x);
        let x = select(p.eq(1.0), x.full_like(f64::INFINITY), &x);
        let known = inside | p.eq(0.0) | p.eq(1.0);
        select(&known, &x, x.full_like(f64::NAN))
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Tangent {
        Some(cx.tangent(0)? * (cx.out().square() * 0.5 + LOG_SQRT_2PI).exp())
    }
}

/// (xᵏ − 1) / k for k = `lambda`, log x for 0. `jax.scipy.special.boxcox`.
///
/// ```
/// use nnx::{Array, special::boxcox};
/// assert!((boxcox(Array::scalar(4.0_f32), 0.5).item::<f32>() - (2.0 - 1.0) / 0.5).abs() < 1e-5);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast.
#[track_caller]
pub fn boxcox(x: impl Operand, lambda: impl Operand) -> Array {
    both_in_wide("boxcox", &x, &lambda, |x, k| {
        let zero = k.eq(0.0);
        let safe = select(&zero, k.ones_like(), k);
        // One logarithm for both, whose slope at 0 is taken once.
        let log = x.log();
        select(&zero, &log, &((&safe * &log).expm1() / &safe))
    })
}
