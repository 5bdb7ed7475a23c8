//! Sorting, the largest elements, and places in sorted arrays.

use super::axes::{dim, invalid};
use super::indexing::one_program;
use super::{AsArray, AsArrays, concatenate, iota, real_only};
use crate::graph::Array;
use crate::ops::{Sort, TopK};
use crate::run::bind;
use crate::value::DType;

/// Sorting. NaN comes last, −0 equals 0, equal elements keep their order. Complex numbers are sorted by their real
/// parts, and by their imaginary ones where these are equal.
impl Array {
    /// The elements in ascending order along `axis`. For descending order,
    /// [`flip`](Array::flip) the result. `jax.numpy.sort`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([3.0, f64::NAN, 1.0]).sort(0).to_vec::<f64>();
    /// assert_eq!(x[..2], [1.0, 3.0]);
    /// let descending = Array::from([[2, 3, 1]]).sort(-1).flip(-1);
    /// assert_eq!(descending.to_vec::<i32>(), [3, 2, 1]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn sort(&self, axis: isize) -> Array {
        let dim = dim("sort", axis, self.aval());
        bind(Sort { dim, num_keys: 1 }, &[self])[0].clone()
    }

    /// The positions, as i32, that sort the elements along `axis`; for
    /// [`take_along_axis`](Array::take_along_axis). `jax.numpy.argsort`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[30, 10, 20]]);
    /// let order = x.argsort(-1);
    /// assert_eq!(order.to_vec::<i32>(), [1, 2, 0]);
    /// assert_eq!(x.take_along_axis(&order, -1).to_vec::<i32>(), [10, 20, 30]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn argsort(&self, axis: isize) -> Array {
        let d = dim("argsort", axis, self.aval());
        let shape = self.shape();
        one_program("argsort", std::slice::from_ref(self), |args| {
            let positions = iota(shape, DType::I32, d);
            bind(Sort { dim: d, num_keys: 1 }, &[&args[0], &positions])[1].clone()
        })
    }

    /// The `kth` + 1 smallest elements along `axis` in ascending order, then the others in descending
    /// order: an order in which all elements before `kth` are at most as large as it and all after it at
    /// least. NaN counts as largest. `jax.numpy.partition` (default last axis).
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([3, 1, 4, 1, 5, 9, 2, 6]);
    /// assert_eq!(x.partition(3, -1).to_vec::<i32>(), [1, 1, 2, 3, 9, 6, 5, 4]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis or no element `kth`.
    #[track_caller]
    pub fn partition(&self, kth: isize, axis: isize) -> Array {
        let (d, first) = self.kth("partition", kth, axis);
        one_program("partition", std::slice::from_ref(self), |args| {
            let sorted = args[0].sort(d as isize);
            let n = sorted.shape()[d];
            let (small, large) = (sorted.slice_dim(d, 0, first), sorted.slice_dim(d, first, n));
            concatenate([&small, &large.flip(d)], d as isize)
        })
    }

    /// The positions, as i32, of the `kth` + 1 smallest elements along `axis` in ascending order of the
    /// elements, then those of the others in ascending order of the positions. See
    /// [`partition`](Array::partition). `jax.numpy.argpartition`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([3, 1, 4, 1, 5]);
    /// assert_eq!(x.argpartition(2, -1).to_vec::<i32>(), [1, 3, 0, 2, 4]);
    /// ```
    ///
    /// # Panics
    /// As `partition`.
    #[track_caller]
    pub fn argpartition(&self, kth: isize, axis: isize) -> Array {
        let (d, first) = self.kth("argpartition", kth, axis);
        one_program("argpartition", std::slice::from_ref(self), |args| {
            let x = args[0].moveaxis(d as isize, -1);
            let (last, n) = (x.rank() - 1, self.shape()[d]);
            let positions = iota(x.shape(), DType::I32, last);
            let sorted = bind(Sort { dim: last, num_keys: 1 }, &[&x, &positions]);
            let small = sorted[1].slice_dim(last, 0, first);
            let large = sorted[1].slice_dim(last, first, n).sort(-1);
            concatenate([&small, &large], -1).moveaxis(-1, d as isize)
        })
    }

    /// The dimension, and how many elements come up to the `kth`.
    #[track_caller]
    fn kth(&self, op: &str, kth: isize, axis: isize) -> (usize, usize) {
        real_only(op, self);
        let d = dim(op, axis, self.aval());
        let n = self.shape()[d] as isize;
        let at = if kth < 0 { kth + n } else { kth };
        if at < 0 || at >= n {
            invalid(op, format!("axis {d} of {} has no element {kth}", self.aval()));
        }
        (d, at as usize + 1)
    }

    /// The `k` largest elements along the last axis, largest first, and their positions as i32.
    /// The first of equals comes first; NaN counts as largest. `jax.lax.top_k`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let (values, positions) = Array::from([3, 1, 4, 4, 5]).top_k(3);
    /// assert_eq!(values.to_vec::<i32>(), [5, 4, 4]);
    /// assert_eq!(positions.to_vec::<i32>(), [4, 2, 3]);
    /// ```
    ///
    /// # Panics
    /// Panics if the last axis has fewer than `k` elements.
    #[track_caller]
    pub fn top_k(&self, k: usize) -> (Array, Array) {
        let mut outs = bind(TopK(k), &[self]);
        match (outs.pop(), outs.pop()) {
            (Some(positions), Some(values)) => (values, positions),
            _ => unreachable!("top_k has two results"),
        }
    }

    /// The `k` largest elements along `axis`, largest first, and their positions as i32. Exact, as JAX's are but on TPUs;
    /// so there is no recall to choose. `jax.lax.approx_max_k`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let (values, positions) = Array::from([[3.0, 1.0], [4.0, 5.0], [2.0, 0.0]]).approx_max_k(2, 0);
    /// assert_eq!(values.to_vec::<f64>(), [4.0, 5.0, 3.0, 1.0]);
    /// assert_eq!(positions.to_vec::<i32>(), [1, 1, 0, 0]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis, or it has fewer than `k` elements.
    #[track_caller]
    pub fn approx_max_k(&self, k: usize, axis: isize) -> (Array, Array) {
        let d = dim("approx_max_k", axis, self.aval()) as isize;
        let (values, positions) = self.moveaxis(d, -1).top_k(k);
        (values.moveaxis(-1, d), positions.moveaxis(-1, d))
    }

    /// The `k` smallest elements along `axis`, smallest first, and their positions as i32; see
    /// [`approx_max_k`](Array::approx_max_k). `jax.lax.approx_min_k`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let (values, positions) = Array::from([3.0, 1.0, 4.0, 2.0]).approx_min_k(2, 0);
    /// assert_eq!((values.to_vec::<f64>(), positions.to_vec::<i32>()), (vec![1.0, 2.0], vec![1, 3]));
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis, it has fewer than `k` elements, or the elements are not floats.
    #[track_caller]
    pub fn approx_min_k(&self, k: usize, axis: isize) -> (Array, Array) {
        if !self.dtype().is_float() {
            let message = format!("needs floats, got {}; convert with `.astype(…)`", self.aval());
            invalid("approx_min_k", message);
        }
        let (values, positions) = (-self).approx_max_k(k, axis);
        (-values, positions)
    }

    /// Where each of `values` would have to be inserted into this sorted 1-d array to keep it
    /// sorted, as i32: before elements that are equal, or after them if `right`.
    /// `jax.numpy.searchsorted`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let (sorted, values) = (Array::from([1, 3, 3, 5]), Array::from([3, 0, 9]));
    /// assert_eq!(sorted.searchsorted(&values, false).to_vec::<i32>(), [1, 0, 4]);
    /// assert_eq!(sorted.searchsorted(&values, true).to_vec::<i32>(), [3, 0, 4]);
    /// ```
    ///
    /// # Panics
    /// Panics if this array has not exactly one axis.
    #[track_caller]
    pub fn searchsorted(&self, values: impl AsArray, right: bool) -> Array {
        let values = values.as_array();
        if self.rank() != 1 {
            invalid("searchsorted", format!("needs a sorted 1-d array, got {}", self.aval()));
        }
        // How many elements come before each value, by one comparison each.
        one_program("searchsorted", &[self.clone(), values.clone()], |args| {
            let (sorted, value) = (&args[0], args[1].expand_dims(-1));
            let before = if right { value.ge(sorted) } else { value.gt(sorted) };
            // NaN comes after all numbers.
            let last = if right { value.ne(&value) } else { value.ne(&value) & sorted.eq(sorted) };
            (before | last).sum(-1)
        })
    }
}

/// Sorts several arrays of one shape along `axis` by the first `num_keys` of them, the first being
/// the most significant; the others go along. `jax.lax.sort`.
///
/// ```
/// use nnx::{Array, array::sort_multi};
///
/// let (year, month) = (Array::from([2, 1, 2]), Array::from([5, 9, 4]));
/// let sorted = sort_multi([&year, &month, &Array::from([10, 20, 30])], 0, 2);
/// assert_eq!(sorted[1].to_vec::<i32>(), [9, 4, 5]);
/// assert_eq!(sorted[2].to_vec::<i32>(), [20, 30, 10]);
/// ```
///
/// # Panics
/// Panics if the shapes differ, there is no such axis, or `num_keys` is not in 1..=number of
/// arrays.
#[track_caller]
pub fn sort_multi(operands: impl AsArrays, axis: isize, num_keys: usize) -> Vec<Array> {
    let operands = &*operands.as_arrays();
    const OP: &str = "sort_multi";
    let Some(first) = operands.first() else { invalid(OP, "needs at least one array".into()) };
    let dim = dim(OP, axis, first.aval());
    bind(Sort { dim, num_keys }, operands).into_vec()
}

/// `keys` in ascending order along `axis`, and `values` in the same order. `jax.lax.sort_key_val`.
///
/// ```
/// use nnx::{Array, array::sort_key_val};
///
/// let (keys, values) = sort_key_val(Array::from([3, 1, 2]), Array::from([30, 10, 20]), 0);
/// assert_eq!(keys.to_vec::<i32>(), [1, 2, 3]);
/// assert_eq!(values.to_vec::<i32>(), [10, 20, 30]);
/// ```
///
/// # Panics
/// Panics if the shapes differ or there is no such axis.
#[track_caller]
pub fn sort_key_val(keys: impl AsArray, values: impl AsArray, axis: isize) -> (Array, Array) {
    let sorted = sort_multi([keys.as_array(), values.as_array()], axis, 1);
    (sorted[0].clone(), sorted[1].clone())
}

/// The elements as complex numbers in ascending order along the last axis, by their real parts and among equal
/// ones by their imaginary parts. `jax.numpy.sort_complex`.
///
/// ```
/// use nnx::{Array, array::{complex, sort_complex}};
/// let z = complex(&Array::from([2.0_f32, 1.0, 2.0]), &Array::from([0.0_f32, 5.0, -1.0]));
/// assert_eq!(sort_complex(&z).imag().to_vec::<f32>(), [5.0, -1.0, 0.0]);
/// ```
///
/// # Panics
/// Panics for a scalar.
#[track_caller]
pub fn sort_complex(x: impl AsArray) -> Array {
    let x = x.as_array();
    dim("sort_complex", -1, x.aval());
    one_program("sort_complex", std::slice::from_ref(x), |args| {
        let dtype = args[0].dtype().complex();
        let z = args[0].astype(dtype);
        let parts = sort_multi([&z.real(), &z.imag()], -1, 2);
        super::complex(&parts[0], &parts[1])
    })
}

/// The positions, as i32, that sort by several keys along `axis`, the last key being the most
/// significant. `jax.numpy.lexsort`.
///
/// ```
/// use nnx::{Array, array::lexsort};
///
/// let (month, year) = (Array::from([3, 1, 2]), Array::from([1, 0, 1]));
/// assert_eq!(lexsort([&month, &year], 0).to_vec::<i32>(), [1, 2, 0]); // by years first
/// ```
///
/// # Panics
/// Panics if there is no key, the shapes differ or there is no such axis.
#[track_caller]
pub fn lexsort(keys: impl AsArrays, axis: isize) -> Array {
    let keys = &*keys.as_arrays();
    let Some(first) = keys.first() else { invalid("lexsort", "needs at least one key".into()) };
    let (d, shape) = (dim("lexsort", axis, first.aval()), first.shape());
    let owned: Vec<Array> = keys.iter().rev().map(|&key| key.clone()).collect();
    one_program("lexsort", &owned, |args| {
        let positions = iota(shape, DType::I32, d);
        let all: Vec<&Array> = args.iter().chain([&positions]).collect();
        sort_multi(&all, axis, args.len())[args.len()].clone()
    })
}
