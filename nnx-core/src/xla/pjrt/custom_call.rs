//! The handler of calls of the host: XLA's FFI, by which a compiled program calls a C function.
//!
//! Written from the facts of the ABI (field order and sizes) of XLA's FFI 0.1 to 0.3, whose structs begin with
//! their size as those of PJRT do. A plugin of XLA for CPUs takes handlers through an extension of its PJRT table.

use super::Pjrt;
use super::ffi::{Functions, PjrtApi, PjrtError};
use super::parameters::primitive_type;
use crate::error::{Error, Result};
use crate::value::Aval;
use crate::xla::callback::{CALLBACK_ID, CALLBACK_TARGET, Callback};
use std::ffi::{CString, c_char, c_int, c_void};
use std::mem::offset_of;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

/// An error of the FFI, which only XLA can look into.
#[repr(C)]
struct FfiError {
    _private: [u8; 0],
}

type Handler = unsafe extern "C" fn(*mut CallFrame) -> *mut FfiError;

/// A link of a chain of extensions.
#[repr(C)]
struct Extension {
    struct_size: usize,
    kind: c_int,
    next: *mut Extension,
}

/// The arguments of a handler.
#[repr(C)]
struct CallFrame {
    struct_size: usize,
    extension_start: *mut Extension,
    api: *const FfiApi,
    context: *mut c_void,
    stage: c_int,
    args: Values,
    rets: Values,
    attrs: Attributes,
}

/// Operands or results.
#[repr(C)]
struct Values {
    struct_size: usize,
    extension_start: *mut Extension,
    size: i64,
    types: *const c_int,
    values: *const *const FfiBuffer,
}

#[repr(C)]
struct Attributes {
    struct_size: usize,
    extension_start: *mut Extension,
    size: i64,
    types: *const c_int,
    names: *const *const ByteSpan,
    values: *const *const c_void,
}

#[repr(C)]
struct ByteSpan {
    text: *const u8,
    size: usize,
}

#[repr(C)]
struct FfiScalar {
    dtype: c_int,
    value: *const c_void,
}

#[repr(C)]
struct FfiBuffer {
    struct_size: usize,
    extension_start: *mut Extension,
    dtype: c_int,
    data: *mut u8,
    rank: i64,
    dims: *const i64,
}

#[repr(C)]
struct FfiVersion {
    struct_size: usize,
    extension_start: *mut Extension,
    major: c_int,
    minor: c_int,
}

/// The start of the FFI's own table.
#[repr(C)]
struct FfiApi {
    struct_size: usize,
    extension_start: *mut Extension,
    version: FfiVersion,
    internal: *const c_void,
    error_create: Option<unsafe extern "C" fn(*mut ErrorCreateArgs) -> *mut FfiError>,
}

#[repr(C)]
struct ErrorCreateArgs {
    struct_size: usize,
    extension_start: *mut Extension,
    message: *const c_char,
    code: c_int,
}

/// The question for a handler's version, as an extension of a frame without a call.
#[repr(C)]
struct MetadataExtension {
    base: Extension,
    metadata: *mut HandlerMetadata,
}

#[repr(C)]
struct HandlerMetadata {
    struct_size: usize,
    version: FfiVersion,
}

/// [`Extension::kind`] of a [`MetadataExtension`].
const METADATA: c_int = 1;
/// [`CallFrame::stage`] of the call itself.
const EXECUTE: c_int = 3;
/// The types of operands, results and attributes that we know.
const BUFFER: c_int = 1;
const SCALAR: c_int = 3;
/// XLA's number of i64.
const S64: c_int = 5;
/// The status code of a failed callback.
const INTERNAL: c_int = 13;

/// The versions of the FFI that this file describes: what a handler uses is the same in all of them. A plugin may
/// take no other minor version than its own.
const MINOR_VERSIONS: [i32; 4] = [1, 2, 3, 0];
/// The version that the handler says it is of.
static MINOR: AtomicI32 = AtomicI32::new(MINOR_VERSIONS[0]);

/// PJRT's extension for the FFI.
#[repr(C)]
struct FfiExtension {
    base: Extension,
    type_register: *const c_void,
    user_data_add: *const c_void,
    register_handler: Option<unsafe extern "C" fn(*mut RegisterHandlerArgs) -> *mut PjrtError>,
}

/// [`Extension::kind`] of an [`FfiExtension`] in PJRT's table.
const PJRT_FFI: c_int = 5;

/// A handler to register, in API 0.81 to 0.115. This struct has no extensions, and had another field before: its
/// size has to be the exact one, so that a plugin with another layout refuses it.
#[repr(C)]
struct RegisterHandlerArgs {
    struct_size: usize,
    target: *const c_char,
    target_size: usize,
    handler: Handler,
    platform: *const c_char,
    platform_size: usize,
    traits: c_int,
}

/// The size up to the last field.
const REGISTER_HANDLER_SIZE: usize = offset_of!(RegisterHandlerArgs, traits) + size_of::<c_int>();

impl Pjrt {
    /// Lets programs call the host from now on.
    ///
    /// # Errors
    /// Returns an error if the plugin cannot.
    pub(super) fn prepare_callbacks(&self) -> Result<()> {
        self.callbacks.get_or_init(|| self.register_handler()).clone()
    }

    fn register_handler(&self) -> Result<()> {
        if self.platform != "cpu" {
            return Err(self.cannot_call(&format!(
                "its arrays are in the memory of the platform {}, which this library reads for no callback yet",
                self.platform
            )));
        }
        let Some(register) = self.plugin.extension(PJRT_FFI).and_then(register_function) else {
            return Err(self.cannot_call("it has no extension for XLA's FFI"));
        };
        let mut outcome = Ok(());
        for minor in MINOR_VERSIONS {
            MINOR.store(minor, Relaxed);
            outcome = register_as(self.functions(), register);
            if outcome.is_ok() {
                break;
            }
        }
        outcome.map_err(|error| self.cannot_call(&error.to_string()))
    }

    fn cannot_call(&self, why: &str) -> Error {
        let (major, minor) = self.version();
        Error::Unavailable(format!(
            "the plugin {} (PJRT API {major}.{minor}) cannot call back into the program: {why}\n{FIXES}",
            self.path().display()
        ))
    }
}

/// Advice where a backend cannot call the host.
pub(in crate::xla) const FIXES: &str = "fixes:\n  \
    1. run on a plugin of XLA for CPUs (`cargo xtask setup` installs one, docs/backends.md has a list)\n  \
    2. return the values from the function and look at them outside\n  \
    3. take the callback (`debug::print!`, `debug::callback`, `pure_callback`, `io_callback`) away";

type Register = unsafe extern "C" fn(*mut RegisterHandlerArgs) -> *mut PjrtError;

/// The function of an extension that registers handlers.
fn register_function(extension: NonNull<c_void>) -> Option<Register> {
    // SAFETY: an extension of this kind has these fields, as far as its size says.
    unsafe {
        let extension = extension.cast::<FfiExtension>().as_ref();
        let is_there = extension.base.struct_size >= size_of::<FfiExtension>();
        extension.register_handler.filter(|_| is_there)
    }
}

fn register_as(functions: &Functions, register: Register) -> Result<()> {
    let platform = "Host";
    let mut args = RegisterHandlerArgs {
        struct_size: REGISTER_HANDLER_SIZE,
        target: CALLBACK_TARGET.as_ptr().cast(),
        target_size: CALLBACK_TARGET.len(),
        handler: handle,
        platform: platform.as_ptr().cast(),
        platform_size: platform.len(),
        traits: 0,
    };
    // SAFETY: the names outlive the call, and the handler is a function of this program.
    let error = unsafe { register(&mut args) };
    functions.check(error, || "registering the handler of callbacks".to_string())
}

/// The first extension of this kind in the chain of a plugin's table.
///
/// # Safety
/// `api` points to the table of a PJRT plugin.
pub(super) unsafe fn extension(api: *const PjrtApi, kind: c_int) -> Option<NonNull<c_void>> {
    // SAFETY: the caller's promise; each link of the chain begins with these fields.
    unsafe {
        let mut next = (*api).extension_start.cast::<Extension>();
        while let Some(extension) = next.as_ref() {
            if extension.kind == kind {
                return NonNull::new(next.cast());
            }
            next = extension.next;
        }
    }
    None
}

/// Called by XLA: for every call of the host while a program runs, and to be asked for its version.
///
/// # Safety
/// `frame` is what the FFI describes, for the time of the call.
unsafe extern "C" fn handle(frame: *mut CallFrame) -> *mut FfiError {
    // Nothing may unwind into XLA.
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the caller's promise.
        unsafe {
            if describe_itself(frame) || (*frame).stage != EXECUTE {
                return Ok(());
            }
            call(&*frame)
        }
    }));
    let message = match outcome {
        Ok(Ok(())) => return null_mut(),
        Ok(Err(message)) => message,
        Err(payload) => {
            std::mem::forget(payload);
            "a callback could not be called; please report it".to_string()
        }
    };
    // SAFETY: the caller's promise.
    unsafe { error((*frame).api, message) }
}

/// Answers the question for the version of the handler, if that is what it was called for.
///
/// # Safety
/// As for [`handle`].
unsafe fn describe_itself(frame: *mut CallFrame) -> bool {
    // SAFETY: the caller's promise; an extension of this kind has these fields.
    unsafe {
        let mut next = (*frame).extension_start;
        while let Some(extension) = next.as_ref() {
            if extension.kind == METADATA {
                let metadata = (*next.cast::<MetadataExtension>()).metadata;
                (*metadata).version.major = 0;
                (*metadata).version.minor = MINOR.load(Relaxed);
                return true;
            }
            next = extension.next;
        }
    }
    false
}

/// Calls the callback that a frame names.
///
/// # Safety
/// As for [`handle`].
unsafe fn call(frame: &CallFrame) -> Result<(), String> {
    // SAFETY: the caller's promise. Operands are not written while the call goes on, and results are nobody else's.
    unsafe {
        let id = id_of(&frame.attrs).ok_or("a call of the host without a number")?;
        let callback = Callback::find(id)
            .ok_or_else(|| format!("there is no callback {id} in this process any more"))?;
        let args = buffers(&frame.args, callback.inputs())?;
        let args: Vec<&[u8]> = args
            .into_iter()
            .map(|(data, size)| std::slice::from_raw_parts(data.as_ptr().cast_const(), size))
            .collect();
        let results = buffers(&frame.rets, callback.outputs())?;
        let mut results: Vec<&mut [u8]> = results
            .into_iter()
            .map(|(data, size)| std::slice::from_raw_parts_mut(data.as_ptr(), size))
            .collect();
        callback.run(&args, &mut results)
    }
}

/// The number of the callback.
///
/// # Safety
/// `attrs` is that of a frame.
unsafe fn id_of(attrs: &Attributes) -> Option<i64> {
    let count = usize::try_from(attrs.size).ok()?;
    // SAFETY: the lists are as long as `size` says, and a scalar of this dtype points to an i64.
    unsafe {
        (0..count).find_map(|i| {
            let name = &**attrs.names.add(i);
            let name = std::slice::from_raw_parts(name.text, name.size);
            if name != CALLBACK_ID.as_bytes() || *attrs.types.add(i) != SCALAR {
                return None;
            }
            let scalar = &*(*attrs.values.add(i)).cast::<FfiScalar>();
            (scalar.dtype == S64).then(|| scalar.value.cast::<i64>().read_unaligned())
        })
    }
}

/// Where the arrays of a frame lie and their sizes in bytes; they must be of the types that are expected.
///
/// # Safety
/// `values` is that of a frame.
unsafe fn buffers(values: &Values, expected: &[Aval]) -> Result<Vec<(NonNull<u8>, usize)>, String> {
    if usize::try_from(values.size) != Ok(expected.len()) {
        return Err(format!("XLA passes {} arrays, not the {}", values.size, expected.len()));
    }
    let buffer = |(i, aval): (usize, &Aval)| {
        // SAFETY: the lists are as long as `size` says, and a buffer's dimensions as its rank says.
        unsafe {
            if *values.types.add(i) != BUFFER {
                return Err(format!("XLA passes something else than an array for {aval}"));
            }
            let buffer = &**values.values.add(i);
            let rank = usize::try_from(buffer.rank).unwrap_or(0);
            let dims = match rank {
                0 => &[],
                _ => std::slice::from_raw_parts(buffer.dims, rank),
            };
            let fits = buffer.dtype == primitive_type(aval.dtype()) as c_int
                && dims.iter().copied().eq(aval.shape().iter().map(|&n| n as i64));
            match NonNull::new(buffer.data) {
                Some(data) if fits => Ok((data, aval.byte_size())),
                _ => {
                    Err(format!("XLA passes an array {dims:?} of type {} for {aval}", buffer.dtype))
                }
            }
        }
    };
    expected.iter().enumerate().map(buffer).collect()
}

/// An error of the FFI.
///
/// # Safety
/// `api` is that of a frame.
unsafe fn error(api: *const FfiApi, message: String) -> *mut FfiError {
    let message = CString::new(message.replace('\0', " ")).unwrap_or_default();
    // SAFETY: the caller's promise; the message outlives the call, which copies it.
    unsafe {
        let create = api.as_ref().and_then(|api| api.error_create);
        let Some(create) = create else { return null_mut() };
        let mut args = ErrorCreateArgs {
            struct_size: size_of::<ErrorCreateArgs>(),
            extension_start: null_mut(),
            message: message.as_ptr(),
            code: INTERNAL,
        };
        create(&mut args)
    }
}

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    use super::*;

    /// Offsets as a C compiler gives them for the header of XLA's FFI 0.3.
    #[test]
    fn layouts_are_those_of_the_abi() {
        assert_eq!(offset_of!(CallFrame, args), 40);
        assert_eq!(offset_of!(CallFrame, rets), 80);
        assert_eq!(offset_of!(CallFrame, attrs), 120);
        assert_eq!(size_of::<Attributes>(), 48);
        assert_eq!(size_of::<FfiBuffer>(), 48);
        assert_eq!(offset_of!(FfiScalar, value), 8);
        assert_eq!(offset_of!(FfiApi, error_create), 48);
        assert_eq!(offset_of!(HandlerMetadata, version), 8);
        assert_eq!(offset_of!(MetadataExtension, metadata), 24);
        assert_eq!(offset_of!(FfiExtension, register_handler), 40);
        assert_eq!(REGISTER_HANDLER_SIZE, 52);
    }
}
