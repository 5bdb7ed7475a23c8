//! Arrays on a device.

use super::client::Client;
use super::executable::Signature;
use super::ffi;
use crate::Result;
use crate::graph::Aval;
use std::fmt;
use std::ptr::NonNull;
use std::sync::Arc;

/// An array on a device, perhaps still being computed.
///
/// Its memory is freed on drop, once computations that use it are done.
pub struct Buffer {
    client: Client,
    raw: NonNull<ffi::PjrtBuffer>,
    aval: Aval,
    device: usize,
    /// The executable that made this, or `None` for an upload.
    origin: Option<Arc<Signature>>,
}

// SAFETY: PJRT buffers may be used and destroyed from any thread; their state changes (deletion,
// donation) are synchronized by the plugin.
unsafe impl Send for Buffer {}
// SAFETY: as above.
unsafe impl Sync for Buffer {}

impl Buffer {
    pub(super) fn new(
        client: Client,
        raw: NonNull<ffi::PjrtBuffer>,
        aval: Aval,
        device: usize,
        origin: Option<Arc<Signature>>,
    ) -> Self {
        Buffer { client, raw, aval, device, origin }
    }

    /// Shape and dtype.
    #[inline]
    pub fn aval(&self) -> Aval {
        self.aval
    }

    /// The number of the device it lies on.
    #[inline]
    pub fn device(&self) -> usize {
        self.device
    }

    /// A copy on device number `device`.
    ///
    /// # Errors
    /// When there is no such device, the buffer was deleted or donated, or the plugin cannot copy.
    pub fn copy_to_device(&self, device: usize) -> Result<Buffer> {
        let functions = self.client.functions();
        let call = || format!("copying {} to device {device}", self.describe());
        let Some(copy) = functions.buffer_copy_to_device else {
            return Err(self.client.lacks(call(), "PJRT_Buffer_CopyToDevice"));
        };
        if device == self.device {
            // Plugins refuse to copy to the same device.
            return self.client.upload(&self.to_host()?, self.aval, device);
        }
        let mut args = ffi::BufferCopyToDeviceArgs::new();
        args.buffer = self.raw();
        args.dst_device = self.client.device(device)?.as_ptr();
        // SAFETY: buffer and device are alive.
        let error = unsafe { copy(&mut args) };
        functions.check(error, call)?;
        let raw = super::client::not_null(args.dst_buffer, call)?;
        Ok(Buffer::new(self.client, raw, self.aval, device, self.origin.clone()))
    }

    #[inline]
    pub(super) fn raw(&self) -> *mut ffi::PjrtBuffer {
        self.raw.as_ptr()
    }

    /// Gives up ownership of the raw buffer.
    pub(super) fn into_raw(self) -> *mut ffi::PjrtBuffer {
        let mut this = std::mem::ManuallyDrop::new(self);
        drop(this.origin.take());
        this.raw.as_ptr()
    }

    /// Puts another raw buffer in the place of this one's, which is freed.
    pub(super) fn replace_raw(
        &mut self,
        raw: NonNull<ffi::PjrtBuffer>,
        aval: Aval,
        origin: &Arc<Signature>,
    ) {
        let old = std::mem::replace(&mut self.raw, raw);
        destroy(self.client, old);
        self.aval = aval;
        self.device = origin.device;
        if !self.origin.as_ref().is_some_and(|o| Arc::ptr_eq(o, origin)) {
            self.origin = Some(origin.clone());
        }
    }

    /// What this buffer is, for error messages.
    fn describe(&self) -> String {
        match &self.origin {
            Some(origin) => format!("the {} made by `{}`", self.aval, origin.name),
            None => format!("an uploaded {}", self.aval),
        }
    }

    /// Waits until the buffer holds its value and copies it to host memory: dense, the last
    /// dimension fastest, little-endian, one byte per bool.
    ///
    /// # Errors
    /// [`Error::Xla`](crate::Error::Xla) when the computation that makes the buffer failed (the
    /// message names it), or when the buffer was deleted or donated.
    pub fn to_host(&self) -> Result<Vec<u8>> {
        let functions = self.client.functions();
        let call = || format!("reading {}", self.describe());
        let rank = self.aval.rank() as i64;
        let minor_to_major: smallvec::SmallVec<[i64; 8]> = (0..rank).rev().collect();
        // The device may keep another order of dimensions: ask for ours.
        let layout = ffi::MemoryLayout::dense(&minor_to_major);
        let size = self.aval.byte_size();
        let mut bytes: Vec<u8> = Vec::with_capacity(size);
        let mut args = ffi::BufferToHostArgs::new();
        args.src = self.raw();
        args.host_layout = &layout;
        args.dst = bytes.as_mut_ptr().cast();
        args.dst_size = size;
        // SAFETY: the buffer is alive; `dst` has room for `dst_size` bytes and lives until the
        // copy is done, which is awaited here; the layout outlives the call.
        let error = unsafe { (functions.buffer_to_host)(&mut args) };
        functions.check(error, call)?;
        functions.wait(args.event, call)?;
        // SAFETY: the copy wrote all of them.
        unsafe { bytes.set_len(size) };
        Ok(bytes)
    }

    /// Waits until the buffer holds its value.
    ///
    /// # Errors
    /// As for [`to_host`](Self::to_host).
    pub fn wait(&self) -> Result<()> {
        let functions = self.client.functions();
        let call = || format!("waiting for {}", self.describe());
        let mut args = ffi::BufferReadyEventArgs::new();
        args.buffer = self.raw();
        // SAFETY: the buffer is alive.
        let error = unsafe { (functions.buffer_ready_event)(&mut args) };
        functions.check(error, call)?;
        functions.wait(args.event, call)
    }

    /// The address of the array in the device's memory: tells whether memory was reused.
    ///
    /// # Errors
    /// When the buffer was deleted or donated, or the plugin does not say.
    pub fn device_address(&self) -> Result<usize> {
        let functions = self.client.functions();
        let call = || format!("taking the address of {}", self.describe());
        let Some(unsafe_pointer) = functions.buffer_unsafe_pointer else {
            return Err(self.client.lacks(call(), "PJRT_Buffer_UnsafePointer"));
        };
        let mut args = ffi::BufferUnsafePointerArgs::new();
        args.buffer = self.raw();
        // SAFETY: the buffer is alive.
        let error = unsafe { unsafe_pointer(&mut args) };
        functions.check(error, call)?;
        Ok(args.buffer_pointer)
    }

    /// Whether the buffer's memory is gone because it was donated to a computation.
    pub fn is_deleted(&self) -> bool {
        let functions = self.client.functions();
        let mut args = ffi::BufferIsDeletedArgs::new();
        args.buffer = self.raw();
        // SAFETY: the buffer is alive.
        let error = unsafe { (functions.buffer_is_deleted)(&mut args) };
        // A buffer whose state cannot be asked for cannot be used either.
        functions.check(error, String::new).is_err() || args.is_deleted
    }
}

impl Drop for Buffer {
    #[inline]
    fn drop(&mut self) {
        destroy(self.client, self.raw);
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({})", self.aval)
    }
}

/// Frees a raw buffer that nobody uses any more.
#[inline]
pub(super) fn destroy(client: Client, raw: NonNull<ffi::PjrtBuffer>) {
    let mut args = ffi::BufferDestroyArgs::new();
    args.buffer = raw.as_ptr();
    let functions = client.functions();
    // SAFETY: the caller owns the raw buffer and gives it up. Donated buffers are freed like this
    // too. The plugin waits for computations that still use it.
    let error = unsafe { (functions.buffer_destroy)(&mut args) };
    functions.destroy_error(error);
}

impl ffi::MemoryLayout {
    /// A dense layout whose fastest dimension comes first in `minor_to_major`, which it borrows
    /// as a raw pointer.
    fn dense(minor_to_major: &[i64]) -> Self {
        ffi::MemoryLayout {
            struct_size: size_of::<ffi::MemoryLayout>(),
            extension_start: std::ptr::null_mut(),
            tiled: ffi::TiledLayout {
                struct_size: size_of::<ffi::TiledLayout>(),
                extension_start: std::ptr::null_mut(),
                minor_to_major: minor_to_major.as_ptr(),
                minor_to_major_size: minor_to_major.len(),
                tile_dims: std::ptr::null(),
                tile_dim_sizes: std::ptr::null(),
                num_tiles: 0,
            },
            layout_type: 0,
        }
    }
}
