//! Arrays cut, mirrored and grown by NumPy's short names.

use super::OptionalArray;
use super::axes::{invalid, shape_of};
use super::nonzero::size_of;
use super::program::program;
use super::{AsArray, IntoShape, concatenate, iota, one_program, select};
use crate::graph::Array;
use crate::value::{DType, saturating_product};

/// At which ends [`Array::trim_zeros`] cuts.
///
/// ```
/// use nnx::{Array, array::Trim};
///
/// let x = Array::from([0, 1, 0, 2, 0]);
/// assert_eq!(x.trim_zeros(Trim::default(), None).to_vec::<i32>(), [1, 0, 2]); // both
/// assert_eq!(x.trim_zeros(Trim::Front, None).to_vec::<i32>(), [1, 0, 2, 0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Trim {
    /// At both: `"fb"` in NumPy.
    #[default]
    Both,
    /// At the front only: `"f"` in NumPy.
    Front,
    /// At the back only: `"b"` in NumPy.
    Back,
}

/// Short names for what `flip`, `split` and `reshape` do along certain axes, and ends cut off.
impl Array {
    /// The columns in reverse order: [`flip`](Array::flip) along axis 1. `jax.numpy.fliplr`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// assert_eq!(Array::from([[1, 2], [3, 4]]).fliplr().to_vec::<i32>(), [2, 1, 4, 3]);
    /// ```
    ///
    /// # Panics
    /// Panics if there are fewer than two axes.
    #[track_caller]
    pub fn fliplr(&self) -> Array {
        self.flip(1)
    }

    /// The rows in reverse order: [`flip`](Array::flip) along axis 0. `jax.numpy.flipud`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// assert_eq!(Array::from([[1, 2], [3, 4]]).flipud().to_vec::<i32>(), [3, 4, 1, 2]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is no axis.
    #[track_caller]
    pub fn flipud(&self) -> Array {
        self.flip(0)
    }

    /// Splits into equal parts along the second axis, a vector along its only one.
    /// `jax.numpy.hsplit`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let halves = Array::from([[1, 2], [3, 4]]).hsplit(2);
    /// assert_eq!(halves[0].shape(), [2, 1]);
    /// assert_eq!(halves[0].to_vec::<i32>(), [1, 3]);
    /// ```
    ///
    /// # Panics
    /// Panics if the size is not divisible by `parts`, or there is no axis.
    #[track_caller]
    pub fn hsplit(&self, parts: usize) -> Vec<Array> {
        self.split(parts, if self.rank() > 1 { 1 } else { 0 })
    }

    /// Splits into equal parts along the first axis. `jax.numpy.vsplit`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let halves = Array::from([[1, 2], [3, 4]]).vsplit(2);
    /// assert_eq!(halves[0].shape(), [1, 2]);
    /// assert_eq!(halves[0].to_vec::<i32>(), [1, 2]);
    /// ```
    ///
    /// # Panics
    /// Panics if the size is not divisible by `parts`, or there is no axis.
    #[track_caller]
    pub fn vsplit(&self, parts: usize) -> Vec<Array> {
        self.split(parts, 0)
    }

    /// The elements row by row in another shape, from the start again where there are too few; zeros
    /// where there are none at all. `jax.numpy.resize`.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([1, 2, 3]);
    /// assert_eq!(x.resize([2, 2]).to_vec::<i32>(), [1, 2, 3, 1]);
    /// ```
    ///
    /// # Panics
    /// Panics if a size is negative.
    #[track_caller]
    pub fn resize(&self, shape: impl IntoShape) -> Array {
        let shape = shape_of("resize", shape);
        let (size, wanted) = (self.size(), saturating_product(&shape));
        if size == 0 {
            return super::zeros(&shape, self.dtype());
        }
        one_program("resize", std::slice::from_ref(self), |args| {
            let all = args[0].flatten().tile(&[wanted.div_ceil(size)]);
            all.slice_dim(0, 0, wanted).reshape(&shape)
        })
    }

    /// The differences of neighbours among all elements row by row, between `to_begin` and `to_end`,
    /// which are converted to this array's dtype. `jax.numpy.ediff1d`.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([1, 4, 9]);
    /// assert_eq!(x.ediff1d(None, Some(&Array::scalar(0))).to_vec::<i32>(), [3, 5, 0]);
    /// ```
    ///
    /// # Panics
    /// Panics for bool arrays.
    #[track_caller]
    pub fn ediff1d(&self, to_begin: impl OptionalArray, to_end: impl OptionalArray) -> Array {
        let (to_begin, to_end) = (to_begin.optional(), to_end.optional());
        if self.dtype() == DType::Bool {
            invalid("ediff1d", format!("truth values have no differences, got {}", self.aval()));
        }
        let inner = self.flatten().diff(1, 0);
        let ends = [to_begin, to_end].map(|x| x.map(|x| x.flatten().astype(self.dtype())));
        let [begin, end] = &ends;
        let all: Vec<&Array> = begin.iter().chain([&inner]).chain(end).collect();
        if all.len() == 1 { inner } else { concatenate(&all, 0) }
    }

    /// A vector without the zeros at its ends; with a `size`, as many elements from the first that
    /// is kept on, filled up with zeros. `jax.numpy.trim_zeros` of a vector.
    ///
    /// ```
    /// use nnx::{Array, array::Trim};
    /// let x = Array::from([0, 1, 0, 2, 0]);
    /// assert_eq!(x.trim_zeros(Trim::Both, None).to_vec::<i32>(), [1, 0, 2]);
    /// assert_eq!(x.trim_zeros(Trim::Back, None).to_vec::<i32>(), [0, 1, 0, 2]);
    /// ```
    ///
    /// # Panics
    /// Panics if there is not exactly one axis, and without a size inside a trace.
    #[track_caller]
    pub fn trim_zeros(&self, trim: Trim, size: impl Into<Option<usize>>) -> Array {
        const OP: &str = "trim_zeros";
        if self.rank() != 1 {
            invalid(OP, format!("needs a vector, got {}", self.aval()));
        }
        let n = self.size();
        let kept = one_program(OP, std::slice::from_ref(self), |args| {
            // Elements after one that is not zero, and before one.
            let mark = args[0].ne(0).astype(DType::I32);
            let after = mark.cumsum(0).gt(0);
            let before = mark.flip(0).cumsum(0).gt(0).flip(0);
            match trim {
                Trim::Both => after & before,
                Trim::Front => after,
                Trim::Back => before,
            }
        });
        let size = size_of(OP, size.into(), &kept);
        if n == 0 || size == 0 {
            return super::zeros([size], self.dtype());
        }
        let outs = program(OP, &[self.clone(), kept], |args| {
            let (x, kept) = (&args[0], args[1].astype(DType::I32));
            let at = iota([size], DType::I32, 0);
            let inside = at.lt(kept.sum(0));
            let places = at + kept.argmax(0);
            let picked = x.take_mode(&places, 0, super::IndexMode::Clip);
            vec![select(&inside, &picked, picked.zeros_like())]
        });
        outs.into_iter().next().unwrap_or_else(|| unreachable!("one result"))
    }
}

/// `values` after the elements of `x` along `axis`; without an axis both are flattened first.
/// `jax.numpy.append`.
///
/// ```
/// use nnx::{Array, array::append};
/// let x = append(Array::from([1, 2]), &Array::scalar(3), None);
/// assert_eq!(x.to_vec::<i32>(), [1, 2, 3]);
/// ```
///
/// # Panics
/// Panics if there is no such axis, or the other axes differ.
#[track_caller]
pub fn append(x: impl AsArray, values: impl AsArray, axis: impl Into<Option<isize>>) -> Array {
    let (x, values) = (x.as_array(), values.as_array());
    match axis.into() {
        Some(axis) => concatenate([x, values], axis),
        None => concatenate([&x.flatten(), &values.flatten()], 0),
    }
}
