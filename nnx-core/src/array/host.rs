//! Reading arrays back to the host.

use crate::error::{Error, Result, or_raise};
use crate::graph::{Array, Repr, escaped, is_running};
use crate::value::Element;
use crate::xla::Placement;

impl Array {
    /// The elements in row-major order as little-endian bytes (one byte per bool). Waits until
    /// they are computed.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let bytes = Array::from([1_i32, 256]).to_bytes().unwrap();
    /// assert_eq!(bytes, [1, 0, 0, 0, 0, 1, 0, 0]);
    /// ```
    ///
    /// # Errors
    /// Returns an error if the array is traced or holds no value, or the computation that makes it
    /// failed.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        match &self.0 {
            Repr::Device(buffer) => buffer.to_host(),
            Repr::Absent(absence) => Err(absence.error()),
            Repr::Traced(t) if !is_running(&t.trace) => Err(escaped(t)),
            Repr::Traced(t) => Err(Error::Unavailable(format!(
                "the elements of {} are not known while {} is being traced (made at {}): \
                 return the array and read it outside, or compute with it inside",
                t.aval, t.trace.scope, t.location
            ))),
        }
    }

    /// The elements in row-major order. Waits until they are computed.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([1.5_f32, 2.5]);
    /// assert_eq!(x.try_to_vec::<f32>().unwrap(), [1.5, 2.5]);
    /// assert!(x.try_to_vec::<f64>().is_err()); // nothing is converted
    /// ```
    ///
    /// # Errors
    /// Returns an error if `T` is not the dtype, the array is traced or holds no value, or the
    /// computation that makes it failed.
    pub fn try_to_vec<T: Element>(&self) -> Result<Vec<T>> {
        let aval = self.try_aval()?;
        if aval.dtype() != T::DTYPE {
            return Err(Error::Invalid(format!(
                "{aval} cannot be read as {}; convert with `.astype(DType::{:?})` first",
                T::DTYPE,
                T::DTYPE
            )));
        }
        let bytes = self.to_bytes()?;
        let mut room: Vec<T> = Vec::new();
        if room.try_reserve_exact(aval.size()).is_err() {
            return Err(Error::Xla {
                call: format!("reading {aval}"),
                code: "RESOURCE_EXHAUSTED",
                message: format!("the host has no {} bytes for a copy of it", bytes.len()),
            });
        }
        drop(room);
        Ok(T::from_bytes(&bytes))
    }

    /// [`try_to_vec`](Array::try_to_vec) that panics. `numpy.asarray`.
    ///
    /// ```
    /// use nnx::{Array, DType};
    ///
    /// let x = Array::from([[1, 2], [3, 4]]);
    /// assert_eq!(x.to_vec::<i32>(), [1, 2, 3, 4]);
    /// assert_eq!(x.astype(DType::F32).to_vec::<f32>(), [1.0, 2.0, 3.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// Where `try_to_vec` gives an error.
    #[track_caller]
    pub fn to_vec<T: Element>(&self) -> Vec<T> {
        or_raise(self.try_to_vec())
    }

    /// The only element of an array of size 1.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// assert_eq!(Array::from([[7]]).try_item::<i32>().unwrap(), 7);
    /// assert!(Array::from([7, 8]).try_item::<i32>().is_err());
    /// ```
    ///
    /// # Errors
    /// Returns an error if there is more than one element, and where
    /// [`try_to_vec`](Array::try_to_vec) gives an error.
    pub fn try_item<T: Element>(&self) -> Result<T> {
        let aval = self.try_aval()?;
        match self.try_to_vec()?[..] {
            [item] => Ok(item),
            _ => Err(Error::Invalid(format!("{aval} does not have exactly one element"))),
        }
    }

    /// [`try_item`](Array::try_item) that panics. `jax.numpy.ndarray.item`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let loss = Array::from([1.0_f32, 2.0]).mean(..);
    /// assert_eq!(loss.item::<f32>(), 1.5);
    /// ```
    ///
    /// # Panics
    /// Where `try_item` gives an error.
    #[track_caller]
    pub fn item<T: Element>(&self) -> T {
        or_raise(self.try_item())
    }

    /// Waits until the array is computed. `jax.block_until_ready`.
    ///
    /// ```
    /// use nnx::{DType, array::ones};
    /// use std::time::Instant;
    ///
    /// let x = ones([64, 64], DType::F32);
    /// let start = Instant::now();
    /// let y = x.matmul(&x);
    /// y.block_until_ready().unwrap(); // without it the time is that of the start alone
    /// println!("{:?}", start.elapsed());
    /// assert_eq!(y.at((0, 0)).get().item::<f32>(), 64.0);
    /// ```
    ///
    /// # Errors
    /// Returns an error if the computation failed, or the array is traced or holds no value.
    pub fn block_until_ready(&self) -> Result<()> {
        match &self.0 {
            Repr::Device(buffer) => buffer.wait(),
            _ => self.to_bytes().map(|_| ()),
        }
    }
}

impl Array {
    /// Where the array's memory lies on the device, as a number: two arrays with one address share
    /// memory.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([1.0, 2.0]);
    /// let same = x.clone(); // no copy of the elements
    /// assert_eq!(same.device_address().ok(), x.device_address().ok());
    /// ```
    ///
    /// # Errors
    /// Returns an error if the array is traced or holds no value, or the device cannot tell.
    pub fn device_address(&self) -> Result<usize> {
        crate::run::buffer(self)?.device_address()
    }
}

/// Devices.
impl Array {
    /// The number of the device that holds the array.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([1.0, 2.0]).to_device(0).unwrap();
    /// assert_eq!(x.device().unwrap(), 0);
    /// ```
    ///
    /// # Errors
    /// Returns an error if the array is traced or holds no value, or lies over a mesh.
    pub fn device(&self) -> Result<usize> {
        let placement = crate::run::buffer(self)?.placement();
        match placement.sharding() {
            None => Ok(placement.index()),
            Some(sharding) => Err(Error::Invalid(format!(
                "the array lies over the devices {:?}, as {sharding}: ask for its `sharding()`",
                sharding.mesh().devices()
            ))),
        }
    }

    /// The array on device number `device`: itself if it lies there, else a copy, of one over a mesh with all its parts. Operations run
    /// where their operands lie, which must be one device. `jax.device_put`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([1.0, 2.0]).to_device(0).unwrap();
    /// assert_eq!((&x + &x).device().unwrap(), 0);
    /// assert!(x.to_device(1_000_000).is_err());
    /// ```
    ///
    /// # Errors
    /// Returns an error if there is no such device, or the array is traced or holds no value.
    pub fn to_device(&self, device: usize) -> Result<Array> {
        self.moved_to(Placement::device(device))
    }

    /// The array where `other` lies, if that lies somewhere.
    pub(crate) fn moved_to_place_of(self, other: &Array) -> Result<Array> {
        match crate::run::buffer(other) {
            Ok(buffer) => self.moved_to(buffer.placement()),
            Err(_) => Ok(self),
        }
    }

    pub(crate) fn moved_to(&self, placement: Placement) -> Result<Array> {
        let buffer = crate::run::buffer(self)?;
        if buffer.placement() == placement {
            return Ok(self.clone());
        }
        Ok(Array::from_buffer(buffer.copy_to(placement)?))
    }
}
