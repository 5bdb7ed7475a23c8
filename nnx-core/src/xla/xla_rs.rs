//! The backend of XLA's C++ library, linked through the crate `xla`.
//!
//! It runs on the CPU, on one device, and finishes every run before it returns. The crate checks
//! neither dtypes nor shapes of arguments; [`Call`](super::Call) does.

use super::client::ClientOptions;
use super::executable::MemoryAnalysis;
use super::pjrt::{FIXES, difference_in};
use super::placement::Placement;
use super::program::{Dialect, Program};
use super::runtime::{
    Backend, Description, Habits, Inspection, Lists, RawBuffer, RawExecutable, Runtime, What,
    reserved,
};
use super::{environment, flags, malloc, trial};
use crate::error::{Error, Result};
use crate::value::{Aval, DType};
use std::ffi::c_void;
use std::path::PathBuf;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};
use xla::{
    ElementType, HloModuleProto, PjRtBuffer, PjRtClient, PjRtLoadedExecutable, XlaComputation,
};

/// The library's client.
pub(super) struct XlaRs {
    client: PjRtClient,
    platform: String,
    version: String,
}

/// The target of a [`RawBuffer`] of this backend.
struct Stored {
    buffer: PjRtBuffer,
    /// The crate does not tell whether a buffer was donated.
    donated: AtomicBool,
}

/// The target of a [`RawExecutable`] of this backend.
struct LoadedProgram {
    executable: PjRtLoadedExecutable,
    /// For each argument whether a result may take over its memory.
    donates: Vec<bool>,
}

impl XlaRs {
    pub(super) fn start(options: &ClientOptions) -> Result<Self> {
        if options.plugin.is_some() {
            return Err(Error::Invalid(
                "the backend xla-rs opens no plugin: leave `plugin` out, or use the backend pjrt"
                    .into(),
            ));
        }
        if options.cpu_devices.is_some_and(|count| count > 1) {
            return Err(Error::Invalid(
                "the backend xla-rs has one CPU device; for more, use the backend pjrt".into(),
            ));
        }
        if environment::prepare(options.cpu_threads)? {
            // The library is loaded, and the newer part of its log has read the variable by then.
            xla::set_min_log_level(xla::TfLogLevel::Warning);
        }
        let libraries = libraries();
        flags::check(&libraries.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
        trial::of_flags("XLA's C++ library", || drop(PjRtClient::cpu()))?;
        // The crate passes no options to the compiler. As for plugins: `max` and `min` would lose
        // NaN.
        environment::add_flag("xla_cpu_enable_fast_min_max", "false")?;
        malloc::keep_freed(options)?;
        let client = PjRtClient::cpu()
            .map_err(|error| failed(&|| "starting XLA's C++ library".to_string(), error))?;
        let (platform, version) = (client.platform_name(), client.platform_version());
        Ok(XlaRs { client, platform, version })
    }
}

impl Runtime for XlaRs {
    fn backend(&self) -> Backend {
        Backend::XlaRs
    }

    fn dialect(&self) -> Dialect {
        Dialect::Hlo
    }

    fn describe(&self) -> Description<'_> {
        Description { platform: &self.platform, version: &self.version, plugin: None }
    }

    fn device_count(&self) -> usize {
        1
    }

    fn prepare_callbacks(&self) -> Result<()> {
        Err(Error::Unavailable(format!(
            "the backend {} cannot call back into the program\n{FIXES}",
            Backend::XlaRs
        )))
    }

    fn wait_for_callbacks(&self) -> Result<()> {
        Ok(())
    }

    fn compile(&self, program: &Program<'_>) -> Result<RawExecutable> {
        let what = || format!("compiling `{}`", program.name);
        if let Some(option) = program.options.first() {
            return Err(Error::Invalid(format!(
                "`{}` is to be compiled with `{option}`, and the backend {} takes no options for one \
                 program\nfixes:\n  1. use the backend {}\n  2. take the options away, and set the \
                 environment variable `XLA_FLAGS`, which holds for all programs",
                program.name,
                Backend::XlaRs,
                Backend::Pjrt
            )));
        }
        let module = HloModuleProto::parse_and_return_unverified_module(program.text.as_bytes())
            .map_err(|error| failed(&what, error))?;
        let bytes = module.to_bytes().map_err(|error| failed(&what, error))?;
        if let Some(difference) = difference_in(&bytes, program.inputs, program.outputs) {
            let name = program.name;
            return Err(Error::Invalid(format!(
                "the program of `{name}` {difference} expected of it"
            )));
        }
        let executable = self
            .client
            .compile(&XlaComputation::from_proto(&module))
            .map_err(|error| failed(&what, error))?;
        let mut donates = vec![false; program.inputs.len()];
        for &(input, _) in program.aliases {
            donates[input] = true;
        }
        Ok(RawExecutable(into_raw(LoadedProgram { executable, donates })))
    }

    fn compiler(&self) -> Option<&[(&'static str, String)]> {
        None
    }

    unsafe fn serialize(&self, _raw: RawExecutable, what: What<'_>) -> Result<Vec<u8>> {
        Err(lacks(what, "no way to serialize programs"))
    }

    fn load(
        &self,
        _bytes: &[u8],
        program: &Program<'_>,
        _check: Inspection,
    ) -> Result<RawExecutable> {
        Err(lacks(&|| format!("loading `{}`", program.name), "no way to load programs"))
    }

    unsafe fn memory_analysis(
        &self,
        _raw: RawExecutable,
        what: What<'_>,
    ) -> Result<MemoryAnalysis> {
        Err(lacks(what, "no memory analysis"))
    }

    unsafe fn optimized_hlo(&self, _raw: RawExecutable, what: What<'_>) -> Result<String> {
        Err(lacks(what, "no text of compiled programs"))
    }

    unsafe fn destroy_executable(&self, raw: RawExecutable) {
        // SAFETY: the caller owns the program and gives it up.
        drop(unsafe { Box::from_raw(raw.0.cast::<LoadedProgram>().as_ptr()) });
    }

    // The crate tells of no run when it is done.
    fn has_runs_in_flight(&self) -> bool {
        false
    }

    unsafe fn execute(
        &self,
        raw: RawExecutable,
        lists: &mut Lists,
        _: &Habits,
        what: What<'_>,
    ) -> Result<()> {
        // SAFETY: the program is alive.
        let program = unsafe { raw.0.cast::<LoadedProgram>().as_ref() };
        // SAFETY: the caller promises that the arguments are alive.
        let stored: Vec<&Stored> =
            lists.arguments.iter().map(|raw| unsafe { raw.0.cast::<Stored>().as_ref() }).collect();
        // The crate has no way to keep an argument for one run: the run is given a copy.
        let mut takes = program.donates.clone();
        let mut copies = Vec::new();
        for &i in &lists.kept {
            let i = i as usize;
            if std::mem::take(&mut takes[i]) {
                copies.push((i, copied(&self.client, &stored[i].buffer, what)?));
            }
        }
        let mut arguments: Vec<&PjRtBuffer> = stored.iter().map(|s| &s.buffer).collect();
        for (i, copy) in &copies {
            arguments[*i] = copy;
        }
        let run = program.executable.execute_b(&arguments);
        for argument in takes.iter().zip(&stored).filter_map(|(&taken, s)| taken.then_some(s)) {
            // A run that was refused has as a rule taken nothing.
            let gone = run.is_ok() || argument.buffer.to_literal_sync().is_err();
            argument.donated.store(gone, Ordering::Release);
        }
        let results = run.map_err(|error| failed(what, error))?;
        let results = results.into_iter().next().unwrap_or_default();
        if results.len() != lists.outputs.len() {
            let (found, wanted) = (results.len(), lists.outputs.len());
            return Err(Error::Xla {
                call: what(),
                code: "INTERNAL",
                message: format!("it returned {found} arrays, not {wanted}"),
            });
        }
        for (place, buffer) in lists.outputs.iter_mut().zip(results) {
            *place = Some(store(buffer));
        }
        Ok(())
    }

    fn upload(
        &self,
        bytes: &[u8],
        aval: &Aval,
        _placement: Placement,
        what: What<'_>,
    ) -> Result<RawBuffer> {
        self.client
            .buffer_from_host_raw_bytes(element_type(aval.dtype())?, bytes, aval.shape(), None)
            .map(store)
            .map_err(|error| failed(what, error))
    }

    unsafe fn to_host(&self, raw: RawBuffer, aval: &Aval, what: What<'_>) -> Result<Vec<u8>> {
        // SAFETY: the buffer is alive.
        let stored = unsafe { raw.0.cast::<Stored>().as_ref() };
        let literal = stored.buffer.to_literal_sync().map_err(|error| failed(what, error))?;
        let mut bytes = reserved(aval.byte_size(), what)?;
        bytes.resize(aval.byte_size(), 0);
        literal.copy_untyped_to(&mut bytes).map_err(|error| failed(what, error))?;
        Ok(bytes)
    }

    unsafe fn wait(&self, raw: RawBuffer, what: What<'_>) -> Result<()> {
        // SAFETY: the buffer is alive.
        if !unsafe { self.is_deleted(raw) } {
            // Runs are over when `execute` returns.
            return Ok(());
        }
        Err(Error::Xla {
            call: what(),
            code: "INVALID_ARGUMENT",
            message: "the array was donated to a computation".into(),
        })
    }

    unsafe fn copy_to(
        &self,
        _raw: RawBuffer,
        _placement: Placement,
        what: What<'_>,
    ) -> Result<RawBuffer> {
        Err(lacks(what, "one device alone"))
    }

    unsafe fn address(&self, _raw: RawBuffer, what: What<'_>) -> Result<usize> {
        Err(lacks(what, "no addresses of arrays"))
    }

    unsafe fn is_deleted(&self, raw: RawBuffer) -> bool {
        // SAFETY: the buffer is alive.
        unsafe { raw.0.cast::<Stored>().as_ref() }.donated.load(Ordering::Acquire)
    }

    unsafe fn destroy_buffer(&self, raw: RawBuffer) {
        // SAFETY: the caller owns the buffer and gives it up.
        drop(unsafe { Box::from_raw(raw.0.cast::<Stored>().as_ptr()) });
    }
}

fn into_raw<T>(value: T) -> NonNull<c_void> {
    NonNull::from(Box::leak(Box::new(value))).cast()
}

fn store(buffer: PjRtBuffer) -> RawBuffer {
    RawBuffer(into_raw(Stored { buffer, donated: AtomicBool::new(false) }))
}

/// A second buffer with the same array.
fn copied(client: &PjRtClient, buffer: &PjRtBuffer, what: What<'_>) -> Result<PjRtBuffer> {
    let copy = || {
        let literal = buffer.to_literal_sync()?;
        let shape = literal.array_shape()?;
        let dims: Vec<usize> = shape.dims().iter().map(|&d| d as usize).collect();
        let mut bytes = vec![0; literal.size_bytes()];
        literal.copy_untyped_to(&mut bytes)?;
        client.buffer_from_host_raw_bytes(literal.element_type()?, &bytes, &dims, None)
    };
    copy().map_err(|error| failed(what, error))
}

fn element_type(dtype: DType) -> Result<ElementType> {
    Ok(match dtype {
        DType::Bool => ElementType::Pred,
        DType::I8 => ElementType::S8,
        DType::I16 => ElementType::S16,
        DType::I32 => ElementType::S32,
        DType::I64 => ElementType::S64,
        DType::U8 => ElementType::U8,
        DType::U16 => ElementType::U16,
        DType::U32 => ElementType::U32,
        DType::U64 => ElementType::U64,
        DType::F16 => ElementType::F16,
        DType::BF16 => ElementType::Bf16,
        DType::F32 => ElementType::F32,
        DType::F64 => ElementType::F64,
        DType::C64 => ElementType::C64,
        DType::C128 => ElementType::C128,
        other => {
            return Err(Error::Unavailable(format!("the crate `xla` has no arrays of {other}")));
        }
    })
}

/// The files that hold XLA, as the system's loader has mapped them; empty where it does not tell.
fn libraries() -> Vec<PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let mut files: Vec<PathBuf> = maps
        .lines()
        .filter_map(|line| line.find('/').map(|start| PathBuf::from(&line[start..])))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            ["libxla", "libtensorflow"].iter().any(|start| name.starts_with(start))
        })
        .collect();
    files.sort();
    files.dedup();
    files
}

/// The error of something that the crate does not offer.
fn lacks(what: What<'_>, has: &str) -> Error {
    Error::Xla {
        call: what(),
        code: "UNIMPLEMENTED",
        message: format!("the backend xla-rs has {has}; the backend pjrt does this"),
    }
}

/// The crate's error as ours.
fn failed(what: What<'_>, error: xla::Error) -> Error {
    let message = match error {
        xla::Error::XlaError { msg, .. } => msg,
        other => other.to_string(),
    };
    let code = super::CODES.into_iter().find(|code| message.contains(&format!("{code}: ")));
    Error::Xla { call: what(), code: code.unwrap_or("UNKNOWN"), message: message.trim_end().into() }
}
