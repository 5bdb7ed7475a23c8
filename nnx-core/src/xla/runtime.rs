//! The interface of a backend to the safe types of this room: the one seam between them.

use super::callback::Callback;
use super::executable::MemoryAnalysis;
use super::placement::Placement;
use super::program::{Dialect, Program};
use crate::error::Result;
use crate::value::Aval;
use std::ffi::c_void;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::Path;
use std::ptr::NonNull;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// The library that runs programs.
///
/// ```
/// use nnx::xla::Backend;
///
/// assert_eq!("xla-rs".parse::<Backend>().unwrap(), Backend::XlaRs);
/// assert!("tensorflow".parse::<Backend>().is_err());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backend {
    /// A plugin with the PJRT C API, opened at run time. It takes programs as StableHLO.
    #[default]
    Pjrt,
    /// XLA's C++ library through the crate `xla`, linked at build time with the Cargo feature
    /// `xla-rs`. It takes programs as HLO.
    XlaRs,
}

impl Backend {
    /// All of them, whether this build has them or not.
    ///
    /// ```
    /// use nnx::xla::Backend;
    ///
    /// assert_eq!(Backend::ALL.map(Backend::name), ["pjrt", "xla-rs"]);
    /// ```
    pub const ALL: [Backend; 2] = [Backend::Pjrt, Backend::XlaRs];

    /// Its name in `NNX_BACKEND`.
    pub const fn name(self) -> &'static str {
        match self {
            Backend::Pjrt => "pjrt",
            Backend::XlaRs => "xla-rs",
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Backend {
    type Err = crate::error::Error;
    fn from_str(name: &str) -> Result<Self> {
        Backend::ALL.into_iter().find(|backend| backend.name() == name).ok_or_else(|| {
            crate::error::Error::Invalid(format!(
                "there is no backend `{name}`; there are {}",
                Backend::ALL.map(|backend| format!("`{backend}`")).join(" and ")
            ))
        })
    }
}

/// An array of a runtime, owned by one [`Buffer`](super::Buffer).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub(super) struct RawBuffer(pub(super) NonNull<c_void>);

/// A compiled program of a runtime, owned by one [`Executable`](super::Executable).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub(super) struct RawExecutable(pub(super) NonNull<c_void>);

/// The lists of a run.
pub(super) struct Lists {
    /// On how many devices the program runs.
    pub(super) devices: usize,
    /// The arguments, each with its parts on all devices.
    pub(super) arguments: Vec<RawBuffer>,
    /// Arguments that must not be donated, by their numbers.
    pub(super) kept: Vec<i64>,
    /// As many places as the program has results, each with its parts on all devices; a run fills them all.
    pub(super) outputs: Vec<Option<RawBuffer>>,
}

impl Default for Lists {
    fn default() -> Self {
        Lists { devices: 1, arguments: Vec::new(), kept: Vec::new(), outputs: Vec::new() }
    }
}

/// How the runs of a program went so far.
pub(super) struct Habits {
    /// The functions of the host that it calls.
    pub(super) callbacks: Arc<[Arc<Callback>]>,
    /// How many of the latest runs were done when their calls returned.
    quick_runs: AtomicU8,
    /// Whether a run was done.
    ran: AtomicBool,
}

impl Habits {
    /// After so many of them the next ones are taken for quick: a backend runs small programs within the
    /// call.
    const ENOUGH: u8 = 16;

    pub(super) fn of(callbacks: &[Arc<Callback>]) -> Self {
        Habits {
            callbacks: callbacks.into(),
            quick_runs: AtomicU8::new(0),
            ran: AtomicBool::new(false),
        }
    }

    /// Whether its runs are done when their calls return, as far as they need not wait for others.
    #[inline]
    pub(super) fn is_quick(&self) -> bool {
        self.callbacks.is_empty() && self.quick_runs.load(Ordering::Relaxed) >= Self::ENOUGH
    }

    /// Whether this is the first run, as far as is known.
    pub(super) fn is_first(&self) -> bool {
        !self.ran.load(Ordering::Relaxed)
    }

    /// The first run is done.
    pub(super) fn note_first(&self) {
        self.ran.store(true, Ordering::Relaxed);
    }

    /// A run was done when its call returned, or was not.
    pub(super) fn note(&self, done: bool) {
        let runs = self.quick_runs.load(Ordering::Relaxed);
        let runs = if done { runs.saturating_add(1) } else { 0 };
        self.quick_runs.store(runs, Ordering::Relaxed);
    }
}

/// Room for `size` bytes of an array on the host, or the error that says that there is none.
pub(super) fn reserved(size: usize, what: What<'_>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match bytes.try_reserve_exact(size) {
        Ok(()) => Ok(bytes),
        Err(_) => Err(crate::error::Error::Xla {
            call: what(),
            code: "RESOURCE_EXHAUSTED",
            message: format!("the host has no {size} bytes for a copy of it"),
        }),
    }
}

/// A description of the request at hand, for error messages.
pub(super) type What<'a> = &'a dyn Fn() -> String;

/// The description of a backend.
pub(super) struct Description<'a> {
    /// `cpu`, `cuda`, `tpu`.
    pub(super) platform: &'a str,
    /// As the backend puts it.
    pub(super) version: &'a str,
    /// The plugin's file and the version of its API, if the backend uses a plugin.
    pub(super) plugin: Option<(&'a Path, (i32, i32))>,
}

/// How much of a program is compared with what it is said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inspection {
    /// Parameters and results. For a program that was just compiled: its text has its parameters where the plugin does
    /// not tell them.
    Compiled,
    /// Parameters and results.
    All,
    /// Results. For a program that was compared when it was compiled: asking for its parameters takes a tenth of
    /// the time that loading it does.
    Results,
}

/// A backend that was started: it compiles programs, runs them and holds arrays, and lives as
/// long as the process.
///
/// # Safety of its methods
/// Handles that are passed in came from this runtime and were not destroyed.
pub(super) trait Runtime: Send + Sync + UnwindSafe + RefUnwindSafe {
    fn backend(&self) -> Backend;

    /// The language in which it takes programs.
    fn dialect(&self) -> Dialect;

    /// The description of this backend.
    fn describe(&self) -> Description<'_>;

    fn device_count(&self) -> usize;

    /// Everything besides the program that decides what the compiler makes: names with values. `None` if its programs
    /// cannot be kept.
    fn compiler(&self) -> Option<&[(&'static str, String)]>;

    /// Lets programs call the host, from the first one that is to on.
    ///
    /// # Errors
    /// Returns an error that names this backend if it cannot.
    fn prepare_callbacks(&self) -> Result<()>;

    /// Compiles a program in this backend's dialect, for a placement that exists.
    fn compile(&self, program: &Program<'_>) -> Result<RawExecutable>;

    /// How the results of a compiled program for several devices lie on them.
    ///
    /// # Errors
    /// Returns an error if the backend does not tell, or has one device.
    unsafe fn output_placements(
        &self,
        _raw: RawExecutable,
        program: &Program<'_>,
    ) -> Result<Vec<Placement>> {
        Err(crate::error::Error::Unavailable(format!(
            "`{}` cannot run on {}: the backend {} runs programs on one device",
            program.name,
            program.placement,
            self.backend()
        )))
    }

    /// A compiled program as bytes, for [`load`](Runtime::load) of the same backend and version.
    unsafe fn serialize(&self, raw: RawExecutable, what: What<'_>) -> Result<Vec<u8>>;

    /// A program from its bytes; `program` says what it is. The backend runs what is in the bytes.
    fn load(&self, bytes: &[u8], program: &Program<'_>, check: Inspection)
    -> Result<RawExecutable>;

    unsafe fn memory_analysis(&self, raw: RawExecutable, what: What<'_>) -> Result<MemoryAnalysis>;

    /// The program that the backend made of the one that it compiled, in HLO's notation.
    unsafe fn optimized_hlo(&self, raw: RawExecutable, what: What<'_>) -> Result<String>;

    unsafe fn destroy_executable(&self, raw: RawExecutable);

    /// Starts a run, which may still be going on when this returns.
    ///
    /// # Safety
    /// The arguments are as many as the program takes, of the right shapes and dtypes and on its
    /// device; there is a place for each result.
    unsafe fn execute(
        &self,
        raw: RawExecutable,
        lists: &mut Lists,
        habits: &Habits,
        what: What<'_>,
    ) -> Result<()>;

    /// Whether runs are still going on.
    fn has_runs_in_flight(&self) -> bool;

    /// Waits for the runs that call the host.
    ///
    /// # Errors
    /// Returns the first failure of one that was still going on.
    fn wait_for_callbacks(&self) -> Result<()>;

    /// Copies an array to `placement`, which exists; `bytes` is as long as `aval` says.
    fn upload(
        &self,
        bytes: &[u8],
        aval: &Aval,
        placement: Placement,
        what: What<'_>,
    ) -> Result<RawBuffer>;

    /// Waits for the array of `aval` and copies it to host memory.
    unsafe fn to_host(&self, raw: RawBuffer, aval: &Aval, what: What<'_>) -> Result<Vec<u8>>;

    /// Waits until the array is computed.
    unsafe fn wait(&self, raw: RawBuffer, what: What<'_>) -> Result<()>;

    /// Copies an array to another placement, which exists.
    unsafe fn copy_to(
        &self,
        raw: RawBuffer,
        placement: Placement,
        what: What<'_>,
    ) -> Result<RawBuffer>;

    /// Where the array lies in the device's memory.
    unsafe fn address(&self, raw: RawBuffer, what: What<'_>) -> Result<usize>;

    /// Whether the array's memory was donated.
    unsafe fn is_deleted(&self, raw: RawBuffer) -> bool;

    /// Frees an array that nobody uses any more; runs in progress that use it go on.
    unsafe fn destroy_buffer(&self, raw: RawBuffer);

    /// A run and the wait for its end, with nothing around them: the floor that calls are measured against.
    /// There is an error if the backend has none.
    ///
    /// # Safety
    /// As for [`execute`](Runtime::execute).
    unsafe fn bare_run(
        &self,
        _raw: RawExecutable,
        _arguments: &[RawBuffer],
        _outputs: &mut [Option<RawBuffer>],
    ) -> Result<()> {
        Err(crate::error::Error::Invalid("the floor of a call is that of PJRT alone".into()))
    }
}
