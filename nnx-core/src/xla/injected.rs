//! A runtime that fails when it is told to, for tests: what is above it must leave the state of a
//! program as it was, or as it is to be, whatever fails where.

use super::client::{self, Client, ClientOptions};
use super::executable::MemoryAnalysis;
use super::placement::Placement;
use super::program::{Dialect, Program};
use super::runtime::{
    Backend, Description, Habits, Inspection, Lists, RawBuffer, RawExecutable, Runtime, What,
};
use crate::error::{Error, Result};
use crate::value::Aval;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, OnceLock};

/// An operation that can be made to fail.
///
/// ```no_run
/// use nnx::xla::{ClientOptions, InjectedFault, init_injected, inject};
/// use nnx::Array;
///
/// init_injected(ClientOptions::new()).unwrap();
/// let x = Array::from([1.0_f32, 2.0]);
/// inject(InjectedFault::Read, 0);
/// assert!(x.try_to_vec::<f32>().is_err());
/// assert!(x.try_to_vec::<f32>().is_ok()); // once
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InjectedFault {
    /// The device has no room for an array.
    Upload,
    /// A program is not compiled.
    Compile,
    /// A run is not started.
    Run,
    /// A run is not started, and the arguments that may be donated are gone, as when a plugin's
    /// memory runs out.
    RunTakesArguments,
    /// A run is started, and fails after its call has returned.
    Late,
    /// An array that a run gave is lost.
    Lost,
    /// A result cannot be read.
    Read,
}

impl InjectedFault {
    /// All of them.
    ///
    /// ```no_run
    /// use nnx::xla::{InjectedFault, inject};
    ///
    /// for fault in InjectedFault::ALL {
    ///     inject(fault, 0);
    ///     // … what is to survive it …
    /// }
    /// ```
    pub const ALL: [InjectedFault; 7] = [
        InjectedFault::Upload,
        InjectedFault::Compile,
        InjectedFault::Run,
        InjectedFault::RunTakesArguments,
        InjectedFault::Late,
        InjectedFault::Lost,
        InjectedFault::Read,
    ];
}

static INJECTED: OnceLock<&'static Injected> = OnceLock::new();

/// Starts the backend as [`init`](super::init) does, with this runtime around it.
///
/// ```no_run
/// use nnx::xla::{ClientOptions, init_injected};
///
/// init_injected(ClientOptions::new()).unwrap(); // before the first array
/// ```
///
/// # Errors
/// As for [`init`](super::init).
pub fn init_injected(options: ClientOptions) -> Result<Client> {
    client::init_with(options, |inner| {
        *INJECTED.get_or_init(|| Box::leak(Box::new(Injected { inner, state: Mutex::default() })))
    })
}

/// Lets the request number `number` from now on fail, 0 being the next one that can fail so; once.
///
/// ```no_run
/// use nnx::xla::{ClientOptions, InjectedFault, init_injected, inject};
///
/// init_injected(ClientOptions::new()).unwrap();
/// inject(InjectedFault::Run, 2); // the third run from now on
/// ```
pub fn inject(fault: InjectedFault, number: usize) {
    if let Some(runtime) = INJECTED.get() {
        runtime.lock().armed = Some((fault, number));
    }
}

/// Lets nothing fail any more. Whether what [`inject`] asked for was still to come.
///
/// ```no_run
/// use nnx::xla::{ClientOptions, InjectedFault, disarm, init_injected, inject};
///
/// init_injected(ClientOptions::new()).unwrap();
/// inject(InjectedFault::Upload, 1000);
/// assert!(disarm()); // there were fewer than 1000 uploads
/// assert!(!disarm());
/// ```
pub fn disarm() -> bool {
    INJECTED.get().is_some_and(|runtime| runtime.lock().armed.take().is_some())
}

struct Injected {
    inner: &'static dyn Runtime,
    state: Mutex<Injection>,
}

#[derive(Default)]
struct Injection {
    armed: Option<(InjectedFault, usize)>,
    /// Arrays that cannot be used any more, by their addresses, and why.
    broken: HashMap<usize, Broken>,
    /// Which arguments of a program give their memory to results, by its address.
    donated: HashMap<usize, Vec<usize>>,
}

#[derive(Clone, Copy)]
enum Broken {
    /// The run that makes it has failed, and so do all that use it.
    Failed,
    /// The array is gone: no run with it is started.
    Gone,
}

impl Injection {
    /// Whether this request is the one that is to fail.
    fn fails(&mut self, fault: InjectedFault) -> bool {
        match &mut self.armed {
            Some((armed, 0)) if *armed == fault => {
                self.armed = None;
                true
            }
            Some((armed, number)) if *armed == fault => {
                *number -= 1;
                false
            }
            _ => false,
        }
    }
}

fn address(raw: RawBuffer) -> usize {
    raw.0.as_ptr().addr()
}

fn failure(code: &'static str, what: What<'_>) -> Error {
    Error::Xla { call: what(), code, message: "an injected fault".into() }
}

impl Injected {
    fn lock(&self) -> MutexGuard<'_, Injection> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn note(&self, raw: RawExecutable, program: &Program<'_>) {
        let donated = program.aliases.iter().map(|&(input, _)| input).collect();
        self.lock().donated.insert(raw.0.as_ptr().addr(), donated);
    }

    /// The error of an array that cannot be used, if it is one.
    fn check(&self, raw: RawBuffer, what: What<'_>) -> Result<()> {
        match self.lock().broken.get(&address(raw)) {
            None => Ok(()),
            Some(Broken::Failed) => Err(failure("INTERNAL", what)),
            Some(Broken::Gone) => Err(failure("INVALID_ARGUMENT", what)),
        }
    }
}

impl Runtime for Injected {
    fn backend(&self) -> Backend {
        self.inner.backend()
    }

    fn dialect(&self) -> Dialect {
        self.inner.dialect()
    }

    /// Programs are not kept: one that is loaded is not compiled, and could not fail at that.
    fn compiler(&self) -> Option<&[(&'static str, String)]> {
        None
    }

    fn describe(&self) -> Description<'_> {
        self.inner.describe()
    }

    fn device_count(&self) -> usize {
        self.inner.device_count()
    }

    fn has_runs_in_flight(&self) -> bool {
        self.inner.has_runs_in_flight()
    }

    fn prepare_callbacks(&self) -> Result<()> {
        self.inner.prepare_callbacks()
    }

    fn wait_for_callbacks(&self) -> Result<()> {
        self.inner.wait_for_callbacks()
    }

    fn compile(&self, program: &Program<'_>) -> Result<RawExecutable> {
        if self.lock().fails(InjectedFault::Compile) {
            return Err(failure("INTERNAL", &|| format!("compiling `{}`", program.name)));
        }
        let raw = self.inner.compile(program)?;
        self.note(raw, program);
        Ok(raw)
    }

    unsafe fn output_placements(
        &self,
        raw: RawExecutable,
        program: &Program<'_>,
    ) -> Result<Vec<Placement>> {
        // SAFETY: as the caller promises; so in all methods below.
        unsafe { self.inner.output_placements(raw, program) }
    }

    unsafe fn serialize(&self, raw: RawExecutable, what: What<'_>) -> Result<Vec<u8>> {
        // SAFETY: see `output_placements`.
        unsafe { self.inner.serialize(raw, what) }
    }

    fn load(
        &self,
        bytes: &[u8],
        program: &Program<'_>,
        check: Inspection,
    ) -> Result<RawExecutable> {
        let raw = self.inner.load(bytes, program, check)?;
        self.note(raw, program);
        Ok(raw)
    }

    unsafe fn memory_analysis(&self, raw: RawExecutable, what: What<'_>) -> Result<MemoryAnalysis> {
        // SAFETY: see `output_placements`.
        unsafe { self.inner.memory_analysis(raw, what) }
    }

    unsafe fn optimized_hlo(&self, raw: RawExecutable, what: What<'_>) -> Result<String> {
        // SAFETY: see `output_placements`.
        unsafe { self.inner.optimized_hlo(raw, what) }
    }

    unsafe fn destroy_executable(&self, raw: RawExecutable) {
        // SAFETY: see `output_placements`.
        unsafe { self.inner.destroy_executable(raw) }
    }

    unsafe fn execute(
        &self,
        raw: RawExecutable,
        lists: &mut Lists,
        habits: &Habits,
        what: What<'_>,
    ) -> Result<()> {
        let mut late = false;
        {
            let mut state = self.lock();
            if state.fails(InjectedFault::Run) {
                return Err(failure("INTERNAL", what));
            }
            if state.fails(InjectedFault::RunTakesArguments) {
                let donated =
                    state.donated.get(&raw.0.as_ptr().addr()).cloned().unwrap_or_default();
                for index in donated.into_iter().filter(|&i| !lists.kept.contains(&(i as i64))) {
                    state
                        .broken
                        .insert(address(lists.arguments[index * lists.devices]), Broken::Gone);
                }
                return Err(failure("RESOURCE_EXHAUSTED", what));
            }
            for &argument in &lists.arguments {
                match state.broken.get(&address(argument)) {
                    Some(Broken::Gone) => return Err(failure("INVALID_ARGUMENT", what)),
                    Some(Broken::Failed) => late = true,
                    None => {}
                }
            }
        }
        // SAFETY: see `output_placements`.
        unsafe { self.inner.execute(raw, lists, habits, what) }?;
        let mut state = self.lock();
        late |= state.fails(InjectedFault::Late);
        for output in lists.outputs.iter().flatten() {
            if late {
                state.broken.insert(address(*output), Broken::Failed);
            } else if state.fails(InjectedFault::Lost) {
                state.broken.insert(address(*output), Broken::Gone);
            }
        }
        Ok(())
    }

    fn upload(
        &self,
        bytes: &[u8],
        aval: &Aval,
        placement: Placement,
        what: What<'_>,
    ) -> Result<RawBuffer> {
        if self.lock().fails(InjectedFault::Upload) {
            return Err(failure("RESOURCE_EXHAUSTED", what));
        }
        self.inner.upload(bytes, aval, placement, what)
    }

    unsafe fn to_host(&self, raw: RawBuffer, aval: &Aval, what: What<'_>) -> Result<Vec<u8>> {
        self.check(raw, what)?;
        if self.lock().fails(InjectedFault::Read) {
            return Err(failure("RESOURCE_EXHAUSTED", what));
        }
        // SAFETY: see `output_placements`.
        unsafe { self.inner.to_host(raw, aval, what) }
    }

    unsafe fn wait(&self, raw: RawBuffer, what: What<'_>) -> Result<()> {
        self.check(raw, what)?;
        // SAFETY: see `output_placements`.
        unsafe { self.inner.wait(raw, what) }
    }

    unsafe fn copy_to(
        &self,
        raw: RawBuffer,
        placement: Placement,
        what: What<'_>,
    ) -> Result<RawBuffer> {
        self.check(raw, what)?;
        // SAFETY: see `output_placements`.
        unsafe { self.inner.copy_to(raw, placement, what) }
    }

    unsafe fn address(&self, raw: RawBuffer, what: What<'_>) -> Result<usize> {
        self.check(raw, what)?;
        // SAFETY: see `output_placements`.
        unsafe { self.inner.address(raw, what) }
    }

    unsafe fn is_deleted(&self, raw: RawBuffer) -> bool {
        let gone = matches!(self.lock().broken.get(&address(raw)), Some(Broken::Gone));
        // SAFETY: see `output_placements`.
        gone || unsafe { self.inner.is_deleted(raw) }
    }

    unsafe fn destroy_buffer(&self, raw: RawBuffer) {
        // Another array may get the address.
        self.lock().broken.remove(&address(raw));
        // SAFETY: see `output_placements`.
        unsafe { self.inner.destroy_buffer(raw) }
    }
}
