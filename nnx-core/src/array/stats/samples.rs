//! Statistics of samples.

use crate::array::{IntoAxes, invalid, one_program, where_};
use crate::graph::Array;
use crate::value::DType;

/// The standard error of the mean along the axes, with `ddof` less than the number of elements as divisor of the
/// variance. `jax.scipy.stats.sem` (default `ddof` 1).
///
/// The result has this array's shape without the axes.
///
/// ```
/// use nnx::{Array, array::Tolerance, stats::sem};
///
/// let x = Array::from([[1.0_f32, 2.0, 3.0], [0.0, 4.0, 8.0]]);
/// let y = sem(&x, -1, 1); // the standard deviations 1 and 4, by √3
/// let near = Tolerance { rtol: 1e-4, ..Tolerance::default() };
/// assert!(y.allclose(Array::from([0.57735_f32, 2.3094]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if there is no such axis.
#[track_caller]
pub fn sem(x: &Array, axes: impl IntoAxes, ddof: usize) -> Array {
    let axes = axes.into_axes();
    let count: usize = axes.resolve("sem", x.aval()).iter().map(|&d| x.shape()[d]).product();
    one_program("sem", std::slice::from_ref(x), |args| {
        args[0].std_ddof(axes, ddof) / (count as f64).sqrt()
    })
}

/// The place of each element in their order, from 1, as f32 or f64; equal elements share the mean of
/// their places. The result is flat. `jax.scipy.stats.rankdata` with the method `"average"`.
///
/// ```
/// use nnx::{Array, stats::rankdata};
/// assert_eq!(rankdata(&Array::from([2, 1, 2, 0])).to_vec::<f32>(), [3.5, 2.0, 3.5, 1.0]);
/// ```
///
/// # Panics
/// Panics for complex numbers.
#[track_caller]
pub fn rankdata(x: &Array) -> Array {
    if x.dtype().is_complex() {
        invalid("rankdata", format!("complex numbers have no order, got {}", x.aval()));
    }
    let dtype = if x.dtype() == DType::F64 { DType::F64 } else { DType::F32 };
    one_program("rankdata", &[x.flatten()], |args| {
        let n = args[0].size();
        if n == 0 {
            return args[0].astype(dtype);
        }
        let order = args[0].argsort(0);
        let sorted = args[0].take(&order, 0);
        // Where runs of equal numbers begin and end.
        let differs = sorted.slice_dim(0, 1, n).ne(sorted.slice_dim(0, 0, n - 1));
        let begins = differs.pad(&[(1, 0)], true);
        let ends = differs.pad(&[(0, 1)], true);
        let at = super::super::iota([n], DType::I32, 0);
        let first = where_(&begins, &at, 0).cummax(0);
        let last = where_(&ends, &at, n as i32).flip(0).cummin(0).flip(0);
        let ranks = (first + last + 2).astype(dtype) / 2.0;
        let ranks = ranks.take(order.argsort(0), 0);
        // As the others, NaN among them says nothing of the ranks.
        where_(args[0].is_nan().any(..), f64::NAN, &ranks).astype(dtype)
    })
}
