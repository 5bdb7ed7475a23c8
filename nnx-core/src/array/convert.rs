//! Arrays from and to what Rust has: numbers, vectors, nested arrays; with Cargo features the
//! crates `ndarray` and `serde`.

use crate::graph::Array;
use crate::value::Element;

/// A vector. For other shapes see [`Array::from_slice`].
///
/// ```
/// use nnx::Array;
///
/// let squares: Vec<f32> = (1..4).map(|n| (n * n) as f32).collect();
/// assert_eq!(Array::from(squares).to_vec::<f32>(), [1.0, 4.0, 9.0]);
/// ```
impl<T: Element> From<Vec<T>> for Array {
    #[track_caller]
    fn from(values: Vec<T>) -> Array {
        Array::from_slice(&values, [values.len()])
    }
}

impl<T: Element> From<&[T]> for Array {
    #[track_caller]
    fn from(values: &[T]) -> Array {
        Array::from_slice(values, [values.len()])
    }
}

/// ```
/// use nnx::Array;
/// let x = Array::from([[1.0_f32, 2.0], [3.0, 4.0]]);
/// assert_eq!(x.shape(), [2, 2]);
/// assert_eq!(format!("{x}"), "[[1. 2.]\n [3. 4.]]");
/// ```
impl<T: Element, const M: usize, const N: usize> From<[[T; N]; M]> for Array {
    #[track_caller]
    fn from(rows: [[T; N]; M]) -> Array {
        Array::from_slice(rows.as_flattened(), [M, N])
    }
}

impl<T: Element, const N: usize> From<[T; N]> for Array {
    #[track_caller]
    fn from(values: [T; N]) -> Array {
        Array::from_slice(&values, [N])
    }
}

impl<T: Element, const L: usize, const M: usize, const N: usize> From<[[[T; N]; M]; L]> for Array {
    #[track_caller]
    fn from(blocks: [[[T; N]; M]; L]) -> Array {
        Array::from_slice(blocks.as_flattened().as_flattened(), [L, M, N])
    }
}

#[cfg(feature = "ndarray")]
mod with_ndarray {
    use crate::error::{Error, Result};
    use crate::graph::Array;
    use crate::value::Element;
    use ndarray::{ArrayBase, ArrayD, Data, Dimension, IxDyn};

    /// Copies the elements; any strides.
    ///
    /// ```
    /// use nnx::Array;
    /// let a = ndarray::array![[1.0_f32, 2.0], [3.0, 4.0]];
    /// let x = Array::from(&a.t());
    /// assert_eq!(x.to_vec::<f32>(), [1.0, 3.0, 2.0, 4.0]);
    /// assert_eq!(x.to_ndarray::<f32>().unwrap(), a.t().into_dyn());
    /// ```
    impl<T: Element, S: Data<Elem = T>, D: Dimension> From<&ArrayBase<S, D>> for Array {
        #[track_caller]
        fn from(a: &ArrayBase<S, D>) -> Array {
            let values: Vec<T> = a.iter().copied().collect();
            Array::from_slice(&values, a.shape())
        }
    }

    impl Array {
        /// The elements as an array of the crate `ndarray`. Waits until they are computed.
        ///
        /// ```
        /// use nnx::Array;
        ///
        /// let a = Array::from([[1, 2], [3, 4]]).to_ndarray::<i32>().unwrap();
        /// assert_eq!((a.shape(), a[[1, 0]]), (&[2, 2][..], 3));
        /// ```
        ///
        /// # Errors
        /// Returns an error if `T` is not the dtype, the array is traced or holds no value, or the
        /// computation that makes it failed.
        pub fn to_ndarray<T: Element>(&self) -> Result<ArrayD<T>> {
            let values = self.try_to_vec::<T>()?;
            let shape = self.try_aval()?.shape();
            ArrayD::from_shape_vec(IxDyn(shape), values)
                .map_err(|why| Error::Invalid(format!("an array of shape {shape:?}: {why}")))
        }
    }

    impl<T: Element> TryFrom<&Array> for ArrayD<T> {
        type Error = Error;
        fn try_from(x: &Array) -> Result<Self> {
            x.to_ndarray()
        }
    }
}

#[cfg(feature = "serde")]
mod with_serde {
    use crate::graph::Array;
    use crate::value::DType;
    use serde::de::{Deserialize, Deserializer, Error as _};
    use serde::ser::{Error as _, Serialize, Serializer};

    /// The serialized array: its dtype as `f32`, its shape, and its elements in row-major order
    /// as little-endian bytes in hexadecimal digits, so that all bits are kept in every format.
    #[derive(serde::Serialize, serde::Deserialize)]
    #[serde(rename = "Array")]
    struct SerializedArray {
        dtype: String,
        shape: Vec<usize>,
        data: String,
    }

    /// For small arrays, in configurations and messages; checkpoints are for models. Fails for
    /// arrays that are traced or hold no value.
    impl Serialize for Array {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let read = || Ok((self.try_aval()?, self.to_bytes()?));
            let (aval, bytes) = read().map_err(|why: crate::error::Error| S::Error::custom(why))?;
            let data = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let dtype = aval.dtype().to_string();
            SerializedArray { dtype, shape: aval.shape().to_vec(), data }.serialize(serializer)
        }
    }

    impl<'de> Deserialize<'de> for Array {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let SerializedArray { dtype, shape, data } =
                SerializedArray::deserialize(deserializer)?;
            let every = DType::ALL.into_iter().chain(DType::SMALL);
            let found = every.into_iter().find(|known| known.to_string() == dtype);
            let Some(dtype) = found else {
                return Err(D::Error::custom(format!("`{dtype}` is not a dtype")));
            };
            let digit = |c: &u8| char::from(*c).to_digit(16).map(|d| d as u8);
            let byte = |pair: &[u8]| match pair {
                [high, low] => Some(digit(high)? << 4 | digit(low)?),
                _ => None,
            };
            let bytes: Option<Vec<u8>> = data.as_bytes().chunks(2).map(byte).collect();
            let Some(bytes) = bytes else {
                return Err(D::Error::custom("the data of an array are hexadecimal digits"));
            };
            Array::from_bytes(&bytes, dtype, &shape).map_err(D::Error::custom)
        }
    }
}
