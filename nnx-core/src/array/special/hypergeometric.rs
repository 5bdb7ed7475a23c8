//! Hypergeometric functions: their series, and transformations to where these converge. After Pearson, Olver and
//! Porter (2014), "Numerical methods for the computation of the confluent and Gauss hypergeometric functions".

use super::{Operand, select};
use crate::array::program::together;
use crate::array::{finfo, where_};
use crate::graph::{Array, Jvp, Tangent};
use crate::ops::{CustomJvp, custom_jvp, inner_while};
use crate::rewrite::add_tangents;
use crate::value::{DType, promote_dtypes};

/// The most terms of a series, and of its derivatives.
const TERMS: [f64; 2] = [2000.0, 6000.0];

/// The confluent hypergeometric function ₁F₁(a; b; x) = Σ (a)ₖ xᵏ / ((b)ₖ k!); 1 where `a` is 0, ∞ where `b` is 0 or a
/// negative integer at which the series does not end before. `jax.scipy.special.hyp1f1`; negative `x` by Kummer's
/// transformation.
///
/// ```
/// use nnx::{Array, special::hyp1f1};
/// let y = hyp1f1(1.0, 2.0, &Array::scalar(1.0));
/// assert!((y.item::<f64>() - (1.0_f64.exp() - 1.0)).abs() < 1e-14);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn hyp1f1(a: impl Operand, b: impl Operand, x: impl Operand) -> Array {
    wide("hyp1f1", &[&a, &b, &x], |args| custom_jvp(Kummer, args))
}

/// Gauss's hypergeometric function ₂F₁(a, b; c; x) = Σ (a)ₖ (b)ₖ xᵏ / ((c)ₖ k!); ∞ where `c` is 0 or a negative integer
/// at which the series does not end before, and beyond 1, unless it ends. `jax.scipy.special.hyp2f1`; negative
/// `x` by Pfaff's transformation.
///
/// ```
/// use nnx::{Array, special::hyp2f1};
/// let y = hyp2f1(1.0, 1.0, 2.0, &Array::scalar(0.5));
/// assert!((y.item::<f64>() - 2.0 * 2.0_f64.ln()).abs() < 1e-14);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast, or for complex numbers.
#[track_caller]
pub fn hyp2f1(a: impl Operand, b: impl Operand, c: impl Operand, x: impl Operand) -> Array {
    wide("hyp2f1", &[&a, &b, &c, &x], |args| custom_jvp(Gauss, args))
}

/// A function that half floats are computed for in f32.
#[track_caller]
fn wide(name: &str, operands: &[&dyn Operand], body: impl FnOnce(&[&Array]) -> Array) -> Array {
    together(name, operands, |args| {
        let own = args[0].dtype();
        let wide: Vec<Array> =
            args.iter().map(|x| x.astype(promote_dtypes(own, DType::F32))).collect();
        body(&wide.iter().collect::<Vec<_>>()).astype(own)
    })
}

/// The number that is wanted of a series: its value, or its derivative with respect to a parameter above or
/// below the line.
#[derive(Clone, Copy, PartialEq)]
enum SeriesPart {
    Value,
    Above(usize),
    Below(usize),
}

/// Σ Π (above)ₖ / Π (below)ₖ · xᵏ / k!, up to the first term that changes nothing. A series whose terms
/// become 0 ends.
#[track_caller]
fn series(above: &[&Array], below: &[&Array], x: &Array, want: SeriesPart) -> Array {
    let eps = finfo(x.dtype()).eps;
    let product = |of: &[&Array], k: &Array, but: Option<usize>| {
        let factors = of.iter().enumerate().filter(|&(i, _)| Some(i) != but);
        factors.map(|(_, a)| *a + k).reduce(|p, f| p * f)
    };
    let zero = x.zeros_like();
    let one = x.ones_like();
    let start = Array::constant_scalar(x.dtype(), 0.0);
    let limit = if want == SeriesPart::Value { TERMS[0] } else { TERMS[1] };
    let mut state = vec![start, one.clone()];
    if want == SeriesPart::Value {
        state.push(one);
    } else {
        state.extend([zero.clone(), zero.clone()]);
    }
    let quotient = |k: &Array, but: Option<usize>| {
        let scale = x / (k + 1.0);
        let scale = match product(above, k, but) {
            Some(p) => p * scale,
            None => scale,
        };
        match product(below, k, None) {
            Some(q) => scale / q,
            None => scale,
        }
    };
    let ended = |term: &Array, next: Array| select(term.eq(0.0), term, &next);
    let out = inner_while(
        &state,
        |state| {
            let (k, term, sum) = (&state[0], &state[1], &state[state.len() - 1]);
            // Those of a long series may begin small.
            let early = x.abs().gt(k) & term.ne(0.0);
            // A derivative's term may be 0 by chance.
            let last = match want {
                SeriesPart::Value => term.abs(),
                _ => term.abs() + state[2].abs(),
            };
            let counts = last.gt(sum.abs() * eps) | early;
            k.lt(limit) & counts.any(..)
        },
        |state| {
            let (k, term) = (&state[0], &state[1]);
            let ratio = quotient(k, None);
            let next = ended(term, term * &ratio);
            let after = k + 1.0;
            if want == SeriesPart::Value {
                let sum = &state[2] + &next;
                return vec![after, next, sum];
            }
            let slope = match want {
                SeriesPart::Above(i) => quotient(k, Some(i)),
                SeriesPart::Below(i) => -(&ratio / (below[i] + k)),
                SeriesPart::Value => unreachable!("returned above"),
            };
            let change = ended(&state[2], &state[2] * &ratio) + ended(term, term * slope);
            let sum = &state[3] + &change;
            vec![after, next, change, sum]
        },
    );
    out[out.len() - 1].clone()
}

/// Whether it is 0, −1, −2, …
#[track_caller]
fn is_end(a: &Array) -> Array {
    a.le(0.0) & a.eq(a.floor())
}

/// Whether the series ends at `a` before it would divide by 0 at `b`.
#[track_caller]
fn ends_before(a: &Array, b: &Array) -> Array {
    is_end(a) & a.ge(b)
}

/// The product of Γ of the numbers above over that of those below, times e to `exponent`; 0 at the poles
/// below.
#[track_caller]
fn gammas(above: &[&Array], below: &[&Array], exponent: &Array) -> Array {
    let sign = |x: &Array| where_(x.lt(0.0) & (x.floor() % 2.0).ne(0.0), -1.0, x.ones_like());
    let mut log = exponent.clone();
    let mut out = exponent.ones_like();
    for x in above {
        log += x.lgamma();
        out *= sign(x);
    }
    let mut vanishes = exponent.ne(exponent);
    for x in below {
        let end = is_end(x);
        let safe = where_(&end, 1.0, *x);
        log -= safe.lgamma();
        out *= sign(&safe);
        vanishes |= end;
    }
    where_(vanishes, 0.0, out * log.exp())
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Kummer;

/// ₁F₁ and its derivatives with respect to `a` and `b`.
#[track_caller]
fn kummer(a: &Array, b: &Array, x: &Array, want: SeriesPart) -> Array {
    // As far as eˣ is a number with a margin.
    let most = if x.dtype() == DType::F64 { 600.0 } else { 75.0 };
    let mirrored = x.lt(0.0) & !is_end(a);
    let (p, z) = (select(&mirrored, &(b - a), a), select(&mirrored, &-x, x));
    let rise = where_(&mirrored, x, 0.0);
    let far = z.gt(most) & !is_end(&p);
    let near_z = where_(&far, 1.0, &z);
    let scale = rise.exp();

    // Γ(b) / Γ(p) · eᶻ zᵖ⁻ᵇ ₂F₀(b − p, 1 − p; 1/z), as far as its terms fall.
    let far_z = where_(&far, &z, most);
    let log = far_z.log();
    let factor = gammas(&[b], &[&p], &((&p - b) * &log + &far_z + &rise));
    let (first, second) = (b - &p, 1.0 - &p);
    let inverse = 1.0 / &far_z;
    let tail = |want| series(&[&first, &second], &[], &inverse, want);

    let one = |want: SeriesPart| {
        let near = series(&[&p], &[b], &near_z, want) * &scale;
        let beyond = match want {
            SeriesPart::Value => &factor * tail(SeriesPart::Value),
            SeriesPart::Above(_) => {
                let slope = &log - p.digamma();
                let change = tail(SeriesPart::Above(0)) + tail(SeriesPart::Above(1));
                &factor * (slope * tail(SeriesPart::Value) - change)
            }
            SeriesPart::Below(_) => {
                let slope = b.digamma() - &log;
                &factor * (slope * tail(SeriesPart::Value) + tail(SeriesPart::Above(0)))
            }
        };
        select(&far, &beyond, &near)
    };
    match want {
        SeriesPart::Value => one(SeriesPart::Value),
        // p is b − a where x is mirrored.
        SeriesPart::Above(_) => {
            let own = one(SeriesPart::Above(0));
            select(&mirrored, &-&own, &own)
        }
        SeriesPart::Below(_) => {
            let own = one(SeriesPart::Below(0));
            select(&mirrored, &(&own + one(SeriesPart::Above(0))), &own)
        }
    }
}

impl CustomJvp for Kummer {
    const NAME: &'static str = "hyp1f1";
    fn body(&self, args: &[Array]) -> Array {
        let [a, b, x] = [0, 1, 2].map(|i: usize| &args[i]);
        let value = kummer(a, b, x, SeriesPart::Value);
        let pole = is_end(b) & !ends_before(a, b);
        let value = where_(pole, f64::INFINITY, value);
        let value = select(a.eq(b), x.exp(), &value);
        let value = where_(a.eq(0.0), 1.0, value);
        where_(a.is_nan() | b.is_nan() | x.is_nan(), f64::NAN, value)
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Tangent {
        let [a, b, x] = [0, 1, 2].map(|i: usize| &cx.primals[i]);
        let by = |i: usize, want| cx.tangent(i).map(|t| t * kummer(a, b, x, want));
        let by_x =
            cx.tangent(2).map(|t| t * (a / b * custom_jvp(Kummer, &[&(a + 1.0), &(b + 1.0), x])));
        add_tangents(add_tangents(by(0, SeriesPart::Above(0)), by(1, SeriesPart::Below(0))), by_x)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Gauss;

/// ₂F₁ for 0.9 < x < 1 and whole c − a − b = m ≥ 0 (Abramowitz & Stegun 15.3.10 and 15.3.11).
#[track_caller]
fn logarithmic(a: &Array, b: &Array, m: &Array, s: &Array) -> Array {
    let eps = finfo(s.dtype()).eps;
    let c = a + b + m;
    let (high_a, high_b) = (a + m, b + m);
    let zero = s.zeros_like();
    let start = Array::constant_scalar(s.dtype(), 0.0);
    // Σ (a)ₖ (b)ₖ / (k! (1 − m)ₖ) sᵏ for k < m.
    let first = where_(m.gt(0.0), 1.0, zero.clone());
    let finite = inner_while(
        &[start.clone(), first.clone(), first],
        |state| (&state[0] + 1.0).lt(m).any(..),
        |state| {
            let k = &state[0];
            let next = k + 1.0;
            let inside = next.lt(m);
            let divisor = where_(&inside, &next - m, 1.0);
            let ratio = (a + k) * (b + k) * s / (divisor * &next);
            let term = where_(inside, &state[1] * ratio, 0.0);
            let sum = &state[2] + &term;
            vec![next, term, sum]
        },
    );
    let log = s.log();
    let none = s.zeros_like();
    let front = gammas(&[&c, &where_(m.gt(0.0), m, 1.0)], &[&high_a, &high_b], &none);
    let finite = front * &finite[2];
    // Σ (a + m)ₖ (b + m)ₖ / (k! (k + m)!) sᵏ⁺ᵐ (log s − ψ(k + 1) − ψ(k + m + 1) + ψ(a + m + k) + ψ(b + m + k)).
    let last = m + 1.0;
    let bracket =
        &log - s.ones_like().digamma() - last.digamma() + high_a.digamma() + high_b.digamma();
    let term = s.ones_like();
    let endless = inner_while(
        &[start, term.clone(), bracket.clone(), bracket],
        |state| {
            // The bracket may be 0 by chance.
            let last = state[1].abs() * (state[2].abs() + 1.0);
            state[0].lt(TERMS[0]) & last.gt(state[3].abs() * eps).any(..)
        },
        |state| {
            let k = &state[0];
            let next = k + 1.0;
            let (upper, lower) = (&high_a + k, &high_b + k);
            let below = m + &next;
            let term = &state[1] * (&upper * &lower * s / (&next * &below));
            let bracket = &state[2] - (1.0 / &next + 1.0 / below) + 1.0 / upper + 1.0 / lower;
            let sum = &state[3] + &term * &bracket;
            vec![next, term, bracket, sum]
        },
    );
    let odd = (m % 2.0).ne(0.0);
    let scale = gammas(&[&c], &[a, b, &last], &(m * &log));
    let endless = scale * &endless[3];
    finite + select(&odd, &endless, &-&endless)
}

/// Numbers that the other method is given in the places of one.
fn instead<const N: usize>(there: &Array, args: [&Array; N], others: [f64; N]) -> [Array; N] {
    std::array::from_fn(|i| where_(there, args[i], others[i]))
}

/// ₂F₁ for 0 ≤ x < 1.
#[track_caller]
fn gauss(a: &Array, b: &Array, c: &Array, x: &Array) -> Array {
    let gap = c - a - b;
    let ends = is_end(a) | is_end(b);
    let s = 1.0 - x;
    let whole = gap.round();
    let distance = (&gap - &whole).abs();
    let near_one = x.gt(0.9) & !&ends;
    let is_whole = distance.lt(finfo(x.dtype()).eps * 50.0);
    let logs = &near_one & &is_whole;
    // Two large numbers of other signs would be left of it where the gap is nearly whole.
    let two = near_one & distance.ge(1e-3);

    let direct = !(&logs | &two);
    let [p, q, r, z] = instead(&direct, [a, b, c, x], [1.0, 1.0, 1.0, 0.0]);
    let value = series(&[&p, &q], &[&r], &z, SeriesPart::Value);

    let [p, q, m, t] = instead(&logs, [a, b, &whole, &s], [0.5, 0.5, 0.0, 0.05]);
    let by_logs = logarithmic(&p, &q, &m.maximum(0.0), &t);

    // Abramowitz & Stegun 15.3.6.
    let [p, q, r, t] = instead(&two, [a, b, c, &s], [0.25, 0.25, 1.0, 0.05]);
    let d = &r - &p - &q;
    let (rp, rq) = (&r - &p, &r - &q);
    let first = gammas(&[&r, &d], &[&rp, &rq], &t.zeros_like());
    let second = gammas(&[&r, &-&d], &[&p, &q], &(&d * t.log()));
    let by_two = first * series(&[&p, &q], &[&(1.0 - &d)], &t, SeriesPart::Value)
        + second * series(&[&rp, &rq], &[&(&d + 1.0)], &t, SeriesPart::Value);
    select(&logs, &by_logs, select(&two, &by_two, &value))
}

impl CustomJvp for Gauss {
    const NAME: &'static str = "hyp2f1";
    fn body(&self, args: &[Array]) -> Array {
        let [a, b, c, x] = [0, 1, 2, 3].map(|i: usize| &args[i]);
        // The function is symmetric, and the smaller one leaves more for the other transformation.
        let (p, q) = (a.minimum(b), a.maximum(b));
        let ends = is_end(a) | is_end(b);
        let poles = is_end(c) & !(ends_before(a, c) | ends_before(b, c));
        let inside = x.lt(1.0) & !&poles;

        // Pfaff: (1 − x)⁻ᵖ F(p, c − q; c; x / (x − 1)).
        let negative = x.lt(0.0) & !&ends;
        let s = where_(&inside, 1.0 - x, 1.0);
        let log = s.log();
        let second = select(&negative, &(c - &q), &q);
        let z = select(&negative, &(x / (x - 1.0)), x);
        let exponent = where_(&negative, &log * -&p, 0.0);
        // Euler: (1 − z)^(c − a − b) F(c − a, c − b; c; z).
        let gap = c - &p - &second;
        let euler = gap.le(-1.0) & !(is_end(&p) | is_end(&second)) & &inside;
        let first = select(&euler, &(c - &p), &p);
        let second = select(&euler, &(c - &second), &second);
        let log_z = where_(&negative, -&log, &log);
        let exponent = exponent + where_(&euler, gap * log_z, 0.0);
        let taken = &inside | &ends;
        let [first, second, third, z] =
            instead(&taken, [&first, &second, c, &z], [1.0, 1.0, 1.0, 0.0]);
        let value = gauss(&first, &second, &third, &z) * exponent.exp();

        let rest = c - a - b;
        let safe = where_(rest.gt(0.0), &rest, 1.0);
        let one = gammas(&[c, &safe], &[&(c - a), &(c - b)], &x.zeros_like());
        let one = where_(rest.gt(0.0), one, f64::INFINITY);
        let value = where_(x.eq(1.0) & !&ends, one, value);
        let value = where_(x.gt(1.0) & !&ends, f64::INFINITY, value);
        let value = where_(poles, f64::INFINITY, value);
        let value = where_(x.eq(0.0) | ((a.eq(0.0) | b.eq(0.0)) & c.ne(0.0)), 1.0, value);
        where_(a.is_nan() | b.is_nan() | c.is_nan() | x.is_nan(), f64::NAN, value)
    }
    /// With respect to the parameters by the series, for negative `x` after Pfaff; NaN from 1 on.
    fn jvp(&self, cx: &Jvp<'_>) -> Tangent {
        let [a, b, c, x] = [0, 1, 2, 3].map(|i: usize| &cx.primals[i]);
        let negative = x.lt(0.0);
        let second = select(&negative, &(c - b), b);
        let z = select(&negative, &(x / (x - 1.0)), x);
        let z = where_(z.lt(1.0), z, f64::NAN);
        let log = where_(&negative, 1.0 - x, 1.0).log();
        let scale = (-(a * &log)).exp();
        let of = |want| series(&[a, &second], &[c], &z, want) * &scale;
        let by_a = cx.tangent(0).map(|t| t * (of(SeriesPart::Above(0)) - &log * cx.out()));
        let by_b = cx.tangent(1).map(|t| {
            let slope = of(SeriesPart::Above(1));
            t * select(&negative, &-&slope, &slope)
        });
        let by_c = cx.tangent(2).map(|t| {
            let change = where_(&negative, of(SeriesPart::Above(1)), 0.0);
            t * (of(SeriesPart::Below(0)) + change)
        });
        let by_x = cx.tangent(3).map(|t| {
            let next = [a + 1.0, b + 1.0, c + 1.0, x.clone()];
            let next = custom_jvp(Gauss, &next.iter().collect::<Vec<_>>());
            t * (a * b / c * next)
        });
        add_tangents(add_tangents(by_a, by_b), add_tangents(by_c, by_x))
    }
}
