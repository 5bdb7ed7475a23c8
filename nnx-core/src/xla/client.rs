//! The one client of the process.

use super::buffer::Buffer;
use super::cache::{Cache, CacheStats, DiskCache};
use super::callback::Callback;
use super::environment::MAX_CPU_COUNT;
use super::executable::{Executable, Origin};
use super::pjrt::Pjrt;
use super::placement::Placement;
use super::program::{Dialect, Program};
use super::runtime::{Backend, Inspection, Runtime};
use super::{callback, exit, fork, spread};
use crate::error::{Error, Result};
use crate::value::Aval;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

/// The variable that chooses the backend.
const BACKEND_VAR: &str = "NNX_BACKEND";

/// The settings of the process-wide client.
///
/// ```no_run
/// use nnx::xla::{ClientOptions, init};
///
/// // Before the first array.
/// let client = init(ClientOptions::new().cpu_devices(2).cpu_threads(8)).unwrap();
/// assert_eq!(client.device_count(), 2);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientOptions {
    /// The backend; without it, the one that `NNX_BACKEND` in the environment names (`pjrt` or
    /// `xla-rs`), and without that PJRT.
    pub backend: Option<Backend>,
    /// The plugin file; without it, the plugin is searched for. Only for PJRT.
    pub plugin: Option<PathBuf>,
    /// Number of CPU devices; 1 without it. Only CPU plugins look at it.
    pub cpu_devices: Option<usize>,
    /// Number of threads that computations on CPUs share; one per core without it. It is passed
    /// on as `PJRT_NPROC` in the environment.
    pub cpu_threads: Option<usize>,
    /// Where compiled programs are kept for the next process; without it, `NNX_CACHE` in the environment
    /// says so (`off`, or a folder), and without that it is `cache` in the per-user folder.
    pub cache: Option<DiskCache>,
    /// The most bytes that all programs in the cache may have; 2 GB without it. Those that were used least
    /// lately go first.
    pub cache_limit: Option<u64>,
    /// The most bytes of a block of memory that this process keeps for the next run when it is freed; 0 leaves
    /// that to the C library, which gives it back to the system. Without it, `NNX_KEEP_MEMORY` in the
    /// environment says so (`off`, or a number of bytes), and without that it is 1 GiB, unless the environment
    /// has settings of glibc's own about it. Only for CPUs, and only with glibc.
    pub keep_memory: Option<u64>,
}

impl ClientOptions {
    /// Default options: the plugin is searched for, with one CPU device.
    pub fn new() -> Self {
        Self::default()
    }

    /// Uses `backend`, whatever the environment says.
    ///
    /// ```
    /// use nnx::xla::{Backend, ClientOptions};
    ///
    /// let options = ClientOptions::new().backend(Backend::Pjrt);
    /// assert_eq!(options.backend, Some(Backend::Pjrt));
    /// ```
    pub fn backend(mut self, backend: Backend) -> Self {
        self.backend = Some(backend);
        self
    }

    /// Uses the plugin at `path`.
    ///
    /// ```no_run
    /// use nnx::xla::{ClientOptions, init};
    ///
    /// let client = init(ClientOptions::new().plugin("/opt/xla/pjrt_plugin.so")).unwrap();
    /// assert!(client.plugin_path().unwrap().ends_with("pjrt_plugin.so"));
    /// ```
    pub fn plugin(mut self, path: impl Into<PathBuf>) -> Self {
        self.plugin = Some(path.into());
        self
    }

    /// Lets computations on CPUs share `count` threads.
    ///
    /// ```no_run
    /// use nnx::xla::{ClientOptions, init};
    ///
    /// init(ClientOptions::new().cpu_threads(4)).unwrap(); // leaves the other cores to others
    /// ```
    pub fn cpu_threads(mut self, count: usize) -> Self {
        self.cpu_threads = Some(count);
        self
    }

    /// Splits the CPU into `count` devices.
    ///
    /// ```no_run
    /// use nnx::xla::{ClientOptions, init};
    /// use nnx::Array;
    ///
    /// init(ClientOptions::new().cpu_devices(2)).unwrap();
    /// let x = Array::from([1.0_f32, 2.0]).to_device(1).unwrap();
    /// assert_eq!(x.device().unwrap(), 1);
    /// ```
    pub fn cpu_devices(mut self, count: usize) -> Self {
        self.cpu_devices = Some(count);
        self
    }

    /// Keeps compiled programs there, whatever the environment says.
    ///
    /// ```
    /// use nnx::xla::{ClientOptions, DiskCache};
    ///
    /// let options = ClientOptions::new().cache(DiskCache::Off); // each process compiles anew
    /// assert_eq!(options.cache, Some(DiskCache::Off));
    /// ```
    pub fn cache(mut self, cache: DiskCache) -> Self {
        self.cache = Some(cache);
        self
    }

    /// Keeps compiled programs of up to `bytes` bytes.
    ///
    /// ```
    /// use nnx::xla::ClientOptions;
    ///
    /// let options = ClientOptions::new().cache_limit(500_000_000);
    /// assert_eq!(options.cache_limit, Some(500_000_000));
    /// ```
    pub fn cache_limit(mut self, bytes: u64) -> Self {
        self.cache_limit = Some(bytes);
        self
    }

    /// Keeps freed blocks of memory of up to `bytes` bytes for the next run, whatever the environment says; 0
    /// keeps none.
    ///
    /// ```
    /// use nnx::xla::ClientOptions;
    ///
    /// let options = ClientOptions::new().keep_memory(0); // what is freed goes back at once
    /// assert_eq!(options.keep_memory, Some(0));
    /// ```
    pub fn keep_memory(mut self, bytes: u64) -> Self {
        self.keep_memory = Some(bytes);
        self
    }

    /// The backend that these options and the environment ask for.
    fn wanted_backend(&self) -> Result<Backend> {
        if let Some(backend) = self.backend {
            return Ok(backend);
        }
        // Options for a plugin ask for what runs plugins.
        match std::env::var_os(BACKEND_VAR).filter(|value| !value.is_empty()) {
            Some(name) if self.plugin.is_none() => name
                .to_string_lossy()
                .parse()
                .map_err(|error| Error::Invalid(format!("{BACKEND_VAR}: {error}"))),
            _ => Ok(Backend::Pjrt),
        }
    }
}

/// The connection to a backend: compiles programs, holds arrays. It lives as long as the process.
///
/// ```
/// use nnx::xla::Client;
///
/// let client = Client::global().unwrap();
/// println!("{} devices of {}", client.device_count(), client.platform());
/// println!("{}", client.platform_version());
/// if let (Some(path), Some((major, minor))) = (client.plugin_path(), client.api_version()) {
///     println!("{}, PJRT API {major}.{minor}", path.display());
/// }
/// assert!(client.device_count() > 0);
/// ```
#[derive(Clone, Copy)]
pub struct Client(&'static dyn Runtime);

/// The one client of the process, with the options that it was made with.
static CLIENT: OnceLock<Running> = OnceLock::new();

struct Running {
    options: ClientOptions,
    client: Client,
    cache: Cache,
}

/// Held while a client is made.
static MAKING: Mutex<()> = Mutex::new(());

/// The backend that was started, if one was.
pub(super) fn running() -> Option<&'static dyn Runtime> {
    CLIENT.get().map(|running| running.client.0)
}

/// The cache of compiled programs.
pub(super) fn cache() -> Result<&'static Cache> {
    Client::global()?;
    match CLIENT.get() {
        Some(running) => Ok(&running.cache),
        None => unreachable!("there is a client"),
    }
}

/// The use that was made so far of the cache of compiled programs. Nothing is counted where it is off.
///
/// ```no_run
/// let stats = nnx::xla::cache_stats()?;
/// println!("{} programs loaded, {} compiled", stats.loaded, stats.compiled);
/// # Ok::<(), nnx::Error>(())
/// ```
///
/// # Errors
/// Returns an error if no client can be made.
pub fn cache_stats() -> Result<CacheStats> {
    Ok(cache()?.stats())
}

/// Waits until the callbacks of all programs that were started up to now are done: a program may still run when the
/// call that started it returns. `jax.effects_barrier`.
///
/// ```
/// use nnx::{Array, debug, effects_barrier, vmap};
/// let f = |x: &Array| debug::print!("an element: {}", x);
/// vmap(f, &Array::from_slice(&[1.0_f32, 2.0], [2]), 0);
/// effects_barrier()?;
/// # Ok::<(), nnx::Error>(())
/// ```
///
/// # Errors
/// Returns the first failure of such a program since the last time, also if it was reported where one of its results
/// was read; an error inside of a callback, which would wait for itself.
pub fn effects_barrier() -> Result<()> {
    if callback::is_in_callback() {
        return Err(Error::Invalid(
            "effects_barrier: a callback cannot wait for callbacks, of which it is one".into(),
        ));
    }
    let Some(runtime) = running() else { return Ok(()) };
    let _calling = exit::calling()?;
    runtime.wait_for_callbacks()
}

/// Makes the process-wide client with the given options, before anything else needs one.
///
/// ```no_run
/// use nnx::xla::{ClientOptions, init};
///
/// init(ClientOptions::new().cpu_devices(4)).unwrap();
/// assert!(init(ClientOptions::new()).is_err()); // there is one client, of other options
/// ```
///
/// # Errors
/// Returns an error if a client with other options already runs, or no client can be made (which
/// may be tried again, with other options).
pub fn init(options: ClientOptions) -> Result<Client> {
    init_with(options, |runtime| runtime)
}

/// As [`init`], with a runtime around the one that the options ask for.
pub(super) fn init_with(
    options: ClientOptions,
    around: impl FnOnce(&'static dyn Runtime) -> &'static dyn Runtime,
) -> Result<Client> {
    let _making = MAKING.lock().unwrap_or_else(|e| e.into_inner());
    match CLIENT.get() {
        Some(running) if running.options == options => Ok(running.client),
        Some(Running { options: running, client, .. }) => Err(Error::Invalid(format!(
            "a client already runs ({client}) with {running:?}; it cannot be replaced by one with \
             {options:?}. Call `init` before the first use of an array"
        ))),
        None => {
            let cache = Cache::open(&options)?;
            let client = Client(around(start(&options)?));
            fork::watch();
            exit::watch();
            Ok(CLIENT.get_or_init(|| Running { options, client, cache }).client)
        }
    }
}

/// Starts the backend that the options ask for. It is never stopped.
fn start(options: &ClientOptions) -> Result<&'static dyn Runtime> {
    for (what, count) in [("devices", options.cpu_devices), ("threads", options.cpu_threads)] {
        if count.is_some_and(|n| n == 0 || n > MAX_CPU_COUNT) {
            return Err(Error::Invalid(format!(
                "the number of CPU {what} must be between 1 and {MAX_CPU_COUNT}"
            )));
        }
    }
    Ok(match options.wanted_backend()? {
        Backend::Pjrt => Box::leak(Box::new(Pjrt::start(options)?)),
        #[cfg(feature = "xla-rs")]
        Backend::XlaRs => Box::leak(Box::new(super::xla_rs::XlaRs::start(options)?)),
        #[cfg(not(feature = "xla-rs"))]
        Backend::XlaRs => {
            return Err(Error::Invalid(
                "this program was built without the backend `xla-rs`: build it with the Cargo \
                 feature `xla-rs` of nnx (`cargo xtask setup --xla-rs` installs what that needs), \
                 or use `pjrt`"
                    .into(),
            ));
        }
    })
}

impl Client {
    /// The process-wide client, made with default options on first use.
    ///
    /// ```
    /// use nnx::xla::Client;
    ///
    /// match Client::global() {
    ///     Ok(client) => println!("{client}"),
    ///     Err(error) => println!("no XLA here: {error}"), // where it looked
    /// }
    /// ```
    ///
    /// # Errors
    /// Returns an error if no plugin is found or it cannot be used. The next call tries again.
    #[inline]
    pub fn global() -> Result<Client> {
        match CLIENT.get() {
            Some(running) => Ok(running.client),
            None => Self::first_use(),
        }
    }

    #[cold]
    fn first_use() -> Result<Client> {
        match init(ClientOptions::default()) {
            Ok(client) => Ok(client),
            // Another thread was first, with other options.
            Err(error) => CLIENT.get().map(|running| running.client).ok_or(error),
        }
    }

    #[inline]
    pub(super) fn runtime(self) -> &'static dyn Runtime {
        self.0
    }

    /// The backend that runs programs.
    pub fn backend(&self) -> Backend {
        self.0.backend()
    }

    /// The platform's name: `cpu`, `cuda`, `tpu`.
    pub fn platform(&self) -> &str {
        self.0.describe().platform
    }

    /// As [`platform`](Client::platform): clients are never freed.
    pub(crate) fn platform_name(self) -> &'static str {
        self.0.describe().platform
    }

    /// Whether the platform is that of CPUs.
    pub(crate) fn is_for_cpu(&self) -> bool {
        // The second one is the name in XLA's C++ library.
        matches!(self.platform(), "cpu" | "Host")
    }

    /// The platform's version, as the backend puts it.
    pub fn platform_version(&self) -> &str {
        self.0.describe().version
    }

    /// Number of devices that this process can use.
    pub fn device_count(&self) -> usize {
        self.0.device_count()
    }

    /// The plugin's file; `None` if the backend uses no plugin.
    pub fn plugin_path(&self) -> Option<&Path> {
        self.0.describe().plugin.map(|(path, _)| path)
    }

    /// Major and minor version of the plugin's PJRT API; `None` if the backend uses no plugin.
    pub fn api_version(&self) -> Option<(i32, i32)> {
        self.0.describe().plugin.map(|(_, version)| version)
    }

    /// The language in which the backend takes programs.
    pub fn dialect(&self) -> Dialect {
        self.0.dialect()
    }

    /// Whether compiled programs can call the host here, as for
    /// [`debug::print!`](crate::debug::print).
    ///
    /// ```
    /// use nnx::{Array, debug, xla::Client};
    ///
    /// let x = Array::scalar(1.0_f32);
    /// if Client::global().unwrap().has_callbacks() {
    ///     debug::print!("x is {}", x);
    /// }
    /// ```
    pub fn has_callbacks(&self) -> bool {
        self.prepare_callbacks().is_ok()
    }

    /// Lets programs call the host, from the first one that is to on.
    ///
    /// # Errors
    /// Returns an error that names the backend if it cannot.
    pub(crate) fn prepare_callbacks(&self) -> Result<()> {
        self.0.prepare_callbacks()
    }

    /// Compiles a program.
    ///
    /// ```no_run
    /// use nnx::value::{Aval, DType};
    /// use nnx::xla::{Client, Program};
    ///
    /// let text = "func.func @main(%x: tensor<3xui8>) -> tensor<3xui8> {
    ///     %y = stablehlo.add %x, %x : tensor<3xui8>
    ///     return %y : tensor<3xui8>
    /// }";
    /// let client = Client::global().unwrap();
    /// let aval = [Aval::new(DType::U8, &[3])];
    /// assert!(client.compile(&Program::stablehlo("double", text, &aval, &aval)).is_ok());
    /// let other = [Aval::new(DType::U8, &[4])];
    /// assert!(client.compile(&Program::stablehlo("double", text, &other, &aval)).is_err());
    /// ```
    ///
    /// # Errors
    /// [`Error::Xla`] with the compiler's message; [`Error::Invalid`] when the program takes or returns
    /// something else than its `inputs` and `outputs`, or it cannot be known what it takes (the plugin does not tell,
    /// and the text has the parameters of `main` in a form that is not understood); when its placement does not
    /// exist, or the backend takes another [`Dialect`].
    pub fn compile(&self, program: &Program<'_>) -> Result<Executable> {
        self.compile_calling(program, &[])
    }

    /// [`compile`](Self::compile) of a program that calls these functions of the host.
    pub(crate) fn compile_calling(
        &self,
        program: &Program<'_>,
        callbacks: &[Arc<Callback>],
    ) -> Result<Executable> {
        self.check_placement(program.placement)?;
        if program.dialect != self.dialect() {
            return Err(Error::Invalid(format!(
                "`{}` is written in {:?}, which the backend {} takes, but this is {}, which takes {:?}",
                program.name,
                program.dialect,
                match program.dialect {
                    Dialect::StableHlo => Backend::Pjrt,
                    Dialect::Hlo => Backend::XlaRs,
                },
                self.backend(),
                self.dialect()
            )));
        }
        if program.placement.is_spread()
            && let Some(callback) = callbacks.first()
        {
            return Err(Error::Unavailable(format!(
                "`{}` holds {callback}, which a program on several devices cannot have; it runs on {}",
                program.name, program.placement
            )));
        }
        let _calling = exit::calling()?;
        let (raw, origin) = match callbacks {
            [] => cache()?.compile(self.0, program)?,
            // The numbers of callbacks are those of this process.
            _ => (self.0.compile(program)?, Origin::Compiler),
        };
        Executable::new(*self, raw, origin, program, callbacks)
    }

    /// A program from the bytes that [`Executable::serialize`] gave; `program` says what it is, and its
    /// text is not looked at.
    ///
    /// The bytes are machine code for the backend, version and processor that made them: they are to
    /// come from nobody else. Whether they fit is for the caller to know, for plugins hardly check.
    ///
    /// ```no_run
    /// use nnx::value::{Aval, DType};
    /// use nnx::xla::{Client, Program};
    ///
    /// let client = Client::global().unwrap();
    /// let x = [Aval::new(DType::F32, &[4])];
    /// let program = Program::stablehlo("double", "", &x, &x); // its text is not looked at
    /// let bytes = std::fs::read("double.bin").unwrap(); // from `Executable::serialize`
    /// let executable = client.load(&bytes, &program).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`Error::Xla`] when the backend cannot load them, or cannot load programs at all
    /// ([`Backend::XlaRs`]); [`Error::Invalid`] when the program takes or returns something else than its
    /// `inputs` and `outputs`, the plugin does not tell what it takes, or its placement does not exist.
    pub fn load(&self, bytes: &[u8], program: &Program<'_>) -> Result<Executable> {
        self.check_placement(program.placement)?;
        let _calling = exit::calling()?;
        let raw = self.0.load(bytes, program, Inspection::All)?;
        Executable::new(*self, raw, Origin::Bytes, program, &[])
    }

    /// Refuses a placement that does not exist.
    pub(super) fn check_placement(self, placement: Placement) -> Result<()> {
        if let Some(sharding) = placement.sharding() {
            return spread::check_devices(self, sharding);
        }
        let (index, count) = (placement.index(), self.device_count());
        if index < count {
            return Ok(());
        }
        Err(Error::Invalid(format!(
            "there is no device {index}: {self} has {count} (the number of CPU devices is set with \
             `xla::init(ClientOptions::new().cpu_devices(n))`)"
        )))
    }

    /// Copies an array from host memory to `placement`: dense, the last dimension fastest, little-endian, one byte
    /// (0 or 1) per bool.
    ///
    /// ```
    /// use nnx::value::{Aval, DType};
    /// use nnx::xla::{Client, Placement};
    ///
    /// let client = Client::global().unwrap();
    /// let aval = Aval::new(DType::Bool, &[2]);
    /// let upload = |bytes| client.upload(bytes, aval.clone(), Placement::default());
    /// assert_eq!(upload(&[0, 1]).unwrap().to_host().unwrap(), [0, 1]);
    /// assert!(upload(&[1]).is_err()); // a byte is missing
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] when `bytes` is not as long as `aval` needs or there is no such device;
    /// [`Error::Xla`] when the device has no room.
    pub fn upload(&self, bytes: &[u8], aval: Aval, placement: Placement) -> Result<Buffer> {
        self.check_upload(bytes, &aval, placement)?;
        let _calling = exit::calling()?;
        let what = || format!("uploading {aval}");
        let (raw, rest) = match placement.sharding() {
            None => (self.0.upload(bytes, &aval, placement, &what)?, None),
            Some(sharding) => spread::upload(*self, bytes, &aval, sharding)?,
        };
        let buffer = Buffer::new(*self, raw, aval, placement, None).with_rest(rest);
        // A callback may run on the thread that would copy it back.
        Ok(if callback::is_in_callback() { buffer.with_copy(bytes) } else { buffer })
    }

    fn check_upload(self, bytes: &[u8], aval: &Aval, placement: Placement) -> Result<()> {
        aval.check_size().map_err(Error::Invalid)?;
        if bytes.len() != aval.byte_size() {
            return Err(Error::Invalid(format!(
                "{} bytes were given for {aval}, which needs {}",
                bytes.len(),
                aval.byte_size()
            )));
        }
        self.check_placement(placement)
    }
}

/// As in `the cpu plugin /path/to/plugin.so (PJRT API 0.115)`.
impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let platform = self.platform();
        match self.0.describe().plugin {
            Some((path, (major, minor))) => {
                let path = path.display();
                write!(f, "the {platform} plugin {path} (PJRT API {major}.{minor})")
            }
            None => write!(f, "the backend {} on {platform}", self.backend()),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("backend", &self.backend())
            .field("platform", &self.platform())
            .field("devices", &self.device_count())
            .field("plugin", &self.plugin_path())
            .field("api", &self.api_version())
            .finish()
    }
}
