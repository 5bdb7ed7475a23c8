//! Histograms of points with several coordinates.

use super::OptionalArray;
use super::axes::{invalid, product_of, sum_of};
use super::program::program;
use super::{AsArray, IndexMode, linspace, select, stack, zeros};
use crate::graph::Array;
use crate::value::{DType, promote_dtypes};

/// The edges of `bins` equal parts of `low..=high`; integers become f32.
/// `jax.numpy.histogram_bin_edges` with a range.
///
/// ```
/// use nnx::{DType, array::histogram_bin_edges};
/// assert_eq!(histogram_bin_edges(2, 0.0, 1.0, DType::F32).to_vec::<f32>(), [0.0, 0.5, 1.0]);
/// ```
///
/// # Panics
/// Panics if `bins` is 0.
#[track_caller]
pub fn histogram_bin_edges(bins: usize, low: f64, high: f64, dtype: DType) -> Array {
    const OP: &str = "histogram_bin_edges";
    if bins == 0 {
        invalid(OP, "needs at least one bin".into());
    }
    let dtype = dtype.inexact();
    linspace(low, high, sum_of(OP, bins, 1), dtype)
}

/// How many of the points `sample` `[n, d]` lie in each of the boxes that `bins[i]` equal parts of each
/// `ranges[i]` make, and the edges along each axis. The upper end belongs to the last part, and points
/// outside of a range do not count. Without weights the counts are i32; with weights `[n]` they are
/// the sums of these, in a float dtype that holds both weights and points. `jax.numpy.histogramdd`
/// with ranges.
///
/// ```
/// use nnx::{Array, array::histogramdd};
/// let points = Array::from([[0.1, 0.2], [0.5, 0.2], [1.5, 0.5]]);
/// let (counts, edges) = histogramdd(&points, &[2, 2], &[(0.0, 1.0), (0.0, 1.0)], None);
/// assert_eq!(counts.to_vec::<i32>(), [1, 0, 1, 0]);
/// assert_eq!(edges[0].to_vec::<f64>(), [0.0, 0.5, 1.0]);
/// ```
///
/// # Panics
/// Panics if the sample is not a matrix of real numbers, there is not a number of bins and a range for
/// each of its columns, a number of bins is 0, or there is not one weight for each point.
#[track_caller]
pub fn histogramdd(
    sample: impl AsArray,
    bins: &[usize],
    ranges: &[(f64, f64)],
    weights: impl OptionalArray,
) -> (Array, Vec<Array>) {
    let sample = sample.as_array();
    let weights = weights.optional();
    const OP: &str = "histogramdd";
    let fits = sample.rank() == 2 && sample.shape()[1] == bins.len() && bins.len() == ranges.len();
    if !fits || bins.is_empty() || bins.contains(&0) || sample.dtype().is_complex() {
        let sample = sample.aval();
        invalid(
            OP,
            format!(
                "needs points [n, d] and d numbers of bins above 0 and ranges, got {sample}, {bins:?} and \
                 {} ranges",
                ranges.len()
            ),
        );
    }
    let n = sample.shape()[0];
    if let Some(weights) = weights
        && weights.shape() != [n]
    {
        invalid(OP, format!("needs a weight for each of {n} points, got {}", weights.aval()));
    }
    let mut total = 1;
    for &n in bins {
        total = product_of(OP, total, n);
    }
    let args: Vec<Array> = [sample].into_iter().chain(weights).cloned().collect();
    let mut outs = program(OP, &args, |args| {
        let (mut x, mut weights) = (args[0].to_inexact(), args.get(1).map(Array::to_inexact));
        if let Some(weights) = &mut weights {
            let dtype = promote_dtypes(x.dtype(), weights.dtype());
            *weights = weights.astype(dtype);
            // Places have no imaginary parts, though weights may have.
            x = if dtype.is_complex() { x } else { x.astype(dtype) };
        }
        let mut edges = Vec::with_capacity(bins.len());
        let mut flat = zeros([n], DType::I64);
        let mut inside = super::ones([n], DType::Bool);
        for (d, (&count, &(low, high))) in bins.iter().zip(ranges).enumerate() {
            let own = histogram_bin_edges(count, low, high, x.dtype());
            let column = x.slice_dim(1, d, d + 1).squeeze(1);
            let last = own.slice_dim(0, count, count + 1);
            let at = own.searchsorted(&column, true).astype(DType::I64);
            let at = select(column.eq(last), at.full_like(count as f64), &at) - 1;
            inside = inside & at.ge(0) & at.lt(count);
            flat = flat * count + at;
            edges.push(own);
        }
        let flat = select(&inside, &flat, flat.full_like(total as f64));
        let added = weights.unwrap_or_else(|| super::ones([n], DType::I32));
        let counts = zeros([total], added.dtype()).at(&flat).mode(IndexMode::Fill).add(&added);
        std::iter::once(counts.reshape(bins)).chain(edges).collect()
    });
    let edges = outs.split_off(1);
    (outs.remove(0), edges)
}

/// [`histogramdd`] of points whose coordinates are the elements of two vectors: the counts
/// `[bins[0], bins[1]]`, and the edges of both axes. `jax.numpy.histogram2d` with ranges.
///
/// ```
/// use nnx::{Array, array::histogram2d};
/// let (x, y) = (Array::from([0.1, 0.9]), Array::from([0.2, 1.0]));
/// let (counts, _, _) = histogram2d(&x, &y, [2, 1], [(0.0, 1.0), (0.0, 1.0)], None);
/// assert_eq!(counts.to_vec::<i32>(), [1, 1]);
/// ```
///
/// # Panics
/// Panics if the operands are not vectors of real numbers of one size, a number of bins is 0, or there
/// is not one weight for each point.
#[track_caller]
pub fn histogram2d(
    x: impl AsArray,
    y: impl AsArray,
    bins: [usize; 2],
    ranges: [(f64, f64); 2],
    weights: impl OptionalArray,
) -> (Array, Array, Array) {
    let weights = weights.optional();
    let (x, y) = (x.as_array(), y.as_array());
    if x.rank() != 1 || x.shape() != y.shape() {
        let (x, y) = (x.aval(), y.aval());
        invalid("histogram2d", format!("needs vectors of one size, got {x} and {y}"));
    }
    let dtype = promote_dtypes(x.dtype(), y.dtype());
    let points = stack([&x.astype(dtype), &y.astype(dtype)], 1);
    let (counts, mut edges) = histogramdd(&points, &bins, &ranges, weights);
    let second = edges.pop().unwrap_or_else(|| unreachable!("there are two axes"));
    let first = edges.pop().unwrap_or_else(|| unreachable!("there are two axes"));
    (counts, first, second)
}
