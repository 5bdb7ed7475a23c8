//! The gamma function's logarithm and derivatives, by Lanczos' approximation (1964) with g = 7 and
//! the nine coefficients of Godfrey (2001); reflected where x < ½. The formulas are those of XLA's
//! own decomposition, so that both backends round alike.

use super::zeta::zeta;
use crate::array::select;
use crate::graph::Array;
use std::f64::consts::PI;

pub(crate) const LANCZOS_G: f64 = 7.0;
pub(crate) const LANCZOS_FIRST: f64 = 0.9999999999998099;
pub(crate) const LANCZOS: [f64; 8] = [
    676.5203681218851,
    -1259.1392167224028,
    771.3234287776531,
    -176.6150291621406,
    12.507343278686905,
    -0.13857109526572012,
    9.984369578019572e-6,
    1.5056327351493116e-7,
];

/// Whether x is reflected, and z such that the approximation is for Γ(z + 1).
fn reflected(x: &Array) -> (Array, Array) {
    let reflect = x.lt(0.5);
    let z = select(&reflect, &-x, &(x - 1.0));
    (reflect, z)
}

/// z + g + ½ and its logarithm.
fn shifted(z: &Array) -> (Array, Array) {
    let start = LANCZOS_G + 0.5;
    (z + start, (z / start).log1p() + start.ln())
}

/// log |Γ(x)|.
pub(super) fn lgamma(x: &Array) -> Array {
    let (reflect, z) = reflected(x);
    let mut sum = z.full_like(LANCZOS_FIRST);
    for (i, &c) in LANCZOS.iter().enumerate() {
        sum += c / (&z + (i as f64 + 1.0));
    }
    let (t, log_t) = shifted(&z);
    let log_sqrt_two_pi = (2.0 * PI).ln() / 2.0;
    // (z + ½) log t − t with the product taken out, so that nothing overflows before the result.
    let y = (&z + 0.5 - &t / &log_t) * &log_t + (sum.log() + log_sqrt_two_pi);

    // |Γ(x)| = π / (|sin πx| Γ(1 − x)). The sine of the distance to the nearest integer is exact
    // where that of πx is not.
    let size = x.abs();
    let fraction = &size - size.floor();
    let distance = select(fraction.gt(0.5), &(1.0 - &fraction), &fraction);
    let log_sine = (distance * PI).sin().log();
    let mirrored = select(log_sine.is_finite(), &(PI.ln() - &log_sine - &y), &-&log_sine);
    let value = select(&reflect, &mirrored, &y);
    select(x.is_inf(), value.full_like(f64::INFINITY), &value)
}

/// The derivative of log Γ(x): −∞ at 0, where it comes from the right, NaN at the other poles.
pub(super) fn digamma(x: &Array) -> Array {
    let (reflect, z) = reflected(x);
    let mut slope = z.zeros_like();
    let mut sum = z.full_like(LANCZOS_FIRST);
    for (i, &c) in LANCZOS.iter().enumerate() {
        let place = &z + (i as f64 + 1.0);
        slope -= c / (&place * &place);
        sum += c / &place;
    }
    let (t, log_t) = shifted(&z);
    let y = log_t + slope / sum - LANCZOS_G / t;

    // ψ(x) = ψ(1 − x) − π / tan πx, by the distance to the nearest integer as above.
    let distance = x + (x + 0.5).floor().abs();
    let angle = distance * PI;
    let mirrored = &y - angle.cos() * PI / angle.sin();
    let value = select(&reflect, &mirrored, &y);
    let pole = x.lt(0.0) & x.eq(x.floor());
    let value = select(&pole, value.full_like(f64::NAN), &value);
    select(x.eq(0.0), value.full_like(f64::NEG_INFINITY), &value)
}

/// The derivative of order `n` of digamma: (−1)ⁿ⁺¹ n! ζ(n + 1, x) (DLMF 25.11.12). NaN if `n` is
/// not a natural number.
pub(super) fn polygamma(n: &Array, x: &Array) -> Array {
    let next = n + 1.0;
    let factorial = next.lgamma().exp();
    let even = (n % 2.0).eq(0.0);
    let size = factorial * zeta(&next, x);
    let value = select(&even, &-&size, &size);
    let value = select(n.eq(0.0), x.digamma(), &value);
    let natural = n.ge(0.0) & n.eq(n.floor());
    select(&natural, &value, value.full_like(f64::NAN))
}
