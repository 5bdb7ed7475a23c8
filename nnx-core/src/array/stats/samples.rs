//! Statistics of samples.

use crate::array::program::program2;
use crate::array::{AsArray, IntoAxes, invalid, iota, keepdims, one_program, where_};
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
pub fn sem(x: impl AsArray, axes: impl IntoAxes, ddof: usize) -> Array {
    let x = x.as_array();
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
/// assert_eq!(rankdata(Array::from([2, 1, 2, 0])).to_vec::<f32>(), [3.5, 2.0, 3.5, 1.0]);
/// ```
///
/// # Panics
/// Panics for complex numbers.
#[track_caller]
pub fn rankdata(x: impl AsArray) -> Array {
    rankdata_of(x.as_array())
}

#[track_caller]
fn rankdata_of(x: &Array) -> Array {
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
        let at = iota([n], DType::I32, 0);
        let first = where_(&begins, &at, 0).cummax(0);
        let last = where_(&ends, &at, n as i32).flip(0).cummin(0).flip(0);
        let ranks = (first + last + 2).astype(dtype) / 2.0;
        let ranks = ranks.take(order.argsort(0), 0);
        // As the others, NaN among them says nothing of the ranks.
        where_(args[0].is_nan().any(..), f64::NAN, &ranks).astype(dtype)
    })
}

/// The most frequent number along the axes, the smallest of several, and how often it is there, as i32. NaN counts as
/// one number; no numbers have the mode NaN. `jax.scipy.stats.mode`.
///
/// The results have this array's shape without the axes.
///
/// ```
/// use nnx::{Array, stats::mode};
/// let (value, count) = mode(Array::from([2, 4, 1, 1, 3, 4, 4]), 0);
/// assert_eq!((value.item::<i32>(), count.item::<i32>()), (4, 3));
/// ```
///
/// # Panics
/// Panics if there is no such axis, for complex numbers, or if there are no numbers and no NaN among the
/// dtype's.
#[track_caller]
pub fn mode(x: impl AsArray, axes: impl IntoAxes) -> (Array, Array) {
    let x = x.as_array();
    const OP: &str = "mode";
    if x.dtype().is_complex() {
        invalid(OP, format!("complex numbers have no order, got {}", x.aval()));
    }
    let axes = axes.into_axes();
    let along = axes.resolve(OP, x.aval());
    let kept: Vec<usize> = (0..x.rank()).filter(|d| !along.contains(d)).collect();
    let n: usize = along.iter().map(|&d| x.shape()[d]).product();
    let outer: Vec<usize> = kept.iter().map(|&d| x.shape()[d]).collect();
    let shape: Vec<usize> = match axes.keepdims {
        true => (0..x.rank()).map(|d| if kept.contains(&d) { x.shape()[d] } else { 1 }).collect(),
        false => outer.clone(),
    };
    if n == 0 && !x.dtype().is_float() {
        invalid(OP, format!("no numbers have no mode, got {}", x.aval()));
    }
    program2(OP, std::slice::from_ref(x), |args| {
        let x = &args[0];
        let order: Vec<usize> = kept.iter().chain(&along).copied().collect();
        let rows = x.transpose(order).reshape([&outer[..], &[n]].concat());
        if n == 0 {
            let count = crate::array::zeros(&shape[..], DType::I32);
            return (crate::array::full(&shape[..], f64::NAN, x.dtype()), count);
        }
        let d = kept.len();
        let sorted = rows.sort(-1);
        let (before, after) = (sorted.slice_dim(d, 0, n - 1), sorted.slice_dim(d, 1, n));
        let mut differs = after.ne(&before);
        if x.dtype().is_float() {
            differs &= !before.is_nan();
        }
        let mut pairs = vec![(0, 0); d];
        pairs.push((1, 0));
        let begins = differs.pad(&pairs, true);
        let at = iota(sorted.shape(), DType::I32, d);
        let counts = &at - where_(begins, &at, 0).cummax(-1) + 1;
        let best = counts.argmax(-1).expand_dims(-1);
        let value = sorted.take_along_axis(&best, -1);
        (value.reshape(&shape[..]), counts.max(keepdims(-1)).reshape(&shape[..]))
    })
}
