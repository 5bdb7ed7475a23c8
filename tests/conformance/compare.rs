//! How far results may be apart.

use nnx::{Array, DType};

/// How many roundings of a dtype two ways to compute the same may be apart, relative to the largest
/// element: the order of sums differs, and f16 and bf16 may be rounded between operations or not.
const ROUNDINGS: f64 = 64.0;

/// Why `found` is not what `expected` is but for roundings; `None` if it is.
pub(crate) fn far(found: &Array, expected: &Array) -> Option<String> {
    let numbers = |x: &Array| x.astype(DType::F64).to_vec::<f64>();
    let (found, wanted) = (numbers(found), numbers(expected));
    let largest = wanted.iter().filter(|x| x.is_finite()).fold(0.0_f64, |m, x| m.max(x.abs()));
    let eps = match expected.dtype() {
        dtype if dtype.is_float() => nnx::array::finfo(dtype).eps,
        _ => 0.0,
    };
    let bound = ROUNDINGS * eps * largest;
    let same = |a: f64, b: f64| a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= bound;
    let wrong: Vec<(f64, f64)> =
        found.iter().copied().zip(wanted).filter(|&(a, b)| !same(a, b)).collect();
    let (a, b) = *wrong.first()?;
    Some(format!("{} of {} elements differ, as {a:e} for {b:e}", wrong.len(), found.len()))
}
