//! New arrays.

use super::axes::{invalid, shape_of};
use super::{AsArray, IntoShape};
use crate::error::{Error, Result, or_raise};
use crate::graph::{Array, is_tracing};
use crate::ops::{BroadcastInDim, Constant, Iota};
use crate::run::bind1;
use crate::value::{Aval, DType, Element, int_scalar_bytes, scalar_bytes};
use crate::xla::{Client, Placement};

/// Arrays from host data and constants.
impl Array {
    /// An array of `shape` with the elements `values` in row-major order. `jax.numpy.array`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from_slice(&[1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0], [2, 3]);
    /// assert_eq!(x.at((1, ..)).get().to_vec::<f32>(), [4.0, 5.0, 6.0]);
    /// ```
    ///
    /// # Panics
    /// Panics if the number of values is not the product of the shape, or no XLA runtime is found.
    #[track_caller]
    pub fn from_slice<T: Element>(values: &[T], shape: impl IntoShape) -> Array {
        let shape = shape_of("Array::from_slice", shape);
        let aval = Aval::new(T::DTYPE, &shape);
        if aval.size() != values.len() {
            invalid("Array::from_slice", format!("{} values do not fill {aval}", values.len()));
        }
        Array::constant(aval, T::to_bytes(values))
    }

    /// A rank-0 array. `jax.numpy.asarray`.
    ///
    /// ```
    /// use nnx::{Array, DType};
    ///
    /// let x = Array::scalar(2.5_f32); // the type of the number is the dtype
    /// assert_eq!((x.rank(), x.dtype(), x.item::<f32>()), (0, DType::F32, 2.5));
    /// ```
    ///
    /// # Panics
    /// Panics if no XLA runtime is found.
    #[track_caller]
    pub fn scalar<T: Element>(value: T) -> Array {
        Array::constant(Aval::scalar(T::DTYPE), T::to_bytes(&[value]))
    }

    /// An array from the little-endian bytes of its elements in row-major order (one byte per
    /// bool). `jax.numpy.frombuffer`.
    ///
    /// ```
    /// use nnx::{Array, DType};
    ///
    /// let x = Array::from_bytes(&[1, 0, 0, 0, 0, 1, 0, 0], DType::I32, &[2]).unwrap();
    /// assert_eq!(x.to_vec::<i32>(), [1, 256]);
    /// assert!(Array::from_bytes(&[1, 0, 0], DType::I32, &[1]).is_err());
    /// ```
    ///
    /// # Errors
    /// Returns an error if the number of bytes does not fit, or no XLA runtime is found.
    pub fn from_bytes(bytes: &[u8], dtype: DType, shape: &[usize]) -> Result<Array> {
        let aval = Aval::new(dtype, shape);
        aval.check_size().map_err(Error::Invalid)?;
        if bytes.len() != aval.byte_size() {
            return Err(Error::Invalid(format!(
                "{aval} takes {} bytes, got {}",
                aval.byte_size(),
                bytes.len()
            )));
        }
        if is_tracing() {
            return Ok(Array::constant(aval, bytes.to_vec()));
        }
        Ok(Array::from_buffer(Client::global()?.upload(bytes, aval, Placement::default())?))
    }

    /// A literal: part of the program inside a trace, an upload outside.
    #[track_caller]
    pub(crate) fn constant(aval: Aval, bytes: Vec<u8>) -> Array {
        if is_tracing() {
            return bind1(Constant { aval, bytes: bytes.into() }, &[]);
        }
        let upload = || {
            Ok(Array::from_buffer(Client::global()?.upload(&bytes, aval, Placement::default())?))
        };
        or_raise(upload())
    }

    #[track_caller]
    pub(crate) fn constant_scalar(dtype: DType, value: f64) -> Array {
        Array::constant(Aval::scalar(dtype), scalar_bytes(dtype, value))
    }

    #[track_caller]
    pub(crate) fn constant_int(dtype: DType, value: i64) -> Array {
        Array::constant(Aval::scalar(dtype), int_scalar_bytes(dtype, value))
    }

    /// A literal vector of i32.
    pub(crate) fn constant_ints(values: &[i32]) -> Array {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        Array::constant(Aval::new(DType::I32, &[values.len()]), bytes)
    }

    /// A scalar repeated to `shape`.
    #[track_caller]
    pub(crate) fn splat(&self, shape: &[usize]) -> Array {
        if shape.is_empty() {
            return self.clone();
        }
        bind1(BroadcastInDim { shape: shape.to_vec(), dims: vec![] }, &[self])
    }

    #[track_caller]
    pub(crate) fn zeros_aval(aval: &Aval) -> Array {
        Array::constant_scalar(aval.dtype(), 0.0).splat(aval.shape())
    }

    /// Zeros of this array's shape and dtype. `jax.numpy.zeros_like`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[1_u8, 2]]).zeros_like();
    /// assert_eq!((x.shape(), x.to_vec::<u8>()), (&[1, 2][..], vec![0, 0]));
    /// ```
    #[track_caller]
    pub fn zeros_like(&self) -> Array {
        self.full_like(0.0)
    }

    /// Ones of this array's shape and dtype. `jax.numpy.ones_like`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[5_u8, 2]]).ones_like();
    /// assert_eq!((x.shape(), x.to_vec::<u8>()), (&[1, 2][..], vec![1, 1]));
    /// ```
    #[track_caller]
    pub fn ones_like(&self) -> Array {
        self.full_like(1.0)
    }

    /// `value` in this array's shape and dtype. `jax.numpy.full_like`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([1, 2, 3]);
    /// assert_eq!(x.full_like(7.9).to_vec::<i32>(), [7, 7, 7]); // in the dtype of `x`
    /// ```
    #[track_caller]
    pub fn full_like(&self, value: f64) -> Array {
        Array::constant_scalar(self.dtype(), value).splat(self.shape())
    }
}

impl<T: Element> From<T> for Array {
    #[track_caller]
    fn from(value: T) -> Array {
        Array::scalar(value)
    }
}

/// An array of zeros. `jax.numpy.zeros`.
///
/// ```
/// use nnx::{DType, array::zeros};
///
/// let x = zeros([2, 3], DType::F32);
/// assert_eq!(x.shape(), [2, 3]);
/// assert_eq!(x.to_vec::<f32>(), [0.0; 6]);
/// ```
///
/// # Panics
/// Panics if a size is negative, or no XLA runtime is found.
#[track_caller]
pub fn zeros(shape: impl IntoShape, dtype: DType) -> Array {
    full(shape, 0.0, dtype)
}

/// An array of ones. `jax.numpy.ones`.
///
/// ```
/// use nnx::{DType, array::ones};
///
/// assert_eq!(ones([2, 2], DType::I32).to_vec::<i32>(), [1; 4]);
/// assert_eq!(ones((), DType::F32).item::<f32>(), 1.0); // a scalar
/// ```
///
/// # Panics
/// Panics if a size is negative, or no XLA runtime is found.
#[track_caller]
pub fn ones(shape: impl IntoShape, dtype: DType) -> Array {
    full(shape, 1.0, dtype)
}

/// An array with every element `value`. `jax.numpy.full`.
///
/// ```
/// use nnx::{DType, array::full};
///
/// assert_eq!(full(3, 0.5, DType::F32).to_vec::<f32>(), [0.5, 0.5, 0.5]);
/// ```
///
/// # Panics
/// Panics if a size is negative, or no XLA runtime is found.
#[track_caller]
pub fn full(shape: impl IntoShape, value: f64, dtype: DType) -> Array {
    Array::constant_scalar(dtype, value).splat(&shape_of("full", shape))
}

/// 0, 1, …, `n` − 1. `jax.numpy.arange`.
///
/// ```
/// use nnx::{DType, array::arange};
///
/// assert_eq!(arange(4, DType::I32).to_vec::<i32>(), [0, 1, 2, 3]);
/// assert_eq!((arange(3, DType::F32) * 0.5).to_vec::<f32>(), [0.0, 0.5, 1.0]);
/// ```
///
/// # Panics
/// Panics if no XLA runtime is found.
#[track_caller]
pub fn arange(n: usize, dtype: DType) -> Array {
    iota([n], dtype, 0)
}

/// An array to be filled. XLA's buffers have no elements without a value: these are zeros, as in JAX.
/// `jax.numpy.empty`.
///
/// ```
/// use nnx::{DType, array::empty};
///
/// assert_eq!(empty([2], DType::F32).to_vec::<f32>(), [0.0, 0.0]);
/// ```
///
/// # Panics
/// Panics if a size is negative, or no XLA runtime is found.
#[track_caller]
pub fn empty(shape: impl IntoShape, dtype: DType) -> Array {
    zeros(shape, dtype)
}

/// Each element is its own index along dimension `dim`. `jax.lax.broadcasted_iota`.
///
/// ```
/// use nnx::{DType, array::iota};
///
/// assert_eq!(iota([2, 3], DType::I32, 0).to_vec::<i32>(), [0, 0, 0, 1, 1, 1]);
/// assert_eq!(iota([2, 3], DType::I32, 1).to_vec::<i32>(), [0, 1, 2, 0, 1, 2]);
/// ```
///
/// # Panics
/// Panics if the shape has no such dimension, or no XLA runtime is found.
#[track_caller]
pub fn iota(shape: impl IntoShape, dtype: DType, dim: usize) -> Array {
    let aval = Aval::new(dtype, &shape_of("iota", shape));
    bind1(Iota { aval, dimension: dim }, &[])
}

/// The identity matrix of `n` rows. `jax.numpy.eye`.
///
/// ```
/// use nnx::{DType, array::eye};
///
/// assert_eq!(eye(2, DType::F32).to_vec::<f32>(), [1.0, 0.0, 0.0, 1.0]);
/// ```
///
/// # Panics
/// Panics if no XLA runtime is found.
#[track_caller]
pub fn eye(n: usize, dtype: DType) -> Array {
    iota([n, n], DType::I32, 0).eq(iota([n, n], DType::I32, 1)).astype(dtype)
}

/// The identity matrix of `n` rows: [`eye`] by its other name. `jax.numpy.identity`.
///
/// ```
/// use nnx::{DType, array::identity};
///
/// assert_eq!(identity(2, DType::I32).to_vec::<i32>(), [1, 0, 0, 1]);
/// ```
///
/// # Panics
/// Panics if no XLA runtime is found.
#[track_caller]
pub fn identity(n: usize, dtype: DType) -> Array {
    eye(n, dtype)
}

/// A new last axis of size `classes` that is 1 at the index and 0 elsewhere; all zeros for an
/// index out of range. `jax.nn.one_hot`.
///
/// ```
/// use nnx::{Array, DType, array::one_hot};
///
/// let classes = Array::from([2, 0, -1]);
/// let y = one_hot(&classes, 3, DType::F32);
/// assert_eq!(y.shape(), [3, 3]);
/// assert_eq!(y.to_vec::<f32>(), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
/// ```
///
/// # Panics
/// Panics if `indices` are not integers.
#[track_caller]
pub fn one_hot(indices: impl AsArray, classes: usize, dtype: DType) -> Array {
    let indices = indices.as_array();
    if !indices.dtype().is_int() {
        invalid("one_hot", format!("needs integer indices, got {}", indices.aval()));
    }
    let mut shape = indices.shape().to_vec();
    shape.push(classes);
    let last = shape.len() - 1;
    indices.expand_dims(-1).eq(iota(&shape, indices.dtype(), last)).astype(dtype)
}

impl Array {
    /// A shape and a dtype without elements, to trace with. `jax.ShapeDtypeStruct`.
    ///
    /// ```
    /// use nnx::{Array, DType};
    /// let x = Array::shape_only([32, 784], DType::F32);
    /// assert_eq!(x.shape(), [32, 784]);
    /// assert!(x.to_bytes().is_err());
    /// ```
    ///
    /// # Panics
    /// Panics if a size is negative.
    #[track_caller]
    pub fn shape_only(shape: impl IntoShape, dtype: DType) -> Self {
        Array::of_aval(&Aval::new(dtype, &shape_of("Array::shape_only", shape)))
    }
}
