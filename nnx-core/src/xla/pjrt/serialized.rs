//! Compiled programs as bytes.

use super::{Pjrt, ffi, not_null};
use crate::error::Result;
use crate::xla::runtime::What;
use std::ptr::NonNull;

impl Pjrt {
    /// Whether it can give compiled programs as bytes and load them.
    pub(super) fn tells_programs(&self) -> bool {
        let functions = self.functions();
        functions.executable_serialize.is_some() && functions.deserialize_and_load.is_some()
    }

    /// The bytes of a compiled program.
    pub(super) fn bytes_of(
        &self,
        loaded: NonNull<ffi::PjrtLoadedExecutable>,
        what: What<'_>,
    ) -> Result<Vec<u8>> {
        let functions = self.functions();
        let Some(serialize) = functions.executable_serialize else {
            return Err(self.lacks(what, "PJRT_Executable_Serialize"));
        };
        let mut owner = ffi::GetExecutableArgs::new();
        owner.loaded_executable = loaded.as_ptr();
        // SAFETY: the program is alive.
        let error = unsafe { (functions.get_executable)(&mut owner) };
        functions.check(error, what)?;
        let mut args = ffi::ExecutableSerializeArgs::new();
        args.executable = owner.executable;
        // SAFETY: the handle was given above.
        let error = unsafe { serialize(&mut args) };
        let done = functions.check(error, what);
        let mut release = ffi::ExecutableDestroyArgs::new();
        release.executable = owner.executable;
        // SAFETY: the handle was given to us, and is not used any more.
        let error = unsafe { (functions.executable_destroy)(&mut release) };
        functions.destroy_error(error);
        done?;
        let bytes = match NonNull::new(args.bytes.cast_mut()) {
            // SAFETY: the plugin gave this many bytes, which live until the deleter runs.
            Some(bytes) => unsafe {
                std::slice::from_raw_parts(bytes.as_ptr().cast::<u8>(), args.size).to_vec()
            },
            None => Vec::new(),
        };
        if let Some(deleter) = args.deleter {
            // SAFETY: this is what the plugin wants called, once, when the bytes are copied.
            unsafe { deleter(args.serialized) };
        }
        Ok(bytes)
    }

    /// The program in `bytes`, loaded.
    pub(super) fn deserialized(
        &self,
        bytes: &[u8],
        what: What<'_>,
    ) -> Result<NonNull<ffi::PjrtLoadedExecutable>> {
        let functions = self.functions();
        let Some(load) = functions.deserialize_and_load else {
            return Err(self.lacks(what, "PJRT_Executable_DeserializeAndLoad"));
        };
        let mut args = ffi::DeserializeAndLoadArgs::new();
        args.client = self.raw.as_ptr();
        args.bytes = bytes.as_ptr().cast();
        args.size = bytes.len();
        // SAFETY: the client is alive, and the bytes outlive the call.
        let error = unsafe { load(&mut args) };
        functions.check(error, what)?;
        not_null(args.loaded, what)
    }
}
