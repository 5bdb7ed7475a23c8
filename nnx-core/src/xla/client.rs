//! The connection to one plugin's devices.

use super::buffer::Buffer;
use super::discovery;
use super::executable::Executable;
use super::ffi::{self, Functions};
use super::options::CompileOptions;
use super::plugin::Plugin;
use super::status::text_from;
use crate::graph::Aval;
use crate::{DType, Error, Result};
use std::ffi::c_int;
use std::fmt;
use std::path::{Path, PathBuf};
use std::ptr::NonNull;
use std::sync::{Mutex, OnceLock};

/// What the process-wide client is made with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientOptions {
    /// The plugin file; without it, the plugin is searched for.
    pub plugin: Option<PathBuf>,
    /// Number of CPU devices; 1 without it. Only CPU plugins look at it.
    pub cpu_devices: Option<usize>,
    /// Number of threads that computations on CPUs share; one per core without it. It is passed
    /// on as `PJRT_NPROC` in the environment.
    pub cpu_threads: Option<usize>,
}

impl ClientOptions {
    /// Default options: the plugin is searched for, with one CPU device.
    pub fn new() -> Self {
        Self::default()
    }

    /// Uses the plugin at `path`.
    pub fn plugin(mut self, path: impl Into<PathBuf>) -> Self {
        self.plugin = Some(path.into());
        self
    }

    /// Lets computations on CPUs share `count` threads.
    pub fn cpu_threads(mut self, count: usize) -> Self {
        self.cpu_threads = Some(count);
        self
    }

    /// Splits the CPU into `count` devices.
    pub fn cpu_devices(mut self, count: usize) -> Self {
        self.cpu_devices = Some(count);
        self
    }
}

/// A plugin's client: compiles programs, holds arrays. It lives as long as the process.
#[derive(Clone, Copy)]
pub struct Client(&'static Inner);

struct Inner {
    plugin: Plugin,
    raw: NonNull<ffi::PjrtClient>,
    /// Where arrays are put and programs run; there is at least one.
    devices: Vec<NonNull<ffi::PjrtDevice>>,
    platform: String,
    platform_version: String,
}

// SAFETY: PJRT clients and devices may be used from any thread; everything else is only read.
unsafe impl Send for Inner {}
// SAFETY: as above.
unsafe impl Sync for Inner {}

/// More CPU devices or threads than this are a mistake, and would take the machine down.
const MAX_CPU_COUNT: usize = 1024;

/// The one client of the process, with the options that it was made with.
static CLIENT: OnceLock<(ClientOptions, Client)> = OnceLock::new();
/// Held while a client is made.
static MAKING: Mutex<()> = Mutex::new(());

/// Makes the process-wide client with the given options, before anything else needs one.
///
/// # Errors
/// When a client with other options already runs, or no client can be made (which may be tried
/// again, with other options).
pub fn init(options: ClientOptions) -> Result<Client> {
    let _making = MAKING.lock().unwrap_or_else(|e| e.into_inner());
    match CLIENT.get() {
        Some((running, client)) if *running == options => Ok(*client),
        Some((running, client)) => Err(Error::Invalid(format!(
            "a client of the plugin {} already runs with {running:?}; it cannot be replaced by \
             one with {options:?}. Call `init` before the first use of an array",
            client.plugin_path().display()
        ))),
        None => {
            let client = Client::create(&options)?;
            Ok(CLIENT.get_or_init(|| (options, client)).1)
        }
    }
}

impl Client {
    /// The process-wide client, made with default options on first use.
    ///
    /// # Errors
    /// When no plugin is found or it cannot be used. The next call tries again.
    #[inline]
    pub fn global() -> Result<Client> {
        match CLIENT.get() {
            Some((_, client)) => Ok(*client),
            None => Self::first_use(),
        }
    }

    #[cold]
    fn first_use() -> Result<Client> {
        match init(ClientOptions::default()) {
            Ok(client) => Ok(client),
            // Another thread was first, with other options.
            Err(error) => CLIENT.get().map(|(_, client)| *client).ok_or(error),
        }
    }

    fn create(options: &ClientOptions) -> Result<Client> {
        for (what, count) in [("devices", options.cpu_devices), ("threads", options.cpu_threads)] {
            if count.is_some_and(|n| n == 0 || n > MAX_CPU_COUNT) {
                return Err(Error::Invalid(format!(
                    "the number of CPU {what} must be between 1 and {MAX_CPU_COUNT}"
                )));
            }
        }
        let path = discovery::find(options.plugin.as_deref())?;
        super::environment::prepare(options.cpu_threads);
        let plugin = Plugin::load(&path)?;
        let raw = create_raw(&plugin, options)?;
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
        Ok(Client(Box::leak(Box::new(Inner { raw, devices, platform, platform_version, plugin }))))
    }

    #[inline]
    pub(super) fn functions(self) -> &'static Functions {
        &self.0.plugin.functions
    }

    /// The platform's name: `cpu`, `cuda`, `tpu`.
    pub fn platform(&self) -> &str {
        &self.0.platform
    }

    /// The platform's version, as the plugin puts it.
    pub fn platform_version(&self) -> &str {
        &self.0.platform_version
    }

    /// Number of devices that this process can use.
    pub fn device_count(&self) -> usize {
        self.0.devices.len()
    }

    /// The plugin's file.
    pub fn plugin_path(&self) -> &Path {
        &self.0.plugin.path
    }

    /// Major and minor version of the plugin's PJRT API.
    pub fn api_version(&self) -> (i32, i32) {
        self.0.plugin.version
    }

    /// The error for a function that the plugin does not have.
    pub(super) fn lacks(self, call: String, function: &str) -> Error {
        let (major, minor) = self.api_version();
        Error::Xla {
            call,
            code: "UNIMPLEMENTED",
            message: format!("the plugin (PJRT API {major}.{minor}) has no {function}"),
        }
    }

    /// Compiles the StableHLO program `stablehlo`, which must take `inputs` and return `outputs`.
    /// `name` is used in messages. It runs on device number `device`.
    ///
    /// # Errors
    /// [`Error::Xla`] with the compiler's message; [`Error::Invalid`] when the program returns
    /// something else than `outputs`, or there is no such device.
    pub fn compile(
        &self,
        name: &str,
        stablehlo: &str,
        inputs: &[Aval],
        outputs: &[Aval],
        device: usize,
    ) -> Result<Executable> {
        let functions = self.functions();
        self.device(device)?;
        // The first device is the default, which every plugin takes.
        let options =
            CompileOptions { device: (device > 0).then_some(device), ..Default::default() };
        let options = options.to_proto();
        let mut program = ffi::Program::new();
        program.code = stablehlo.as_ptr().cast();
        program.code_size = stablehlo.len();
        program.format = c"mlir".as_ptr();
        program.format_size = 4;
        let mut args = ffi::ClientCompileArgs::new();
        args.client = self.0.raw.as_ptr();
        args.program = &program;
        args.compile_options = options.as_ptr().cast();
        args.compile_options_size = options.len();
        let call = || format!("compiling `{name}`");
        // SAFETY: the client is alive; program and options outlive the call.
        let error = unsafe { (functions.client_compile)(&mut args) };
        functions.check(error, call)?;
        let raw = not_null(args.executable, call)?;
        // From here on the executable is freed on every way out.
        let executable = Executable::new(*self, raw, name, inputs, outputs, device);
        executable.check_outputs()?;
        Ok(executable)
    }

    /// Device number `index`.
    pub(super) fn device(self, index: usize) -> Result<NonNull<ffi::PjrtDevice>> {
        self.0.devices.get(index).copied().ok_or_else(|| {
            Error::Invalid(format!(
                "there is no device {index}: the {} plugin has {} (the number of CPU devices is set \
                 with `xla::init(ClientOptions::new().cpu_devices(n))`)",
                self.platform(),
                self.device_count()
            ))
        })
    }

    /// Copies an array from host memory to device number `device`: dense, the last dimension fastest,
    /// little-endian, one byte (0 or 1) per bool.
    ///
    /// # Errors
    /// [`Error::Invalid`] when `bytes` is not as long as `aval` needs or there is no such device;
    /// [`Error::Xla`] when the device has no room.
    pub fn upload(&self, bytes: &[u8], aval: Aval, device: usize) -> Result<Buffer> {
        if bytes.len() != aval.byte_size() {
            return Err(Error::Invalid(format!(
                "{} bytes were given for {aval}, which needs {}",
                bytes.len(),
                aval.byte_size()
            )));
        }
        let functions = self.functions();
        let call = || format!("uploading {aval}");
        let dims: smallvec::SmallVec<[i64; 8]> = aval.shape().iter().map(|&d| d as i64).collect();
        let mut args = ffi::BufferFromHostArgs::new();
        args.client = self.0.raw.as_ptr();
        args.data = bytes.as_ptr().cast();
        args.element_type = element_type(aval.dtype());
        args.dims = dims.as_ptr();
        args.num_dims = dims.len();
        args.host_buffer_semantics = ffi::IMMUTABLE_ONLY_DURING_CALL;
        args.device = self.device(device)?.as_ptr();
        // SAFETY: client and device are alive; `data` has the bytes that type and dims ask for and
        // lives until the copy is done, which is awaited here.
        let error = unsafe { (functions.buffer_from_host)(&mut args) };
        functions.check(error, call)?;
        let done = functions.wait(args.done_with_host_buffer, call);
        let buffer = Buffer::new(*self, not_null(args.buffer, call)?, aval, device, None);
        done.map(|()| buffer)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor) = self.api_version();
        f.debug_struct("Client")
            .field("platform", &self.platform())
            .field("devices", &self.device_count())
            .field("plugin", &self.plugin_path())
            .field("api", &format_args!("{major}.{minor}"))
            .finish()
    }
}

/// XLA's number for a dtype.
pub(super) fn element_type(dtype: DType) -> c_int {
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
    }
}

/// An object that a successful call must have given.
pub(super) fn not_null<T>(raw: *mut T, call: impl FnOnce() -> String) -> Result<NonNull<T>> {
    NonNull::new(raw).ok_or_else(|| Error::Xla {
        call: call(),
        code: "INTERNAL",
        message: "the plugin returned neither a result nor an error".to_string(),
    })
}

fn create_raw(plugin: &Plugin, options: &ClientOptions) -> Result<NonNull<ffi::PjrtClient>> {
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
    let call = || format!("making a client of the plugin {}", plugin.path.display());
    // SAFETY: the options outlive the call.
    let error = unsafe { (plugin.functions.client_create)(&mut args) };
    plugin.functions.check(error, call)?;
    not_null(args.client, call)
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
    get: ffi::Function<ffi::ClientStringArgs>,
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
