//! Shapes: reshape, transpose, squeeze, join, repeat.

use super::axes::{dim, dims, invalid, product_of};
use super::{AsArrays, IntoAxes, IntoShape};
use crate::graph::Array;
use crate::ops::{BroadcastInDim, Concatenate, Reshape, Reverse, Transpose};
use crate::run::bind1;
use crate::value::{promote_dtypes, saturating_product};

/// Changes of shape.
impl Array {
    /// The same elements in another shape; one size may be `-1`. `jax.numpy.reshape`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([1, 2, 3, 4, 5, 6]).reshape([2, -1]);
    /// assert_eq!(x.shape(), [2, 3]);
    /// assert_eq!(x.at(1).get().to_vec::<i32>(), [4, 5, 6]);
    /// ```
    ///
    /// # Panics
    /// Panics if the number of elements differs.
    #[track_caller]
    pub fn reshape(&self, shape: impl IntoShape) -> Array {
        let shape = shape.into_shape();
        let sizes: Vec<usize> = shape.iter().filter_map(|&n| usize::try_from(n).ok()).collect();
        let known = saturating_product(&sizes);
        let holes = shape.iter().filter(|&&n| n == -1).count();
        let size = self.size();
        let fits = match holes {
            0 => sizes.len() == shape.len(),
            1 => known > 0 && size.is_multiple_of(known) && sizes.len() + 1 == shape.len(),
            _ => false,
        };
        if !fits {
            invalid("reshape", format!("cannot reshape {} to {shape:?}", self.aval()));
        }
        let shape: Vec<usize> =
            shape.into_iter().map(|n| if n < 0 { size / known } else { n as usize }).collect();
        if self.shape() == shape {
            return self.clone();
        }
        bind1(Reshape(shape), &[self])
    }

    /// Reverses the order of the axes. `x.T` in NumPy. `jax.numpy.ndarray.T`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[1, 2, 3], [4, 5, 6]]).t();
    /// assert_eq!(x.shape(), [3, 2]);
    /// assert_eq!(x.to_vec::<i32>(), [1, 4, 2, 5, 3, 6]);
    /// ```
    #[track_caller]
    pub fn t(&self) -> Array {
        bind1(Transpose((0..self.rank()).rev().collect()), &[self])
    }

    /// Axis `i` of the result is axis `axes[i]` of this array. `jax.numpy.transpose`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[[1, 2, 3], [4, 5, 6]]]); // [1, 2, 3]
    /// let y = x.transpose([2, 0, 1]);
    /// assert_eq!(y.shape(), [3, 1, 2]);
    /// assert_eq!(y.to_vec::<i32>(), [1, 4, 2, 5, 3, 6]);
    /// ```
    ///
    /// # Panics
    /// Panics if `axes` is not a permutation of the axes.
    #[track_caller]
    pub fn transpose(&self, axes: impl IntoShape) -> Array {
        let aval = self.aval();
        let perm = dims("transpose", &axes.into_shape(), aval);
        bind1(Transpose(perm), &[self])
    }

    /// Exchanges two axes. `jax.numpy.swapaxes`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[[1, 2, 3], [4, 5, 6]]]); // [1, 2, 3]
    /// let y = x.swapaxes(-1, -2);
    /// assert_eq!(y.shape(), [1, 3, 2]);
    /// assert_eq!(y.to_vec::<i32>(), [1, 4, 2, 5, 3, 6]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn swapaxes(&self, a: isize, b: isize) -> Array {
        let (a, b) = (dim("swapaxes", a, self.aval()), dim("swapaxes", b, self.aval()));
        let mut perm: Vec<usize> = (0..self.rank()).collect();
        perm.swap(a, b);
        bind1(Transpose(perm), &[self])
    }

    /// Moves axis `from` to position `to`. `jax.numpy.moveaxis`.
    ///
    /// ```
    /// use nnx::{Array, DType, array::zeros};
    ///
    /// let images = zeros([8, 3, 32, 24], DType::F32); // [N, C, H, W]
    /// assert_eq!(images.moveaxis(1, -1).shape(), [8, 32, 24, 3]);
    /// let x = Array::from([[1, 2, 3], [4, 5, 6]]);
    /// assert_eq!(x.moveaxis(0, 1).to_vec::<i32>(), [1, 4, 2, 5, 3, 6]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn moveaxis(&self, from: isize, to: isize) -> Array {
        let (from, to) = (dim("moveaxis", from, self.aval()), dim("moveaxis", to, self.aval()));
        let mut perm: Vec<usize> = (0..self.rank()).filter(|&d| d != from).collect();
        perm.insert(to, from);
        bind1(Transpose(perm), &[self])
    }

    /// Inserts an axis of size 1 at position `axis` of the result. `jax.numpy.expand_dims`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([1, 2]);
    /// assert_eq!(x.expand_dims(-1).shape(), [2, 1]);
    /// // A column and a row broadcast to a table.
    /// assert_eq!((x.expand_dims(1) * x.expand_dims(0)).to_vec::<i32>(), [1, 2, 2, 4]);
    /// ```
    ///
    /// # Panics
    /// Panics if the result has no such axis.
    #[track_caller]
    pub fn expand_dims(&self, axis: isize) -> Array {
        let rank = self.rank() as isize + 1;
        let at = if axis < 0 { axis + rank } else { axis };
        if at < 0 || at >= rank {
            let aval = self.aval();
            invalid("expand_dims", format!("axis {axis} is out of bounds for {aval} and one more"));
        }
        self.insert_dims(&[at as usize])
    }

    /// Inserts size-1 dimensions at the positions `dims` (sorted) of the result.
    #[track_caller]
    pub(crate) fn insert_dims(&self, dims: &[usize]) -> Array {
        let mut shape = self.shape().to_vec();
        for &d in dims {
            shape.insert(d, 1);
        }
        self.reshape(shape)
    }

    /// Drops the given axes, which must have size 1. `jax.numpy.squeeze`.
    ///
    /// ```
    /// use nnx::{DType, array::ones};
    ///
    /// let x = ones([1, 3, 1], DType::F32);
    /// assert_eq!(x.squeeze(0).shape(), [3, 1]);
    /// assert_eq!(x.squeeze(..).shape(), [3]); // all that have size 1
    /// ```
    ///
    /// # Panics
    /// Panics if one of them has another size.
    #[track_caller]
    pub fn squeeze(&self, axes: impl IntoAxes) -> Array {
        let aval = self.aval();
        let axes = axes.into_axes();
        let dims: Vec<usize> = match &axes.axes {
            None => (0..aval.rank()).filter(|&d| aval.shape()[d] == 1).collect(),
            Some(_) => axes.resolve("squeeze", aval),
        };
        if let Some(d) = dims.iter().find(|&&d| aval.shape()[d] != 1) {
            invalid("squeeze", format!("axis {d} of {aval} does not have size 1"));
        }
        let shape: Vec<usize> =
            (0..aval.rank()).filter(|d| !dims.contains(d)).map(|d| aval.shape()[d]).collect();
        self.reshape(shape)
    }

    /// All elements in one axis. `jax.numpy.ravel`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[1, 2], [3, 4]]).flatten();
    /// assert_eq!(x.shape(), [4]);
    /// assert_eq!(x.to_vec::<i32>(), [1, 2, 3, 4]);
    /// ```
    #[track_caller]
    pub fn flatten(&self) -> Array {
        self.reshape([self.size()])
    }

    /// Reverses the elements along the given axes. `jax.numpy.flip`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[1, 2], [3, 4]]);
    /// assert_eq!(x.flip(1).to_vec::<i32>(), [2, 1, 4, 3]);
    /// assert_eq!(x.flip(..).to_vec::<i32>(), [4, 3, 2, 1]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn flip(&self, axes: impl IntoAxes) -> Array {
        let dims = axes.into_axes().resolve("flip", self.aval());
        bind1(Reverse(dims), &[self])
    }

    /// Repeats the whole array `reps[i]` times along axis `i`; the shorter of `reps` and the shape
    /// is filled up with 1 in front. `jax.numpy.tile`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([1, 2]);
    /// assert_eq!(x.tile(&[2]).to_vec::<i32>(), [1, 2, 1, 2]);
    /// assert_eq!(x.tile(&[3, 1]).shape(), [3, 2]);
    /// ```
    #[track_caller]
    pub fn tile(&self, reps: &[usize]) -> Array {
        let rank = self.rank().max(reps.len());
        let fill = |sizes: &[usize]| -> Vec<usize> {
            std::iter::repeat_n(1, rank - sizes.len()).chain(sizes.iter().copied()).collect()
        };
        let (reps, shape) = (fill(reps), fill(self.shape()));
        let wide: Vec<usize> = reps.iter().zip(&shape).flat_map(|(&r, &n)| [r, n]).collect();
        let dims = (0..rank).map(|i| 2 * i + 1).collect();
        let mut out = Vec::with_capacity(rank);
        for (&r, &n) in reps.iter().zip(&shape) {
            out.push(product_of("tile", n, r));
        }
        super::one_program("tile", std::slice::from_ref(self), |args| {
            let x = args[0].reshape(shape);
            bind1(BroadcastInDim { shape: wide, dims }, &[&x]).reshape(out)
        })
    }

    /// Repeats every element `n` times along `axis`. `jax.numpy.repeat`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[1, 2]]);
    /// assert_eq!(x.repeat(2, 1).to_vec::<i32>(), [1, 1, 2, 2]);
    /// assert_eq!(x.repeat(2, 0).to_vec::<i32>(), [1, 2, 1, 2]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis.
    #[track_caller]
    pub fn repeat(&self, n: usize, axis: isize) -> Array {
        let d = dim("repeat", axis, self.aval());
        let mut wide = self.shape().to_vec();
        wide.insert(d + 1, n);
        let mut out = self.shape().to_vec();
        out[d] = product_of("repeat", out[d], n);
        let dims = (0..wide.len()).filter(|&i| i != d + 1).collect();
        bind1(BroadcastInDim { shape: wide, dims }, &[self]).reshape(out)
    }
}

/// Joins arrays along an existing axis. `jax.numpy.concatenate`.
///
/// ```
/// use nnx::{Array, array::concatenate};
///
/// let (x, y) = (Array::from([[1, 2]]), Array::from([[3, 4]]));
/// assert_eq!(concatenate([&x, &y], 0).shape(), [2, 2]);
/// assert_eq!(concatenate([&x, &y], -1).to_vec::<i32>(), [1, 2, 3, 4]);
/// ```
///
/// # Panics
/// Panics if there is no array, or their other axes differ.
#[track_caller]
pub fn concatenate(arrays: impl AsArrays, axis: isize) -> Array {
    let arrays = &*arrays.as_arrays();
    let Some(first) = arrays.first() else {
        invalid("concatenate", "needs at least one array".into());
    };
    let dtype = arrays.iter().map(|a| a.dtype()).fold(first.dtype(), promote_dtypes);
    let d = dim("concatenate", axis, first.aval());
    let arrays: Vec<Array> = arrays.iter().map(|a| a.astype(dtype)).collect();
    bind1(Concatenate(d), &arrays.iter().collect::<Vec<_>>())
}

/// Joins arrays of one shape along a new axis. `jax.numpy.stack`.
///
/// ```
/// use nnx::{Array, array::stack};
///
/// let (x, y) = (Array::from([1, 2, 3]), Array::from([4, 5, 6]));
/// assert_eq!(stack([&x, &y], 0).shape(), [2, 3]);
/// assert_eq!(stack([&x, &y], 1).to_vec::<i32>(), [1, 4, 2, 5, 3, 6]);
/// ```
///
/// # Panics
/// Panics if there is no array, or the shapes differ.
#[track_caller]
pub fn stack(arrays: impl AsArrays, axis: isize) -> Array {
    let arrays = &*arrays.as_arrays();
    let Some(first) = arrays.first() else { invalid("stack", "needs at least one array".into()) };
    if let Some(other) = arrays.iter().find(|a| a.shape() != first.shape()) {
        invalid("stack", format!("{} and {} differ in shape", first.aval(), other.aval()));
    }
    let rank = first.rank() as isize + 1;
    if axis < -rank || axis >= rank {
        let aval = first.aval();
        invalid("stack", format!("axis {axis} is out of bounds for {aval} and one more"));
    }
    let arrays: Vec<Array> = arrays.iter().map(|a| a.expand_dims(axis)).collect();
    concatenate(&arrays, axis)
}
