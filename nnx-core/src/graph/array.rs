//! The array type itself: a device buffer, a value of a running trace, or the reason why there is
//! no value.

use super::{TraceInfo, Value};
use crate::error::{Error, Result};
use crate::value::{Aval, DType};
use crate::xla::Buffer;
use std::panic::Location;
use std::sync::Arc;

/// An n-dimensional array: concrete on a device, or traced inside a transform.
///
/// Cloning shares the buffer. Operations never change an array; they make new ones.
///
/// ```
/// use nnx::{Array, DType};
///
/// let x = Array::from([[1.0_f32, 2.0], [3.0, 4.0]]);
/// assert_eq!((x.shape(), x.rank(), x.size(), x.dtype()), (&[2, 2][..], 2, 4, DType::F32));
/// let y = (&x * 2.0 + 1.0).sum(0); // along axis 0
/// assert_eq!(y.to_vec::<f32>(), [10.0, 14.0]);
/// assert_eq!(x.to_vec::<f32>(), [1.0, 2.0, 3.0, 4.0]); // as before
/// ```
#[derive(Clone)]
pub struct Array(pub(crate) Repr); // to compare: `x.eq(y)`, `x.lt(y)` and so on, arrays of bools

#[derive(Clone)]
pub(crate) enum Repr {
    Device(Arc<Buffer>),
    Traced(Arc<Traced>),
    /// No value, and why: not differentiated, lost in a failed call, a template without data.
    Absent(Arc<Absence>),
}

/// Why an array holds no value, and its shape and dtype if they are known.
pub(crate) struct Absence {
    pub(crate) why: String,
    pub(crate) aval: Option<Aval>,
}

impl Absence {
    pub(crate) fn error(&self) -> Error {
        Error::Unavailable(self.why.clone())
    }
}

/// A value of a trace that is, or was, running.
pub(crate) struct Traced {
    pub(crate) trace: Arc<TraceInfo>,
    pub(crate) value: Value,
    pub(crate) aval: Aval,
    pub(crate) location: &'static Location<'static>,
}

/// So that rustc says on which type `==` and `<` are missing, with the line of the type above, where a reference is
/// compared with a number: the bound never holds.
macro_rules! compares_by_methods {
    ($($number:ty),*) => { $(
        #[doc(hidden)]
        impl PartialEq<$number> for &Array
        where
            for<'never> Array: PartialEq<$number>,
        {
            fn eq(&self, number: &$number) -> bool {
                PartialEq::eq(*self, number)
            }
        }
        #[doc(hidden)]
        impl PartialOrd<$number> for &Array
        where
            for<'never> Array: PartialOrd<$number>,
        {
            fn partial_cmp(&self, number: &$number) -> Option<std::cmp::Ordering> {
                PartialOrd::partial_cmp(*self, number)
            }
        }
    )* };
}
// Of two types of floats rustc could not tell which one a literal is.
compares_by_methods!(f64, i32);

/// The identity of an array: its clones have the same, other arrays don't.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Identity {
    /// The address of a buffer that is alive.
    Buffer(usize),
    /// The trace and the value in it.
    Traced(u64, Value),
    Absent,
}

impl Array {
    pub(crate) fn identity(&self) -> Identity {
        match &self.0 {
            Repr::Device(buffer) => Identity::Buffer(Arc::as_ptr(buffer).addr()),
            Repr::Traced(traced) => Identity::Traced(traced.trace.id, traced.value),
            Repr::Absent(_) => Identity::Absent,
        }
    }

    /// Whether two arrays are the same value: the same buffer, or the same value of one trace.
    pub(crate) fn is_same_value(&self, other: &Array) -> bool {
        self.identity() == other.identity()
    }

    pub(crate) fn from_buffer(buffer: Buffer) -> Self {
        Array(Repr::Device(Arc::new(buffer)))
    }

    /// An array without a value; reading it gives `why` as the error.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::absent("the head was not trained");
    /// assert!(x.is_absent());
    /// let error = x.try_item::<f32>().unwrap_err();
    /// assert!(error.to_string().contains("the head was not trained"));
    /// ```
    pub fn absent(why: impl Into<String>) -> Self {
        Array(Repr::Absent(Arc::new(Absence { why: why.into(), aval: None })))
    }

    pub(crate) fn of_aval(aval: &Aval) -> Self {
        let why = format!("{aval} has a shape but no elements: it was made for tracing only");
        Array(Repr::Absent(Arc::new(Absence { why, aval: Some(aval.clone()) })))
    }

    /// An array of this shape and dtype without elements; reading them gives `why` as the error.
    pub(crate) fn absent_like(&self, why: &str) -> Self {
        let aval = self.try_aval().ok().cloned();
        Array(Repr::Absent(Arc::new(Absence { why: why.into(), aval })))
    }

    /// Shape and dtype, or why there is no value.
    pub(crate) fn try_aval(&self) -> Result<&Aval> {
        match &self.0 {
            Repr::Device(buffer) => Ok(buffer.aval()),
            Repr::Traced(traced) => Ok(&traced.aval),
            Repr::Absent(absence) => absence.aval.as_ref().ok_or_else(|| absence.error()),
        }
    }

    /// Shape and dtype together.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[1.0_f32, 2.0, 3.0]]);
    /// assert_eq!(x.aval().to_string(), "f32[1, 3]");
    /// assert_eq!(x.aval(), (&x + 1.0).aval());
    /// ```
    ///
    /// # Panics
    /// Panics if the array holds no value, with the reason.
    #[track_caller]
    pub fn aval(&self) -> &Aval {
        crate::error::or_raise(self.try_aval())
    }

    /// The dimensions, outermost first; empty for a scalar. `jax.numpy.shape`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// assert_eq!(Array::from([[1, 2, 3], [4, 5, 6]]).shape(), [2, 3]);
    /// assert!(Array::scalar(1).shape().is_empty());
    /// ```
    ///
    /// # Panics
    /// Panics if the array holds no value, with the reason.
    #[track_caller]
    pub fn shape(&self) -> &[usize] {
        self.aval().shape()
    }

    /// Number of dimensions. `jax.numpy.ndim`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// assert_eq!(Array::from([[1, 2, 3], [4, 5, 6]]).rank(), 2);
    /// assert_eq!(Array::scalar(1).rank(), 0);
    /// ```
    ///
    /// # Panics
    /// Panics if the array holds no value, with the reason.
    #[track_caller]
    pub fn rank(&self) -> usize {
        self.aval().rank()
    }

    /// Number of elements. `jax.numpy.size`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// assert_eq!(Array::from([[1, 2, 3], [4, 5, 6]]).size(), 6);
    /// assert_eq!(Array::scalar(1).size(), 1);
    /// ```
    ///
    /// # Panics
    /// Panics if the array holds no value, with the reason.
    #[track_caller]
    pub fn size(&self) -> usize {
        self.aval().size()
    }

    /// The element type. `jax.numpy.ndarray.dtype`.
    ///
    /// ```
    /// use nnx::{Array, DType};
    ///
    /// assert_eq!(Array::from([1.0_f32]).dtype(), DType::F32);
    /// assert_eq!(Array::from([1.0]).dtype(), DType::F64); // a number without a suffix is an `f64`
    /// ```
    ///
    /// # Panics
    /// Panics if the array holds no value, with the reason.
    #[track_caller]
    pub fn dtype(&self) -> DType {
        self.aval().dtype()
    }

    /// Whether this holds no value: it was not differentiated, was taken out, or got lost.
    ///
    /// ```
    /// use nnx::module::BatchStat;
    /// use nnx::{Array, Param, Variable, grad};
    ///
    /// type Model = (Param, Variable<BatchStat>);
    /// let x = Array::scalar(3.0_f32);
    /// let model: Model = (Param::new(x.clone()), Variable::new(x));
    /// let gradient = grad(|m: &Model| m.0.value() * m.1.value(), &model);
    /// assert!(!gradient.0.value().is_absent());
    /// assert!(gradient.1.value().is_absent()); // derivatives are taken with respect to `Param`
    /// ```
    pub fn is_absent(&self) -> bool {
        matches!(self.0, Repr::Absent(_))
    }

    /// Whether this stands for a value of a running trace, which has a shape but no elements yet.
    ///
    /// ```
    /// use nnx::{Array, eval_shape};
    ///
    /// let x = Array::scalar(3.0_f32);
    /// assert!(!x.is_traced());
    /// eval_shape(
    ///     |x: &Array| {
    ///         assert!(x.is_traced()); // here `x.item::<f32>()` would panic
    ///         x * 2.0
    ///     },
    ///     &x,
    /// );
    /// ```
    pub fn is_traced(&self) -> bool {
        matches!(self.0, Repr::Traced(_))
    }
}
