//! Slices with bounds known while tracing, at computed places, and padding.

use super::axes::{dim, invalid, signed};
use super::starts::cut;
use super::{AsArray, AsArrays, Operand, one_program};
use crate::graph::Array;
use crate::ops::{DynamicSlice, DynamicUpdateSlice, Pad, Slice};
use crate::run::bind1;
use crate::value::{Aval, DType};
use std::ops::{Range, RangeFrom, RangeFull, RangeTo};

/// The part of one axis to take: a range with optional step, or one position.
///
/// ```
/// use nnx::{Array, array::SliceSpec};
///
/// let x = Array::from([[1, 2, 3], [4, 5, 6]]);
/// let last: SliceSpec = (-1).into();
/// let columns = SliceSpec::from(..).step_by(2);
/// assert_eq!(x.slice([last, columns]).to_vec::<i32>(), [4, 6]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SliceSpec {
    start: Option<isize>,
    end: Option<isize>,
    step: usize,
    /// One position: the axis vanishes.
    index: bool,
}

/// A [`SliceSpec`] of an axis of known size.
#[derive(Clone, Copy)]
pub(super) struct Resolved {
    pub(super) start: usize,
    pub(super) limit: usize,
    pub(super) step: usize,
    /// One position: the axis vanishes.
    pub(super) index: bool,
}

impl Resolved {
    /// Number of elements.
    pub(super) fn len(self) -> usize {
        (self.limit - self.start).div_ceil(self.step)
    }
}

impl SliceSpec {
    /// Every `step`-th element of the range.
    ///
    /// ```
    /// use nnx::{Array, array::SliceSpec};
    ///
    /// let x = Array::from([0, 1, 2, 3, 4, 5]);
    /// assert_eq!(x.at(SliceSpec::from(1..).step_by(2)).get().to_vec::<i32>(), [1, 3, 5]);
    /// ```
    pub fn step_by(self, step: usize) -> Self {
        SliceSpec { step, ..self }
    }

    /// Its meaning for axis `d` of an array.
    #[track_caller]
    pub(super) fn resolve(self, op: &str, aval: &Aval, d: usize) -> Resolved {
        let n = aval.shape()[d] as isize;
        if self.step == 0 {
            invalid(op, format!("the step of axis {d} is 0"));
        }
        if self.index {
            let i = self.start.unwrap_or(0);
            let at = if i < 0 { i + n } else { i };
            if at < 0 || at >= n {
                invalid(op, format!("position {i} of axis {d} is out of bounds for {aval}"));
            }
            let start = at as usize;
            return Resolved { start, limit: start + 1, step: 1, index: true };
        }
        let clamp = |i: isize| (if i < 0 { i + n } else { i }).clamp(0, n) as usize;
        let start = self.start.map_or(0, clamp);
        let limit = self.end.map_or(n as usize, clamp).max(start);
        Resolved { start, limit, step: self.step, index: false }
    }
}

/// The slice operation that takes `parts` of the leading axes of `aval`, and the shape of its
/// result without the axes of single positions.
pub(super) fn slice_op(aval: &Aval, parts: &[Resolved]) -> (Slice, Vec<usize>) {
    let mut op = Slice {
        start: vec![0; aval.rank()],
        limit: aval.shape().to_vec(),
        stride: vec![1; aval.rank()],
    };
    let mut shape = Vec::with_capacity(aval.rank());
    for d in 0..aval.rank() {
        let Some(part) = parts.get(d) else {
            shape.push(aval.shape()[d]);
            continue;
        };
        (op.start[d], op.limit[d], op.stride[d]) = (part.start, part.limit, part.step);
        if !part.index {
            shape.push(part.len());
        }
    }
    (op, shape)
}

macro_rules! specs {
    ($($t:ty),*) => {$(
        impl From<$t> for SliceSpec {
            fn from(i: $t) -> Self {
                SliceSpec { start: Some(signed(i)), end: None, step: 1, index: true }
            }
        }
        impl From<Range<$t>> for SliceSpec {
            fn from(r: Range<$t>) -> Self {
                SliceSpec {
                    start: Some(signed(r.start)), end: Some(signed(r.end)), step: 1, index: false,
                }
            }
        }
        impl From<RangeFrom<$t>> for SliceSpec {
            fn from(r: RangeFrom<$t>) -> Self {
                SliceSpec { start: Some(signed(r.start)), end: None, step: 1, index: false }
            }
        }
        impl From<RangeTo<$t>> for SliceSpec {
            fn from(r: RangeTo<$t>) -> Self {
                SliceSpec { start: None, end: Some(signed(r.end)), step: 1, index: false }
            }
        }
    )*};
}
specs!(i32, isize, usize);

impl From<RangeFull> for SliceSpec {
    fn from(_: RangeFull) -> Self {
        SliceSpec { start: None, end: None, step: 1, index: false }
    }
}

/// Parts of arrays.
impl Array {
    /// The part of the array that `specs` name, one per leading axis; the other axes are whole.
    /// Bounds may be negative and are clamped as in NumPy; a single position drops its axis.
    /// `jax.lax.slice`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[1, 2, 3], [4, 5, 6], [7, 8, 9]]);
    /// let y = x.slice([(0..2).into(), (-1).into()]); // x[0:2, -1]
    /// assert_eq!(y.to_vec::<i32>(), [3, 6]);
    /// ```
    ///
    /// # Panics
    /// Panics if there are more specs than axes, a step is 0, or a position is out of bounds.
    #[track_caller]
    pub fn slice<const N: usize>(&self, specs: [SliceSpec; N]) -> Array {
        let aval = self.aval();
        if N > aval.rank() {
            invalid("slice", format!("{N} ranges for {aval}, which has {} axes", aval.rank()));
        }
        let mut parts = Vec::with_capacity(N);
        for (d, spec) in specs.into_iter().enumerate() {
            parts.push(spec.resolve("slice", aval, d));
        }
        let (op, shape) = slice_op(aval, &parts);
        cut(self, op, &shape)
    }

    /// Elements `start..limit` along dimension `d`.
    #[track_caller]
    pub(crate) fn slice_dim(&self, d: usize, start: usize, limit: usize) -> Array {
        let rank = self.rank();
        let mut op =
            Slice { start: vec![0; rank], limit: self.shape().to_vec(), stride: vec![1; rank] };
        op.start[d] = start;
        op.limit[d] = limit;
        let shape = op.out_shape();
        cut(self, op, &shape)
    }

    /// Splits into equal parts along `axis`. `jax.numpy.split`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let parts = Array::from([[1, 2, 3, 4]]).split(2, -1);
    /// assert_eq!(parts[0].to_vec::<i32>(), [1, 2]);
    /// assert_eq!(parts[1].to_vec::<i32>(), [3, 4]);
    /// ```
    ///
    /// # Panics
    /// Panics if the size is not divisible by `parts`.
    #[track_caller]
    pub fn split(&self, parts: usize, axis: isize) -> Vec<Array> {
        let d = dim("split", axis, self.aval());
        let n = self.shape()[d];
        if parts == 0 || !n.is_multiple_of(parts) {
            let aval = self.aval();
            invalid(
                "split",
                format!("axis {axis} of {aval} cannot be split in {parts} equal parts"),
            );
        }
        let size = n / parts;
        (0..parts).map(|i| self.slice_dim(d, i * size, (i + 1) * size)).collect()
    }

    /// Computed starts of which negative ones count from the end.
    fn counted_starts(&self, starts: &[Array]) -> Vec<Array> {
        let one = |(i, start): (usize, &Array)| match self.shape().get(i) {
            Some(&n) if start.rank() == 0 && start.dtype().is_signed_int() => {
                // Wide enough for the size of the axis.
                let wide = start.dtype().size() >= DType::I32.size();
                let start = if wide { start.clone() } else { start.astype(DType::I32) };
                super::where_(start.lt(0), &start + n, &start)
            }
            _ => start.clone(),
        };
        starts.iter().enumerate().map(one).collect()
    }

    /// Position `index` along `axis`, computed while running and clamped to the bounds, negative
    /// ones counted from the end; the axis vanishes. `jax.lax.dynamic_index_in_dim` without `keepdims`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[1, 2], [3, 4], [5, 6]]);
    /// let row = x.dynamic_index(Array::scalar(1), 0); // one program for all rows
    /// assert_eq!(row.to_vec::<i32>(), [3, 4]);
    /// assert_eq!(x.dynamic_index(Array::scalar(9), 0).to_vec::<i32>(), [5, 6]); // clamped
    /// ```
    ///
    /// # Panics
    /// Panics if there is no such axis or `index` is not an integer scalar.
    #[track_caller]
    pub fn dynamic_index(&self, index: impl AsArray, axis: isize) -> Array {
        let index = index.as_array();
        let d = dim("dynamic_index", axis, self.aval());
        let zero = Array::constant_int(index.dtype(), 0);
        let mut sizes = self.shape().to_vec();
        sizes[d] = 1;
        let starts: Vec<&Array> =
            (0..self.rank()).map(|i| if i == d { index } else { &zero }).collect();
        self.dynamic_slice(&starts, &sizes).squeeze(d)
    }

    /// A slice of `sizes` at computed `starts` (integer scalars), clamped to fit; negative ones
    /// count from the end.
    /// `jax.lax.dynamic_slice`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([0, 1, 2, 3, 4]);
    /// assert_eq!(x.dynamic_slice(&[&Array::scalar(1)], &[2]).to_vec::<i32>(), [1, 2]);
    /// assert_eq!(x.dynamic_slice(&[&Array::scalar(4)], &[2]).to_vec::<i32>(), [3, 4]); // clamped
    /// ```
    ///
    /// # Panics
    /// Panics if there is not one start and size per axis, or a size is too large.
    #[track_caller]
    pub fn dynamic_slice(&self, starts: impl AsArrays, sizes: &[usize]) -> Array {
        let starts = &*starts.as_arrays();
        let args: Vec<Array> = starts.iter().map(|&start| start.clone()).collect();
        let args: Vec<Array> = std::iter::once(self.clone()).chain(args).collect();
        one_program("dynamic_slice", &args, |args| {
            let starts = self.counted_starts(&args[1..]);
            let ins: Vec<&Array> = args[..1].iter().chain(&starts).collect();
            bind1(DynamicSlice(sizes.to_vec()), &ins)
        })
    }

    /// This array with `update` written at computed `starts` (integer scalars), clamped to fit;
    /// negative ones count from the end.
    /// `jax.lax.dynamic_update_slice`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let (x, update) = (Array::from([0, 1, 2, 3]), Array::from([8, 9]));
    /// let y = x.dynamic_update_slice(&update, &[&Array::scalar(1)]);
    /// assert_eq!(y.to_vec::<i32>(), [0, 8, 9, 3]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is not one start per axis, or the update is too large.
    #[track_caller]
    pub fn dynamic_update_slice(&self, update: impl AsArray, starts: impl AsArrays) -> Array {
        let starts = &*starts.as_arrays();
        let update = update.as_array();
        let args = [self, update].into_iter().chain(starts.iter().copied());
        let args: Vec<Array> = args.cloned().collect();
        one_program("dynamic_update_slice", &args, |args| {
            let starts = self.counted_starts(&args[2..]);
            let ins: Vec<&Array> = args[..2].iter().chain(&starts).collect();
            bind1(DynamicUpdateSlice, &ins)
        })
    }

    /// Adds `low` and `high` elements of `value` before and after each axis; negative ones cut.
    /// `jax.numpy.pad` with mode `constant`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([1, 2, 3]);
    /// assert_eq!(x.pad(&[(1, 2)], 0).to_vec::<i32>(), [0, 1, 2, 3, 0, 0]);
    /// assert_eq!(x.pad(&[(-1, 1)], 9).to_vec::<i32>(), [2, 3, 9]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is not one pair per axis, or nothing is left.
    #[track_caller]
    pub fn pad(&self, pairs: &[(i64, i64)], value: impl Operand) -> Array {
        let config: Vec<(i64, i64, i64)> =
            pairs.iter().map(|&(low, high)| (low, high, 0)).collect();
        self.pad_general(&config, value)
    }

    /// Padding with `interior` elements between neighbours too: low, high, interior per axis.
    /// `jax.lax.pad`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([1, 2, 3]);
    /// assert_eq!(x.pad_general(&[(0, 1, 1)], 0).to_vec::<i32>(), [1, 0, 2, 0, 3, 0]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is not one triple per axis, or nothing is left.
    #[track_caller]
    pub fn pad_general(&self, config: &[(i64, i64, i64)], value: impl Operand) -> Array {
        bind1(Pad(config.to_vec()), &[self, &value.array(self.dtype())])
    }
}
