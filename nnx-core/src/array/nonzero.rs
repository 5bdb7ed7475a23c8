//! Functions whose results would have a size that depends on the elements: inside a trace the size
//! is given, outside it may be counted.

use super::axes::{dim, invalid, sum_of};
use super::program::program;
use super::{AsArray, IndexMode, Operand, concatenate, iota, one_program, select, where_};
use crate::error::or_raise;
use crate::graph::Array;
use crate::value::DType;

/// The given size, or how many elements of a bool array are true.
#[track_caller]
pub(super) fn size_of(op: &str, size: Option<usize>, mask: &Array) -> usize {
    if let Some(size) = size {
        return size;
    }
    if mask.is_traced() {
        let message = format!(
            "the size of the result depends on the elements of {}, which are not known while \
             tracing: give the size",
            mask.aval()
        );
        invalid(op, message);
    }
    or_raise(mask.sum(..).try_item::<i32>()) as usize
}

/// The positions, as i32, of the first `size` true elements of a flat bool array, then `fill`.
#[track_caller]
fn positions(mask: &Array, size: usize, fill: &Array) -> Array {
    // Each true element goes to the place that counts the true ones before it.
    let n = mask.size();
    if size == 0 {
        return super::zeros([0], DType::I32);
    }
    let at = mask.astype(DType::I32).cumsum(0) - 1;
    let at = select(mask, &at, at.full_like(size as f64));
    let start = fill.astype(DType::I32).broadcast_to_dims(&[size]);
    start.at(&at).mode(IndexMode::Fill).set(iota([n], DType::I32, 0))
}

/// Elements chosen by their values. Where `size` is `None` the result is as large as it has to be,
/// which is possible outside of traces only.
impl Array {
    /// For each axis the positions, as i32, of the elements that are not zero; with a `size`, as
    /// many, filled up with `fill`. `jax.numpy.nonzero` (default `fill` 0).
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from_slice(&[3, 0, 0, 4], [2, 2]);
    /// let at = x.nonzero(None, 0);
    /// assert_eq!((at[0].to_vec::<i32>(), at[1].to_vec::<i32>()), (vec![0, 1], vec![0, 1]));
    /// assert_eq!(x.nonzero(3, -1)[0].to_vec::<i32>(), [0, 1, -1]);
    /// ```
    ///
    /// # Panics
    /// Panics for rank-0 arrays, and without a size inside a trace.
    #[track_caller]
    pub fn nonzero(&self, size: impl Into<Option<usize>>, fill: i32) -> Vec<Array> {
        if self.rank() == 0 {
            invalid("nonzero", format!("needs at least one axis, got {}", self.aval()));
        }
        let mask = self.astype(DType::Bool);
        let size = size_of("nonzero", size.into(), &mask);
        program("nonzero", &[mask], |args| {
            let mask = args[0].flatten();
            let count = mask.astype(DType::I32).sum(0);
            let zero = Array::constant_int(DType::I32, 0);
            let mut flat = positions(&mask, size, &zero);
            let beyond = iota([size], DType::I32, 0).ge(count);
            let mut out = Vec::new();
            for &n in self.shape().iter().rev() {
                let (rest, place) = flat.divmod(n.max(1));
                out.push(where_(&beyond, fill, place));
                flat = rest;
            }
            out.reverse();
            out
        })
    }

    /// The positions, as i32, of the elements that are not zero, counted row by row.
    /// `jax.numpy.flatnonzero` (default `fill` 0).
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[3, 0], [0, 4]]);
    /// assert_eq!(x.flatnonzero(None, 0).to_vec::<i32>(), [0, 3]);
    /// assert_eq!(x.flatnonzero(3, -1).to_vec::<i32>(), [0, 3, -1]); // as in a jitted function
    /// ```
    ///
    /// # Panics
    /// Without a size inside a trace.
    #[track_caller]
    pub fn flatnonzero(&self, size: impl Into<Option<usize>>, fill: i32) -> Array {
        let mask = self.flatten().astype(DType::Bool);
        let size = size_of("flatnonzero", size.into(), &mask);
        one_program("flatnonzero", &[mask], |args| {
            positions(&args[0], size, &Array::constant_int(DType::I32, i64::from(fill)))
        })
    }

    /// The positions of the elements that are not zero as rows `[size, rank]`.
    /// `jax.numpy.argwhere`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[3, 0], [5, 4]]);
    /// let at = x.argwhere(None, 0);
    /// assert_eq!(at.shape(), [3, 2]);
    /// assert_eq!(at.to_vec::<i32>(), [0, 0, 1, 0, 1, 1]);
    /// ```
    ///
    /// # Panics
    /// Panics for rank-0 arrays, and without a size inside a trace.
    #[track_caller]
    pub fn argwhere(&self, size: impl Into<Option<usize>>, fill: i32) -> Array {
        let columns = self.nonzero(size, fill);
        super::stack(&columns, 1)
    }

    /// The elements where `mask` is true, row by row; with a `size`, as many, filled up with
    /// `fill`. `x[mask]` in NumPy, `jax.numpy.extract`.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from_slice(&[1.0_f32, -2.0, 3.0], [3]);
    /// assert_eq!(x.extract(&x.gt(0.0), None, 0.0).to_vec::<f32>(), [1.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// Panics if the shapes differ, and without a size inside a trace.
    #[track_caller]
    pub fn extract(
        &self,
        mask: impl AsArray,
        size: impl Into<Option<usize>>,
        fill: impl Operand,
    ) -> Array {
        let mask = mask.as_array();
        if self.shape() != mask.shape() {
            let message = format!("the mask {} does not fit {}", mask.aval(), self.aval());
            invalid("extract", message);
        }
        self.flatten().compress(mask.flatten(), 0, size, fill)
    }

    /// The slices along `axis` where the one-axis `mask` is true; with a `size`, as many, filled up
    /// with `fill`. `jax.numpy.compress`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[1, 2, 3], [4, 5, 6]]);
    /// let mask = Array::from([true, false, true]);
    /// assert_eq!(x.compress(&mask, 1, None, 0).to_vec::<i32>(), [1, 3, 4, 6]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis, the mask does not fit it, and without a size inside a
    /// trace.
    #[track_caller]
    pub fn compress(
        &self,
        mask: impl AsArray,
        axis: isize,
        size: impl Into<Option<usize>>,
        fill: impl Operand,
    ) -> Array {
        let mask = mask.as_array();
        let d = dim("compress", axis, self.aval());
        if mask.shape() != [self.shape()[d]] {
            let (mask, x) = (mask.aval(), self.aval());
            invalid("compress", format!("the mask {mask} does not fit axis {d} of {x}"));
        }
        let mask = mask.astype(DType::Bool);
        let size = size_of("compress", size.into(), &mask);
        let fill = fill.array(self.dtype());
        one_program("compress", &[self.clone(), mask, fill], |args| {
            let outside = Array::constant_int(DType::I32, args[1].size() as i64);
            let at = positions(&args[1], size, &outside);
            let beyond = at.eq(args[1].size());
            let picked = args[0].take_mode(&at, d as isize, IndexMode::Clip);
            let mut shape = vec![1; self.rank()];
            shape[d] = size;
            where_(beyond.reshape(shape), &args[2], picked)
        })
    }

    /// The different elements in ascending order; with a `size`, as many, filled up with the
    /// smallest one. NaNs count as equal. `jax.numpy.unique`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[3, 1], [3, 2]]);
    /// assert_eq!(x.unique(None).to_vec::<i32>(), [1, 2, 3]);
    /// assert_eq!(x.unique(4).to_vec::<i32>(), [1, 2, 3, 1]);
    /// ```
    ///
    /// # Panics
    /// Without a size inside a trace.
    #[track_caller]
    pub fn unique(&self, size: impl Into<Option<usize>>) -> Array {
        self.unique_all(size).values
    }

    /// The different elements with their places and numbers. `jax.numpy.unique_all`.
    ///
    /// ```
    /// use nnx::Array;
    /// let u = Array::from_slice(&[3, 1, 3, 3], [4]).unique_all(None);
    /// assert_eq!(u.values.to_vec::<i32>(), [1, 3]);
    /// assert_eq!(u.counts.to_vec::<i32>(), [1, 3]);
    /// assert_eq!(u.inverse.to_vec::<i32>(), [1, 0, 1, 1]);
    /// ```
    ///
    /// # Panics
    /// Without a size inside a trace, and with a size other than 0 for an empty array.
    #[track_caller]
    pub fn unique_all(&self, size: impl Into<Option<usize>>) -> Unique {
        let n = self.size();
        let sorted = program("unique", &[self.flatten()], |args| {
            let order = args[0].argsort(0);
            let x = args[0].take(&order, 0);
            vec![first_of_equals(&x), x, order]
        });
        let size = size_of("unique", size.into(), &sorted[0]);
        if n == 0 && size > 0 {
            invalid("unique", format!("{} has no {size} elements", self.aval()));
        }
        let bounded = sum_of("unique", size, 1);
        let outs = program("unique", &sorted, |args| {
            let [first, x, order] = [0, 1, 2].map(|i: usize| &args[i]);
            // One start more than asked for: where the last of them ends.
            let end = Array::constant_int(DType::I32, n as i64);
            let bounds = positions(first, bounded, &end);
            let starts = bounds.slice_dim(0, 0, size);
            let counts = bounds.slice_dim(0, 1, bounded) - &starts;
            let found = starts.lt(n);
            let at_starts = |of: &Array| {
                let taken = of.take_mode(&starts, 0, IndexMode::Clip);
                if n == 0 { taken } else { where_(&found, &taken, of.slice_dim(0, 0, 1)) }
            };
            let (values, first_at) = (at_starts(x), at_starts(order));
            let rank = first.astype(DType::I32).cumsum(0) - 1;
            let zeros = super::zeros([n], DType::I32);
            let inverse = zeros.at(order).unique_indices().set(&rank).reshape(self.shape());
            vec![values, first_at, inverse, counts]
        });
        match <[Array; 4]>::try_from(outs) {
            Ok([values, index, inverse, counts]) => Unique { values, index, inverse, counts },
            Err(_) => unreachable!("the program has four results"),
        }
    }

    /// The different elements in ascending order, and how often each occurs, as i32. See
    /// [`unique_all`](Array::unique_all). `jax.numpy.unique_counts`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let (values, counts) = Array::from([3, 1, 3]).unique_counts(None);
    /// assert_eq!(values.to_vec::<i32>(), [1, 3]);
    /// assert_eq!(counts.to_vec::<i32>(), [1, 2]);
    /// ```
    ///
    /// # Panics
    /// As `unique_all`.
    #[track_caller]
    pub fn unique_counts(&self, size: impl Into<Option<usize>>) -> (Array, Array) {
        let unique = self.unique_all(size);
        (unique.values, unique.counts)
    }

    /// The different elements in ascending order, and for each element of the array the position of its
    /// value, as i32. See [`unique_all`](Array::unique_all). `jax.numpy.unique_inverse`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let (values, inverse) = Array::from([30, 10, 30]).unique_inverse(None);
    /// assert_eq!(inverse.to_vec::<i32>(), [1, 0, 1]);
    /// assert_eq!(values.take(&inverse, 0).to_vec::<i32>(), [30, 10, 30]);
    /// ```
    ///
    /// # Panics
    /// As `unique_all`.
    #[track_caller]
    pub fn unique_inverse(&self, size: impl Into<Option<usize>>) -> (Array, Array) {
        let unique = self.unique_all(size);
        (unique.values, unique.inverse)
    }

    /// Whether each element is among those of `test`. `jax.numpy.isin`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([1, 2, 3]);
    /// assert_eq!(x.isin(Array::from([3, 1, 7])).to_vec::<bool>(), [true, false, true]);
    /// ```
    #[track_caller]
    pub fn isin(&self, test: impl AsArray) -> Array {
        one_program("isin", &[self.clone(), test.as_array().clone()], |args| {
            args[0].expand_dims(-1).eq(args[1].flatten()).any(-1)
        })
    }

    /// How often each number from 0 to `length` − 1 occurs among the elements, as i32; negative
    /// ones count as 0, larger ones do not count. `jax.numpy.bincount`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([0, 2, 2, 7, -1]);
    /// assert_eq!(x.bincount(3).to_vec::<i32>(), [2, 0, 2]);
    /// ```
    ///
    /// # Panics
    /// Panics if the dtype is not an integer.
    #[track_caller]
    pub fn bincount(&self, length: usize) -> Array {
        let weights = super::ones(self.shape(), DType::I32);
        self.bincount_weights(&weights, length)
    }

    /// The sum of the weights of the elements equal to each number from 0 to `length` − 1.
    /// `jax.numpy.bincount` with `weights`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let (x, weights) = (Array::from([0, 2, 2]), Array::from([0.5, 1.0, 2.0]));
    /// assert_eq!(x.bincount_weights(&weights, 3).to_vec::<f64>(), [0.5, 0.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// Panics if the dtype is not an integer or the shapes differ.
    #[track_caller]
    pub fn bincount_weights(&self, weights: impl AsArray, length: usize) -> Array {
        let weights = weights.as_array();
        if !self.dtype().is_int() || self.shape() != weights.shape() {
            let (x, w) = (self.aval(), weights.aval());
            invalid("bincount", format!("needs integers and as many weights, got {x} and {w}"));
        }
        one_program("bincount", &[self.clone(), weights.clone()], |args| {
            let zeros = super::zeros([length], weights.dtype());
            zeros.at(args[0].flatten().maximum(0)).mode(IndexMode::Fill).add(args[1].flatten())
        })
    }

    /// The number of the bin of each element, as i32: with ascending `bins`, i where
    /// `bins[i−1] ≤ x < bins[i]`, or `bins[i−1] < x ≤ bins[i]` if `right`. `jax.numpy.digitize`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let (x, bins) = (Array::from([0.0, 1.0, 2.5]), Array::from([1.0, 2.0]));
    /// assert_eq!(x.digitize(&bins, false).to_vec::<i32>(), [0, 1, 2]);
    /// assert_eq!(x.digitize(&bins, true).to_vec::<i32>(), [0, 0, 2]);
    /// ```
    ///
    /// # Panics
    /// Panics if `bins` has not exactly one axis.
    #[track_caller]
    pub fn digitize(&self, bins: impl AsArray, right: bool) -> Array {
        let bins = bins.as_array();
        if bins.rank() != 1 {
            invalid("digitize", format!("needs bins of one axis, got {}", bins.aval()));
        }
        let n = bins.size();
        if n == 0 {
            return super::zeros(self.shape(), DType::I32);
        }
        one_program("digitize", &[self.clone(), bins.clone()], |args| {
            let (x, bins) = (&args[0], &args[1]);
            let up = bins.searchsorted(x, !right);
            let down = n as i32 - &bins.flip(0).searchsorted(x, !right);
            let ascending = bins.slice_dim(0, n - 1, n).ge(bins.slice_dim(0, 0, 1)).squeeze(0);
            where_(&ascending, up, down)
        })
    }

    /// How many elements lie in each of `bins` equal parts of `low..=high`, as floats, and the
    /// `bins` + 1 edges. `jax.numpy.histogram` with a range.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let (counts, edges) = Array::from([0.0, 0.5, 1.0, 3.0]).histogram(2, 0.0, 1.0);
    /// assert_eq!(counts.to_vec::<f64>(), [1.0, 2.0]); // the last bin has both its ends
    /// assert_eq!(edges.to_vec::<f64>(), [0.0, 0.5, 1.0]);
    /// ```
    ///
    /// # Panics
    /// Panics if `bins` is 0.
    #[track_caller]
    pub fn histogram(&self, bins: usize, low: f64, high: f64) -> (Array, Array) {
        if bins == 0 {
            invalid("histogram", "needs at least one bin".into());
        }
        let edge_count = sum_of("histogram", bins, 1);
        super::program::program2("histogram", std::slice::from_ref(self), |args| {
            let x = args[0].to_inexact().flatten();
            let edges = super::linspace(low, high, edge_count, x.dtype());
            let at = edges.searchsorted(&x, true);
            let last = edges.slice_dim(0, bins, bins + 1);
            let at = where_(x.eq(last), bins, at) - 1;
            // Values outside of the range count in no bin.
            let at = where_(at.lt(0), bins, at);
            let counts = super::zeros([bins], x.dtype());
            (counts.at(&at).mode(IndexMode::Fill).add(x.ones_like()), edges)
        })
    }
}

/// The different elements of an array. See [`Array::unique_all`].
///
/// ```
/// use nnx::{Array, array::Unique};
///
/// let x = Array::from([3, 1, 3]);
/// let Unique { values, index, inverse, counts } = x.unique_all(None);
/// assert_eq!(values.to_vec::<i32>(), [1, 3]);
/// assert_eq!(x.take(&index, 0).to_vec::<i32>(), [1, 3]);
/// assert_eq!(values.take(&inverse, 0).to_vec::<i32>(), [3, 1, 3]);
/// assert_eq!(counts.to_vec::<i32>(), [1, 2]);
/// ```
#[derive(Debug, Clone)]
pub struct Unique {
    /// The different elements in ascending order.
    pub values: Array,
    /// The position of the first of each in the flat array, as i32.
    pub index: Array,
    /// For each element of the array the position of its value, as i32.
    pub inverse: Array,
    /// How often each occurs in the array, as i32.
    pub counts: Array,
}

/// Where a sorted vector has another element than before.
#[track_caller]
fn first_of_equals(x: &Array) -> Array {
    let n = x.size();
    if n == 0 {
        return super::zeros([0], DType::Bool);
    }
    let (before, after) = (x.slice_dim(0, 0, n - 1), x.slice_dim(0, 1, n));
    let mut differs = before.ne(&after);
    if x.dtype().is_inexact() {
        differs &= (before.is_nan() & after.is_nan()).logical_not();
    }
    concatenate([&super::ones([1], DType::Bool), &differs], 0)
}
