//! Functions of complex numbers.

use super::pair::ComplexPair;
use super::{Compute, select, unary};
use crate::array::{AsArray, complex, where_};
use crate::graph::{Array, Jvp, Tangent};
use crate::ops::{CustomJvp, LANCZOS, LANCZOS_FIRST, LANCZOS_G, custom_jvp};
use std::f64::consts::{FRAC_2_SQRT_PI, FRAC_PI_2, LN_2, PI};

/// The principal branch of log Γ(x): of real x that of positive numbers, NaN elsewhere; of complex
/// numbers with the cut along the negative real axis, where the imaginary part's sign of 0 tells the
/// side, and NaN at the poles. `jax.scipy.special.loggamma`.
///
/// ```
/// use nnx::{Array, array::complex, special::loggamma};
/// assert!((loggamma(Array::scalar(5.0)).item::<f64>() - 24.0_f64.ln()).abs() < 1e-13);
/// let y = loggamma(&complex(&Array::scalar(-0.5), &Array::scalar(0.0)));
/// assert!((y.imag().item::<f64>() + std::f64::consts::PI).abs() < 1e-14);
/// ```
#[track_caller]
pub fn loggamma(x: impl AsArray) -> Array {
    unary("loggamma", x.as_array(), |x| match x.dtype().is_complex() {
        true => complex_loggamma(x),
        false => where_(x.gt(0.0), x.lgamma(), f64::NAN),
    })
}

/// By Lanczos' approximation, as the real one. Below ½ by the reflection π / (Γ(1 − z) sin πz), whose logarithm is taken in the upper half-plane, where
/// log sin πz = log(1 − e^(2πiz)) − iπz + iπ/2 − log 2 has no cut.
#[track_caller]
pub(super) fn complex_loggamma(z: &Array) -> Array {
    let (x, y) = (z.real(), z.imag());
    let pole = y.eq(0.0) & x.le(0.0) & x.eq(x.floor());
    let none = pole | x.is_nan() | y.is_nan();
    let (x, y) = (where_(&none, 1.0, x), where_(&none, 0.0, y));
    let lower = y.signbit();
    let y = select(&lower, &-&y, &y);
    let mirrored = x.lt(0.5);
    let w = ComplexPair::new(select(&mirrored, &-&x, &(&x - 1.0)), select(&mirrored, &-&y, &y));
    let mut sum = ComplexPair::new(x.full_like(LANCZOS_FIRST), x.zeros_like());
    for (i, &c) in LANCZOS.iter().enumerate() {
        let part = ComplexPair::new(&w.re + (i as f64 + 1.0), w.im.clone()).inverse();
        sum = ComplexPair::new(sum.re + part.re * c, sum.im + part.im * c);
    }
    let t = ComplexPair::new(&w.re + (LANCZOS_G + 0.5), w.im.clone());
    let power = ComplexPair::new(&w.re + 0.5, w.im).times(&t.log()).minus(&t);
    let sum = sum.log();
    let direct = ComplexPair::new(power.re + sum.re + 0.5 * (2.0 * PI).ln(), power.im + sum.im);

    let (x, y) = (where_(&mirrored, x, 0.25), where_(&mirrored, y, 0.0));
    let from_whole = (&x - x.round()) * PI;
    let size = (&y * (-2.0 * PI)).exp();
    let twice = &from_whole * 2.0;
    let re = from_whole.sin().square() * 2.0 - (&y * (-2.0 * PI)).expm1() * twice.cos();
    let factor = ComplexPair::new(re, -(size * twice.sin())).log();
    let sine = ComplexPair::new(factor.re + &y * PI - LN_2, factor.im - &x * PI + FRAC_PI_2);
    let reflected = ComplexPair::new(PI.ln() - sine.re - &direct.re, -sine.im - &direct.im);

    let value = ComplexPair::select(&mirrored, &reflected, &direct);
    let im = select(&lower, &-&value.im, &value.im);
    complex(where_(&none, f64::NAN, value.re), where_(&none, f64::NAN, im))
}

/// The Faddeeva function exp(−z²) erfc(−iz), of real numbers too: the result is complex.
/// `jax.scipy.special.wofz`.
///
/// ```
/// use nnx::{Array, special::wofz};
/// let y = wofz(Array::scalar(1.0));
/// assert!((y.real().item::<f64>() - (-1.0_f64).exp()).abs() < 1e-14);
/// assert!((y.imag().item::<f64>() - 0.607_157_705_841_393_7).abs() < 1e-14);
/// ```
#[track_caller]
pub fn wofz(z: impl AsArray) -> Array {
    in_complex("wofz", z.as_array(), wofz_of)
}

#[track_caller]
fn in_complex(name: &str, z: &Array, body: impl FnOnce(&Array) -> Array) -> Array {
    let dtype = Compute::Inexact.dtype(z.dtype()).complex();
    crate::array::one_program(name, std::slice::from_ref(z), |args| body(&args[0].astype(dtype)))
}

#[track_caller]
pub(super) fn wofz_of(z: &Array) -> Array {
    custom_jvp(Faddeeva, &[z])
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Faddeeva;

/// Weideman (1994), "Computation of the complex error function", with 36 terms: the Fourier
/// coefficients of exp(−t²) (L² + t²) at t = L tan(θ/2), the highest first.
const L: f64 = 5.045378491522287;
const WEIDEMAN: [f64; 36] = [
    5.3527205815899017e-14,
    -8.060537191415899e-14,
    -3.240710229585824e-13,
    4.4298916025582263e-13,
    2.0979473041617125e-12,
    -2.1171930132538046e-12,
    -1.4312633734863994e-11,
    6.3462586086969306e-12,
    9.939327027135484e-11,
    3.197205122928734e-11,
    -6.634846600198933e-10,
    -9.092238219880815e-10,
    3.773443101018648e-9,
    1.188388725863093e-8,
    -1.0962277875574118e-8,
    -1.1303157196426679e-7,
    -1.2894842921524573e-7,
    6.741655663195484e-7,
    2.765408665654206e-6,
    1.4187058479423042e-6,
    -2.1741186565494455e-5,
    -8.817797141852996e-5,
    -0.00011396630644460048,
    0.00046290316939987284,
    0.0035484447086996506,
    0.013898253763251366,
    0.04105104301657683,
    0.10084293371847947,
    0.2150163632010739,
    0.4073424189503341,
    0.6956621918971001,
    1.0813580371765887,
    1.5401625788153652,
    2.0193976436113505,
    2.445378492851921,
    2.74074502740986,
];

impl CustomJvp for Faddeeva {
    const NAME: &'static str = "wofz";
    /// 2 p(Z) / (L − iz)² + 1 / (√π (L − iz)) with Z = (L + iz) / (L − iz) in the upper half-plane, and
    /// 2 exp(−z²) less that of −z in the lower one.
    fn body(&self, args: &[Array]) -> Array {
        let (x, y) = (args[0].real(), args[0].imag());
        let lower = y.lt(0.0);
        let endless = x.is_inf() | y.is_inf();
        // In the upper half-plane; the sums with L do not change numbers as large as the limit.
        let limit = |x: Array| x.clip(-1e15, 1e15);
        let (re, im) = (limit(select(&lower, &-&x, &x)), limit(y.abs()));
        let inverse = ComplexPair::new(&im + L, -&re).inverse();
        let z = ComplexPair::new(L - &im, re).times(&inverse);
        let mut sum = ComplexPair::new(x.full_like(WEIDEMAN[0]), x.zeros_like());
        for &c in &WEIDEMAN[1..] {
            sum = sum.times(&z);
            sum.re += c;
        }
        let sum = ComplexPair::new(sum.re * 2.0, sum.im * 2.0).times(&inverse);
        let sum = ComplexPair::new(sum.re + 0.5 * FRAC_2_SQRT_PI, sum.im).times(&inverse);
        let sum = ComplexPair::new(where_(&endless, 0.0, sum.re), where_(&endless, 0.0, sum.im));

        // exp(−z²)
        let size = ((&y - &x) * (&y + &x)).exp();
        let angle = &x * &y * -2.0;
        let twice = size * 2.0;
        let below = ComplexPair::new(
            &twice * angle.cos() - &sum.re,
            where_(x.eq(0.0), 0.0, twice * angle.sin()) - &sum.im,
        );
        let value = ComplexPair::select(&lower, &below, &sum);
        // Exact where the imaginary part hides it.
        let re = select(y.eq(0.0), (-x.square()).exp(), &value.re);
        complex(re, value.im)
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Tangent {
        let (z, t) = (&cx.primals[0], cx.tangent(0)?);
        let real = z.real();
        let start = complex(real.zeros_like(), real.full_like(FRAC_2_SQRT_PI));
        Some(t * (start - z * cx.out() * 2.0))
    }
}

/// Γ(z) of complex numbers, NaN at the poles.
#[track_caller]
pub(super) fn complex_gamma(z: &Array) -> Array {
    let log = complex_loggamma(z);
    let (size, angle) = (log.real().exp(), log.imag());
    complex(&size * angle.cos(), size * angle.sin())
}
