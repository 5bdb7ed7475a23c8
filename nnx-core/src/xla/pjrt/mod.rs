//! The backend of PJRT plugins: shared libraries with the PJRT C API, opened at run time.

mod compiler;
mod custom_call;
mod description;
mod discovery;
mod elf;
mod faults;
mod ffi;
mod in_flight;
mod installed;
mod optimized;
mod options;
mod parameters;
mod plugin;
mod record;
mod runtime;
mod serialized;
mod spread;
mod status;
mod written;

#[cfg(feature = "xla-rs")]
pub(super) use custom_call::FIXES;
pub(super) use installed::{absolute, user_folder};
#[cfg(feature = "xla-rs")]
pub(super) use parameters::difference_in;

use super::client::ClientOptions;
use super::{environment, flags, malloc};
use crate::error::{Error, Result};
use crate::value::DType;
use faults::PluginFault;
use ffi::Functions;
use in_flight::InFlight;
use plugin::Plugin;
use status::text_from;
use std::ffi::c_int;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::{OnceLock, RwLock};

/// A plugin's client.
pub(super) struct Pjrt {
    plugin: Plugin,
    raw: NonNull<ffi::PjrtClient>,
    /// Where arrays are put and programs run; there is at least one.
    devices: Vec<NonNull<ffi::PjrtDevice>>,
    platform: String,
    platform_version: String,
    /// The faults of this plugin that are worked around when programs are compiled.
    faults: RwLock<Vec<PluginFault>>,
    in_flight: InFlight,
    /// Whether programs can call the host, once one was to.
    callbacks: OnceLock<Result<()>>,
    /// Everything besides the program that decides what the compiler makes; `None` if programs are not to be kept.
    compiler: Option<Vec<(&'static str, String)>>,
}

// SAFETY: PJRT clients and devices may be used from any thread; everything else is only read.
unsafe impl Send for Pjrt {}
// SAFETY: as above.
unsafe impl Sync for Pjrt {}

impl Pjrt {
    /// Finds and opens a plugin, and makes its client.
    pub(super) fn start(options: &ClientOptions) -> Result<Self> {
        let path = discovery::find(options.plugin.as_deref())?;
        environment::prepare(options.cpu_threads)?;
        let plugin = Plugin::load(&path)?;
        if discovery::is_cpu(&path) {
            malloc::keep_freed(options)?;
        }
        let raw = create(&plugin, options)?;
        let functions = plugin.functions;
        Self::with_client(plugin, raw).inspect_err(|_| destroy(&functions, raw))
    }

    /// The backend of a client that was made.
    fn with_client(plugin: Plugin, raw: NonNull<ffi::PjrtClient>) -> Result<Self> {
        let devices = addressable_devices(&plugin, raw)?;
        let functions = &plugin.functions;
        let platform = client_string(functions, raw, functions.client_platform_name)?;
        let platform_version = client_string(functions, raw, functions.client_platform_version)?;
        if devices.is_empty() {
            return Err(Error::Plugin {
                path: plugin.path,
                reason: format!("it has no {platform} device on this machine"),
            });
        }
        let faults = faults::of(&platform, plugin.version, &flags::names()?);
        let compiler = compiler::parts(&plugin, devices[0], &platform_version, &faults)?;
        let faults = RwLock::new(faults);
        let in_flight = InFlight::new();
        let callbacks = OnceLock::new();
        Ok(Pjrt {
            raw,
            devices,
            platform,
            platform_version,
            faults,
            in_flight,
            callbacks,
            compiler,
            plugin,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.plugin.path
    }

    /// The version of the plugin's API.
    pub(super) fn version(&self) -> (i32, i32) {
        self.plugin.version
    }

    #[inline]
    fn functions(&self) -> &Functions {
        &self.plugin.functions
    }
}

/// XLA's number for a dtype.
fn element_type(dtype: DType) -> c_int {
    match dtype {
        DType::Bool => 1,
        DType::I8 => 2,
        DType::I16 => 3,
        DType::I32 => 4,
        DType::I64 => 5,
        DType::U8 => 6,
        DType::U16 => 7,
        DType::U32 => 8,
        DType::U64 => 9,
        DType::F16 => 10,
        DType::F32 => 11,
        DType::F64 => 12,
        DType::BF16 => 13,
        DType::C64 => 14,
        DType::C128 => 15,
        DType::F8E5M2 => 16,
        DType::F8E4M3FN => 17,
        DType::F8E4M3B11FNUZ => 18,
        DType::F8E5M2FNUZ => 19,
        DType::F8E4M3FNUZ => 20,
        DType::F8E4M3 => 26,
        DType::F8E3M4 => 27,
        DType::F8E8M0FNU => 28,
    }
}

/// An object that a successful call must have given.
fn not_null<T>(raw: *mut T, what: impl FnOnce() -> String) -> Result<NonNull<T>> {
    NonNull::new(raw).ok_or_else(|| Error::Xla {
        call: what(),
        code: "INTERNAL",
        message: "the plugin returned neither a result nor an error".to_string(),
    })
}

fn create(plugin: &Plugin, options: &ClientOptions) -> Result<NonNull<ffi::PjrtClient>> {
    let name = c"cpu_device_count";
    let count = ffi::NamedValue {
        struct_size: size_of::<ffi::NamedValue>(),
        extension_start: std::ptr::null_mut(),
        name: name.as_ptr(),
        name_size: name.count_bytes(),
        value_type: ffi::NAMED_VALUE_INT64,
        int64_value: options.cpu_devices.unwrap_or(1) as i64,
        value_size: 1,
    };
    let mut args = ffi::ClientCreateArgs::new();
    // Plugins for other devices refuse options that they do not know.
    if options.cpu_devices.is_some() || discovery::is_cpu(&plugin.path) {
        args.create_options = &count;
        args.num_options = 1;
    }
    let what = || format!("making a client of the plugin {}", plugin.path.display());
    // SAFETY: the options outlive the call.
    let error = unsafe { (plugin.functions.client_create)(&mut args) };
    plugin.functions.check(error, what)?;
    not_null(args.client, what)
}

/// Frees a client with which nothing was done.
fn destroy(functions: &Functions, client: NonNull<ffi::PjrtClient>) {
    let Some(client_destroy) = functions.client_destroy else { return };
    let mut args = ffi::ClientDestroyArgs::new();
    args.client = client.as_ptr();
    // SAFETY: nobody else has the client.
    let error = unsafe { client_destroy(&mut args) };
    functions.destroy_error(error);
}

fn addressable_devices(
    plugin: &Plugin,
    client: NonNull<ffi::PjrtClient>,
) -> Result<Vec<NonNull<ffi::PjrtDevice>>> {
    let mut args = ffi::ClientDevicesArgs::new();
    args.client = client.as_ptr();
    // SAFETY: the client is alive.
    let error = unsafe { (plugin.functions.client_addressable_devices)(&mut args) };
    plugin.functions.check(error, || "listing the devices".to_string())?;
    if args.devices.is_null() {
        return Ok(Vec::new());
    }
    // SAFETY: the plugin's list has this many entries and lives as long as the client.
    let devices = unsafe { std::slice::from_raw_parts(args.devices, args.num_devices) };
    Ok(devices.iter().filter_map(|&device| NonNull::new(device)).collect())
}

fn client_string(
    functions: &Functions,
    client: NonNull<ffi::PjrtClient>,
    get: ffi::ApiFunction<ffi::ClientStringArgs>,
) -> Result<String> {
    let mut args = ffi::ClientStringArgs::new();
    args.client = client.as_ptr();
    // SAFETY: the client is alive, and its strings live as long as it does.
    unsafe {
        let error = get(&mut args);
        functions.check(error, || "asking for the platform".to_string())?;
        Ok(text_from(args.text, args.text_size))
    }
}
