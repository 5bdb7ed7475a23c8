//! How far results may be apart.

use nnx::{Array, DType};

/// How many roundings of a dtype two ways to compute the same may be apart, relative to the largest
/// element: the order of sums differs, and f16 and bf16 may be rounded between operations or not.
const ROUNDINGS: f64 = 64.0;

/// How far a result is from what it should be.
pub(crate) struct Distance {
    /// The error as a fraction of what is allowed: above 1 the result is wrong.
    pub(crate) share: f64,
    pub(crate) text: String,
}

impl Distance {
    pub(crate) fn is_wrong(&self) -> bool {
        // NaN is within no bound.
        self.share.is_nan() || self.share > 1.0
    }
}

fn numbers(x: &Array) -> Vec<f64> {
    x.astype(DType::F64).to_vec()
}

/// How far `found` is from `expected`; integers must be equal.
pub(crate) fn distance(found: &Array, expected: &Array) -> Distance {
    let (found, wanted) = (numbers(found), numbers(expected));
    let largest = wanted.iter().filter(|x| x.is_finite()).fold(0.0_f64, |m, x| m.max(x.abs()));
    let eps = match expected.dtype() {
        dtype if dtype.is_float() => nnx::array::finfo(dtype).eps,
        _ => 0.0,
    };
    let bound = ROUNDINGS * eps * largest;
    let shares: Vec<f64> = found.iter().zip(&wanted).map(|(&a, &b)| share(a, b, bound)).collect();
    let wrong = shares.iter().filter(|share| **share > 1.0).count();
    let worst = (0..shares.len()).max_by(|&a, &b| shares[a].total_cmp(&shares[b]));
    let Some(worst) = worst else { return Distance { share: 0.0, text: "no element".into() } };
    let (a, b) = (found[worst], wanted[worst]);
    let text = format!("{wrong} of {} elements differ, as {a:e} for {b:e}", found.len());
    Distance { share: shares[worst], text }
}

/// How far apart two numbers are, of `bound`.
fn share(a: f64, b: f64, bound: f64) -> f64 {
    match (a - b).abs() {
        _ if a == b || (a.is_nan() && b.is_nan()) => 0.0,
        error if error <= bound => error / bound,
        error if bound > 0.0 && error.is_finite() => error / bound,
        _ => f64::INFINITY,
    }
}

/// How far `found` is from the truth, beside `other` operations on the same numbers in the same dtype:
/// several times as far is allowed, and some roundings.
pub(crate) fn distance_beside(found: &Array, truth: &Array, other: &Array) -> Distance {
    let eps = nnx::array::finfo(found.dtype()).eps;
    let truth = numbers(truth);
    let worst = |x: &Array| {
        let errors = numbers(x).into_iter().zip(&truth).map(|(x, t)| (x - t).abs());
        errors.fold(0.0_f64, |m, e| if m.is_nan() || e <= m { m } else { e })
    };
    let largest = truth.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    let (off, other) = (worst(found), worst(other));
    let bound = 4.0 * other + ROUNDINGS / 4.0 * eps * largest;
    let share = if off == 0.0 { 0.0 } else { off / bound };
    Distance { share, text: format!("off by {off:.1e}, one operation at a time by {other:.1e}") }
}
