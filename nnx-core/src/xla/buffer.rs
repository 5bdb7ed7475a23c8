//! Arrays on a device.

use super::client::Client;
use super::executable::Signature;
use super::exit;
use super::placement::Placement;
use super::runtime::RawBuffer;
use super::spread;
use crate::error::Result;
use crate::value::Aval;
use std::fmt;
use std::sync::Arc;

/// An array on a device, perhaps still being computed.
///
/// Its memory is freed on drop, once computations that use it are done.
///
/// ```
/// use nnx::value::{Aval, DType};
/// use nnx::xla::{Client, Placement};
///
/// let bytes = [1.0_f32, 2.0].map(f32::to_le_bytes).concat();
/// let aval = Aval::new(DType::F32, &[2]);
/// let buffer = Client::global().unwrap().upload(&bytes, aval, Placement::default()).unwrap();
/// assert_eq!(buffer.aval().shape(), [2]);
/// assert_eq!(buffer.placement().index(), 0);
/// assert_eq!(buffer.to_host().unwrap(), bytes);
/// ```
pub struct Buffer {
    client: Client,
    raw: RawBuffer,
    /// The parts on the other devices of a mesh, in the order of its devices.
    rest: Option<Box<[RawBuffer]>>,
    aval: Aval,
    placement: Placement,
    /// The executable that made this, or `None` for an upload.
    origin: Option<Arc<Signature>>,
    /// Its elements, if they are on the host too.
    copy: Option<Box<[u8]>>,
}

// SAFETY: a runtime's arrays may be used and destroyed from any thread; changes of their state
// (deletion, donation) are synchronized by the runtime.
unsafe impl Send for Buffer {}
// SAFETY: as above.
unsafe impl Sync for Buffer {}

impl Buffer {
    pub(super) fn new(
        client: Client,
        raw: RawBuffer,
        aval: Aval,
        placement: Placement,
        origin: Option<Arc<Signature>>,
    ) -> Self {
        Buffer { client, raw, rest: None, aval, placement, origin, copy: None }
    }

    /// With the parts on the other devices of its mesh.
    pub(super) fn with_rest(mut self, rest: Option<Box<[RawBuffer]>>) -> Self {
        self.rest = rest;
        self
    }

    /// With its elements on the host, so that nobody is asked for them.
    pub(super) fn with_copy(mut self, bytes: &[u8]) -> Self {
        self.copy = Some(bytes.into());
        self
    }

    /// Shape and dtype.
    #[inline]
    pub fn aval(&self) -> &Aval {
        &self.aval
    }

    /// Where it lies.
    #[inline]
    pub fn placement(&self) -> Placement {
        self.placement
    }

    /// A copy at `placement`.
    ///
    /// ```no_run
    /// use nnx::value::{Aval, DType};
    /// use nnx::xla::{ClientOptions, Placement, init};
    ///
    /// let client = init(ClientOptions::new().cpu_devices(2)).unwrap();
    /// let aval = Aval::new(DType::U8, &[3]);
    /// let buffer = client.upload(&[1, 2, 3], aval, Placement::device(0)).unwrap();
    /// let there = buffer.copy_to(Placement::device(1)).unwrap();
    /// assert_eq!(there.to_host().unwrap(), [1, 2, 3]);
    /// ```
    ///
    /// # Errors
    /// Returns an error if there is no such device, the buffer was deleted or donated, or the
    /// backend cannot copy.
    pub fn copy_to(&self, placement: Placement) -> Result<Buffer> {
        if placement == self.placement || placement.is_spread() || self.placement.is_spread() {
            // Plugins refuse to copy to the same device, and copy whole arrays only.
            return self.client.upload(&self.to_host()?, self.aval.clone(), placement);
        }
        self.client.check_placement(placement)?;
        let _calling = exit::calling()?;
        let what = || format!("copying {} to {placement}", self.describe());
        // SAFETY: the buffer is alive.
        let raw = unsafe { self.client.runtime().copy_to(self.raw, placement, &what) }?;
        Ok(Buffer::new(self.client, raw, self.aval.clone(), placement, self.origin.clone()))
    }

    #[inline]
    pub(super) fn raw(&self) -> RawBuffer {
        self.raw
    }

    /// The parts, one for each device.
    #[inline]
    pub(super) fn raws(&self) -> impl Iterator<Item = RawBuffer> {
        std::iter::once(self.raw).chain(self.rest.iter().flatten().copied())
    }

    /// Gives up ownership of the raw buffers, one for each device.
    pub(super) fn into_raws(self) -> impl Iterator<Item = RawBuffer> {
        let mut this = std::mem::ManuallyDrop::new(self);
        drop((this.origin.take(), this.copy.take()));
        std::iter::once(this.raw).chain(this.rest.take().into_iter().flatten())
    }

    /// Puts another raw buffer in the place of this one's, which is freed.
    pub(super) fn replace_raw(&mut self, raw: RawBuffer, aval: &Aval, origin: &Arc<Signature>) {
        let old = std::mem::replace(&mut self.raw, raw);
        // SAFETY: this was the only owner.
        unsafe { self.client.runtime().destroy_buffer(old) };
        self.copy = None;
        // Nearly always the same, which then need not be counted.
        if self.aval != *aval {
            self.aval = aval.clone();
        }
        self.placement = origin.placement;
        if !self.origin.as_ref().is_some_and(|o| Arc::ptr_eq(o, origin)) {
            self.origin = Some(origin.clone());
        }
    }

    /// A description of this buffer, for error messages.
    fn describe(&self) -> String {
        match &self.origin {
            Some(origin) => format!("the {} made by `{}`", self.aval, origin.name),
            None => format!("an uploaded {}", self.aval),
        }
    }

    /// Waits until the buffer holds its value and copies it to host memory: dense, the last
    /// dimension fastest, little-endian, one byte per bool.
    ///
    /// ```
    /// use nnx::value::{Aval, DType};
    /// use nnx::xla::{Client, Placement};
    ///
    /// let aval = Aval::new(DType::U16, &[2]);
    /// let client = Client::global().unwrap();
    /// let buffer = client.upload(&[1, 0, 0, 1], aval, Placement::default()).unwrap(); // 1 and 256
    /// assert_eq!(buffer.to_host().unwrap(), [1, 0, 0, 1]);
    /// ```
    ///
    /// # Errors
    /// [`Error::Xla`](crate::error::Error::Xla) when the computation that makes the buffer failed (the
    /// message names it), or when the buffer was deleted or donated.
    pub fn to_host(&self) -> Result<Vec<u8>> {
        if let Some(copy) = &self.copy {
            return Ok(copy.to_vec());
        }
        let _calling = exit::calling()?;
        let what = || format!("reading {}", self.describe());
        if !self.placement.is_spread() {
            // SAFETY: the buffer is alive, and of this shape and dtype.
            return unsafe { self.client.runtime().to_host(self.raw, &self.aval, &what) };
        }
        // SAFETY: the parts are alive, and of their shape and dtype.
        unsafe { spread::read(self.client, self.raws(), &self.aval, self.placement, &what) }
    }

    /// The part on each device of its mesh, as arrays of their own on these devices; the array itself if it lies on
    /// one.
    ///
    /// ```no_run
    /// use nnx::sharding::Mesh;
    /// use nnx::value::{Aval, DType};
    /// use nnx::xla::{ClientOptions, Placement, init};
    ///
    /// let client = init(ClientOptions::new().cpu_devices(2)).unwrap();
    /// let halves = Mesh::new([("data", 2)]).unwrap().sharding(["data"]).unwrap();
    /// let aval = Aval::new(DType::U8, &[4]);
    /// let buffer = client.upload(&[1, 2, 3, 4], aval, Placement::sharded(&halves)).unwrap();
    /// assert_eq!(buffer.shards().unwrap()[1].to_host().unwrap(), [3, 4]);
    /// ```
    ///
    /// # Errors
    /// As for [`to_host`](Self::to_host).
    pub fn shards(&self) -> Result<Vec<Buffer>> {
        let part = self.placement.shard(&self.aval)?;
        let devices = match self.placement.sharding() {
            Some(sharding) => sharding.mesh().devices().to_vec(),
            None => vec![self.placement.index()],
        };
        let _calling = exit::calling()?;
        let what = || format!("reading {}", self.describe());
        let shard = |(raw, device)| {
            // SAFETY: the part is alive, and of this shape and dtype.
            let bytes = unsafe { self.client.runtime().to_host(raw, &part, &what) }?;
            self.client.upload(&bytes, part.clone(), Placement::device(device))
        };
        self.raws().zip(devices).map(shard).collect()
    }

    /// Waits until the buffer holds its value.
    ///
    /// ```
    /// use nnx::value::{Aval, DType};
    /// use nnx::xla::{Client, Placement};
    ///
    /// let aval = Aval::new(DType::U8, &[3]);
    /// let client = Client::global().unwrap();
    /// let buffer = client.upload(&[1, 2, 3], aval, Placement::default()).unwrap();
    /// assert!(buffer.wait().is_ok());
    /// ```
    ///
    /// # Errors
    /// As for [`to_host`](Self::to_host).
    pub fn wait(&self) -> Result<()> {
        let _calling = exit::calling()?;
        let what = || format!("waiting for {}", self.describe());
        // SAFETY: the parts are alive.
        self.raws().try_for_each(|raw| unsafe { self.client.runtime().wait(raw, &what) })
    }

    /// The address of the array in the device's memory, on a mesh that of its part on the first device: tells whether
    /// memory was reused.
    ///
    /// ```no_run
    /// use nnx::value::{Aval, DType};
    /// use nnx::xla::{Client, Placement};
    ///
    /// let client = Client::global().unwrap();
    /// let upload = || client.upload(&[1, 2, 3], Aval::new(DType::U8, &[3]), Placement::default());
    /// let (a, b) = (upload().unwrap(), upload().unwrap());
    /// assert_ne!(a.device_address().unwrap(), b.device_address().unwrap());
    /// ```
    ///
    /// # Errors
    /// Returns an error if the buffer was deleted or donated, or the backend does not say.
    pub fn device_address(&self) -> Result<usize> {
        let what = || format!("taking the address of {}", self.describe());
        // SAFETY: the buffer is alive.
        unsafe { self.client.runtime().address(self.raw, &what) }
    }

    /// Whether the buffer's memory is gone because it was donated to a computation.
    ///
    /// ```
    /// use nnx::value::{Aval, DType};
    /// use nnx::xla::{Client, Placement};
    ///
    /// let aval = Aval::new(DType::U8, &[3]);
    /// let client = Client::global().unwrap();
    /// let buffer = client.upload(&[1, 2, 3], aval, Placement::default()).unwrap();
    /// assert!(!buffer.is_deleted());
    /// ```
    pub fn is_deleted(&self) -> bool {
        // SAFETY: the parts are alive.
        self.raws().any(|raw| unsafe { self.client.runtime().is_deleted(raw) })
    }
}

impl Drop for Buffer {
    #[inline]
    fn drop(&mut self) {
        if exit::is_over() {
            return;
        }
        // SAFETY: this is the only owner.
        unsafe { self.client.runtime().destroy_buffer(self.raw) };
        for &raw in self.rest.iter().flatten() {
            // SAFETY: as above.
            unsafe { self.client.runtime().destroy_buffer(raw) };
        }
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({})", self.aval)
    }
}
