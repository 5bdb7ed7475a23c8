//! The Hurwitz zeta function.

use crate::array::select;
use crate::graph::Array;
use crate::value::DType;

/// How many terms are added one by one.
const TERMS: usize = 10;

/// (2j)! / B₂ⱼ for j = 1, 2, …: the divisors of the terms of the Euler–Maclaurin formula.
const DIVISORS: [f64; 12] = [
    12.0,
    -720.0,
    30240.0,
    -1209600.0,
    47900160.0,
    -1307674368000.0 / 691.0,
    74724249600.0,
    -10670622842880000.0 / 3617.0,
    5109094217170944000.0 / 43867.0,
    -802857662698291200000.0 / 174611.0,
    14101100039391805440000.0 / 77683.0,
    -1693824136731743669452800000.0 / 236364091.0,
];

/// ζ(s, q) = Σ (q + n)⁻ˢ, by the Euler–Maclaurin formula (DLMF 25.11.5 ff.). Infinite at s = 1, and
/// for even s where q is 0, −1, −2, …; NaN there for other s, for s < 1, and for negative q unless s
/// is an integer.
pub(super) fn zeta(s: &Array, q: &Array) -> Array {
    let mut sum = s.zeros_like();
    for n in 0..TERMS {
        sum += (q + n as f64).pow(-s);
    }
    let a = q + TERMS as f64;
    let power = a.pow(-s);
    sum = sum + &power * &a / (s - 1.0) + &power * 0.5;
    // s (s + 1) … (s + 2j − 2) a⁻ˢ⁻²ʲ⁺¹
    let mut factor = s * &power / &a;
    for (j, &divisor) in DIVISORS.iter().enumerate() {
        sum += &factor / divisor;
        let k = 2.0 * j as f64 + 1.0;
        factor = factor * (s + k) / &a * (s + (k + 1.0)) / &a;
    }
    // All but the first term vanish for large s, where the others may be 0 times infinity.
    let sum = select(power.eq(0.0), q.pow(-s), &sum);

    let pole = q.le(0.0) & q.eq(q.floor());
    let even = (s % 2.0).eq(0.0);
    let nan = s.lt(1.0) | s.is_nan() | q.is_nan();
    let nan = nan | (q.le(0.0) & &(s.ne(s.floor()) | (&pole & even.logical_not())));
    let value = select(&(pole & even), sum.full_like(f64::INFINITY), &sum);
    let value = select(&nan, value.full_like(f64::NAN), &value);
    select(s.eq(1.0), value.full_like(f64::INFINITY), &value)
}

/// ∂ζ(s, q)/∂s, term by term of the same formula: that of b⁻ˢ is −b⁻ˢ log b.
pub(in crate::ops) fn zeta_by_exponent(s: &Array, q: &Array) -> Array {
    let own = s.dtype();
    let wide = if own.size() < 4 { DType::F32 } else { own };
    let (s, q) = (&s.astype(wide), &q.astype(wide));
    let mut sum = s.zeros_like();
    for n in 0..TERMS {
        let base = q + n as f64;
        sum -= base.pow(-s) * base.log();
    }
    let a = q + TERMS as f64;
    let (power, log) = (a.pow(-s), a.log());
    let gap = s - 1.0;
    sum = sum - &power * &a / &gap * (&log + 1.0 / &gap) - &power * &log * 0.5;
    // s (s + 1) … (s + 2j − 2) a⁻ˢ⁻²ʲ⁺¹ and its slope.
    let mut factor = s * &power / &a;
    let mut slope = &power / &a - &factor * &log;
    for (j, &divisor) in DIVISORS.iter().enumerate() {
        sum += &slope / divisor;
        let k = 2.0 * j as f64 + 1.0;
        let (first, second) = ((s + k) / &a, (s + (k + 1.0)) / &a);
        slope = slope * &first * &second + &factor / &a * (&first + &second);
        factor = factor * first * second;
    }
    // All but the first term vanish for large s, where the others may be 0 times infinity.
    let sum = select(power.eq(0.0), &-(q.pow(-s) * q.log()), &sum);
    sum.astype(own)
}
