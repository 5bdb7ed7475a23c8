//! Elements at computed places: `take` and `take_along_axis`.

use super::arith::broadcast_shapes;
use super::axes::{dim, invalid};
use super::{AsArray, Operand, select};
use crate::error::{catching, or_raise};
use crate::graph::{Array, user_location, with_location};
use crate::lower::GatherDims;
use crate::ops::{Gather, IndexFlags, OutOfBounds, gather_along};
use crate::run::{bind1, staged};
use crate::value::{Aval, DType, highest, lowest, scalar_bytes};

/// The treatment of indices that lie outside of their axis.
///
/// ```
/// use nnx::{Array, array::IndexMode};
///
/// let (x, places) = (Array::from([1.0, 2.0, 3.0]), Array::from([1, 4]));
/// let y = |mode| x.take_mode(&places, 0, mode).to_vec::<f64>();
/// assert_eq!(y(IndexMode::Clip), [2.0, 3.0]);
/// assert_eq!(y(IndexMode::Wrap), [2.0, 2.0]);
/// assert!(y(IndexMode::Fill)[1].is_nan());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IndexMode {
    /// There are none. If there are, reads give some element and updates are dropped.
    PromiseInBounds,
    /// They are moved to the nearest valid one.
    Clip,
    /// Reads give NaN (the smallest signed, the largest unsigned integer, `true`), updates are
    /// dropped.
    Fill,
    /// They are counted modulo the size of the axis.
    Wrap,
}

impl IndexMode {
    pub(super) fn out_of_bounds(self) -> OutOfBounds {
        match self {
            IndexMode::PromiseInBounds | IndexMode::Wrap => OutOfBounds::Promised,
            IndexMode::Clip => OutOfBounds::Clip,
            IndexMode::Fill => OutOfBounds::FillOrDrop,
        }
    }
}

/// The element that [`IndexMode::Fill`] reads outside, as bytes.
pub(super) fn default_fill(dtype: DType) -> Vec<u8> {
    if dtype.inexact() == dtype {
        scalar_bytes(dtype, f64::NAN)
    } else if dtype.is_signed_int() {
        lowest(dtype)
    } else {
        highest(dtype)
    }
}

/// A dtype for indices that holds all of `indices` and every position of `operand`.
pub(super) fn index_dtype(operand: &Aval, indices: &[DType]) -> DType {
    let wide = |dtype: &DType| matches!(dtype, DType::I64 | DType::U64 | DType::U32);
    let large = operand.shape().iter().any(|&n| i32::try_from(n).is_err());
    if large || indices.iter().any(wide) { DType::I64 } else { DType::I32 }
}

/// Indices of an axis of size `n` in `dtype`, counted from its start.
pub(super) fn normalize(indices: &Array, n: usize, wrap: bool, dtype: DType) -> Array {
    let signed = indices.dtype().is_signed_int();
    let indices = indices.astype(dtype);
    if wrap {
        // An axis of size 0 has no element to wrap to.
        return indices % n.max(1);
    }
    if !signed {
        return indices;
    }
    let from_end = &indices + n;
    select(indices.lt(0), &from_end, &indices)
}

#[track_caller]
pub(super) fn check_indices(op: &str, indices: &Array) {
    if !indices.dtype().is_int() {
        invalid(op, format!("needs integer indices, got {}", indices.aval()));
    }
}

/// One array from several by operations that become one program.
#[track_caller]
pub(crate) fn one_program(
    name: &str,
    args: &[Array],
    body: impl FnOnce(&[Array]) -> Array,
) -> Array {
    let location = user_location();
    // Caught, so that a mistake in the body stops at the user's line.
    let outs = catching(|| staged(name, args, |args| vec![with_location(location, || body(args))]));
    match or_raise(outs.flatten()).pop() {
        Some(out) => out,
        None => unreachable!("the body has one result"),
    }
}

/// Elements at computed places.
impl Array {
    /// The elements at `indices` along `axis`: the axis is replaced by the axes of `indices`.
    /// Negative indices count from the end; those outside give NaN (see [`IndexMode::Fill`]).
    /// With `axis` 0 this looks up rows of an embedding table. `jax.numpy.take`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let table = Array::from([[0.0, 1.0], [10.0, 11.0], [20.0, 21.0]]); // [vocabulary, d]
    /// let tokens = Array::from([[2, 0]]); // [batch, time]
    /// let y = table.take(&tokens, 0);
    /// assert_eq!(y.shape(), [1, 2, 2]); // [batch, time, d]
    /// assert_eq!(y.to_vec::<f64>(), [20.0, 21.0, 0.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis, it is empty, or `indices` are not integers.
    #[track_caller]
    pub fn take(&self, indices: impl AsArray, axis: isize) -> Array {
        self.take_mode(indices, axis, IndexMode::Fill)
    }

    /// [`take`](Array::take) with another rule for indices outside. `Clip` does not count negative
    /// ones from the end, as in NumPy. `jax.numpy.take`.
    ///
    /// ```
    /// use nnx::{Array, array::IndexMode};
    ///
    /// let (x, places) = (Array::from([10, 20, 30]), Array::from([-1, 3]));
    /// assert_eq!(x.take_mode(&places, 0, IndexMode::Wrap).to_vec::<i32>(), [30, 10]);
    /// assert_eq!(x.take_mode(&places, 0, IndexMode::Clip).to_vec::<i32>(), [10, 30]);
    /// ```
    ///
    /// # Panics
    /// As `take`.
    #[track_caller]
    pub fn take_mode(&self, indices: impl AsArray, axis: isize, mode: IndexMode) -> Array {
        let indices = indices.as_array();
        const OP: &str = "take";
        let aval = self.aval();
        let d = dim(OP, axis, aval);
        check_indices(OP, indices);
        let n = aval.shape()[d];
        if n == 0 && indices.size() > 0 {
            invalid(OP, format!("axis {d} of {aval} has no elements to take"));
        }
        let batch = indices.rank();
        let mut slice_sizes = aval.shape().to_vec();
        slice_sizes[d] = 1;
        let op = Gather {
            dims: GatherDims {
                offset_dims: (0..d).chain(d + batch..aval.rank() - 1 + batch).collect(),
                collapsed_slice_dims: vec![d],
                operand_batching_dims: vec![],
                start_indices_batching_dims: vec![],
                start_index_map: vec![d],
                index_vector_dim: batch,
            },
            slice_sizes,
            flags: IndexFlags { mode: mode.out_of_bounds(), unique: false, sorted: false },
            fill: default_fill(aval.dtype()),
        };
        one_program(OP, &[self.clone(), indices.clone()], |args| {
            let dtype = index_dtype(aval, &[args[1].dtype()]);
            let indices = match mode {
                IndexMode::Clip => args[1].astype(dtype),
                _ => normalize(&args[1], n, mode == IndexMode::Wrap, dtype),
            };
            bind1(op, &[&args[0], &indices.expand_dims(-1)])
        })
    }

    /// Along `axis` the elements at `indices`, whose other axes go along with those of this array
    /// (sizes equal or 1). Negative indices count from the end; those outside give NaN (see
    /// [`IndexMode::Fill`]). Undoes `argsort` and `argmax`. `jax.numpy.take_along_axis`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// // The score of each label: [batch, classes], [batch] -> [batch]
    /// let scores = Array::from([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]);
    /// let labels = Array::from([2, 0]);
    /// let y = scores.take_along_axis(labels.expand_dims(-1), -1).squeeze(-1);
    /// assert_eq!(y.to_vec::<f64>(), [2.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis, the other axes do not broadcast, or `indices` are no
    /// integers.
    #[track_caller]
    pub fn take_along_axis(&self, indices: impl AsArray, axis: isize) -> Array {
        let indices = indices.as_array();
        const OP: &str = "take_along_axis";
        let aval = self.aval();
        let d = dim(OP, axis, aval);
        check_indices(OP, indices);
        let rank = aval.rank();
        let mut shape = aval.shape().to_vec();
        shape[d] = 1;
        let shape = match broadcast_shapes(&shape, indices.shape()) {
            Some(shape) if indices.rank() == rank => shape,
            _ => invalid(
                OP,
                format!(
                    "{aval} and indices {} need as many axes, of equal size or 1 beside axis {d}",
                    indices.aval()
                ),
            ),
        };
        let n = aval.shape()[d];
        if n == 0 && shape.iter().product::<usize>() > 0 {
            invalid(OP, format!("axis {d} of {aval} has no elements to take"));
        }
        let flags = IndexFlags { mode: OutOfBounds::FillOrDrop, unique: false, sorted: false };
        one_program(OP, &[self.clone(), indices.clone()], |args| {
            let mut whole = shape.clone();
            whole[d] = n;
            let dtype = index_dtype(aval, &[args[1].dtype()]);
            let indices = normalize(&args[1], n, false, dtype).broadcast_to_dims(&shape);
            let x = args[0].broadcast_to_dims(&whole);
            gather_along(&x, &indices, d, flags, default_fill(aval.dtype()))
        })
    }

    /// The array with `values` where [`take_along_axis`](Array::take_along_axis) with the same
    /// `indices` would read; they broadcast to the indices. Indices outside are left out.
    /// `jax.numpy.put_along_axis`.
    ///
    /// ```
    /// use nnx::{Array, array::zeros, DType};
    /// let x = zeros([2, 3], DType::I32);
    /// let y = x.put_along_axis(&Array::from([[2], [0]]), 7, 1);
    /// assert_eq!(y.to_vec::<i32>(), [0, 0, 7, 7, 0, 0]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis, the other axes do not broadcast, or `indices` are no
    /// integers.
    #[track_caller]
    pub fn put_along_axis(
        &self,
        indices: impl AsArray,
        values: impl Operand,
        axis: isize,
    ) -> Array {
        let indices = indices.as_array();
        const OP: &str = "put_along_axis";
        let aval = self.aval();
        let d = dim(OP, axis, aval);
        check_indices(OP, indices);
        let rank = aval.rank();
        let mut shape = aval.shape().to_vec();
        shape[d] = indices.shape().get(d).copied().unwrap_or(1);
        let fits = indices.rank() == rank
            && broadcast_shapes(&shape, indices.shape()).as_deref() == Some(&shape[..]);
        if !fits {
            let indices = indices.aval();
            invalid(
                OP,
                format!(
                    "{aval} and indices {indices} need as many axes, of equal size or 1 beside axis {d}"
                ),
            );
        }
        let values = values.array(aval.dtype());
        if broadcast_shapes(values.shape(), &shape).as_deref() != Some(&shape[..]) {
            let values = values.aval();
            invalid(
                OP,
                format!("values {values} do not broadcast to the indices' shape {shape:?}"),
            );
        }
        one_program(OP, &[self.clone(), indices.clone(), values], |args| {
            let index = args[1].broadcast_to_dims(&shape);
            let place = |e: usize| match e == d {
                true => index.clone(),
                false => super::iota(&shape[..], DType::I32, e),
            };
            let places: Vec<super::IndexItem> = (0..rank).map(|e| place(e).into()).collect();
            args[0].at(places).set(args[2].broadcast_to_dims(&shape))
        })
    }
}
