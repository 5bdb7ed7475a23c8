//! Compiled programs.

use super::call::Call;
use super::client::{Client, element_type, not_null};
use super::ffi;
use crate::graph::Aval;
use crate::{DType, Error, Result};
use std::fmt;
use std::ptr::NonNull;
use std::sync::Arc;

/// A compiled program, loaded on the device.
pub struct Executable {
    client: Client,
    raw: NonNull<ffi::PjrtLoadedExecutable>,
    signature: Arc<Signature>,
}

/// What an executable takes and returns. Its results keep a handle to it, to say where they come
/// from.
pub(super) struct Signature {
    pub(super) name: Box<str>,
    pub(super) inputs: Box<[Aval]>,
    pub(super) outputs: Box<[Aval]>,
    pub(super) device: usize,
}

// SAFETY: PJRT executables may be run and destroyed from any thread.
unsafe impl Send for Executable {}
// SAFETY: as above.
unsafe impl Sync for Executable {}

/// The memory that one run of an executable takes, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryAnalysis {
    /// The inputs.
    pub argument: u64,
    /// The outputs, those that reuse an input's memory included.
    pub output: u64,
    /// The part of the inputs that is reused for outputs.
    pub alias: u64,
    /// Scratch memory while it runs.
    pub temp: u64,
    /// The compiled code.
    pub generated_code: u64,
    /// The most that is in use at any time; 0 when the plugin does not say.
    pub peak: u64,
}

impl Executable {
    pub(super) fn new(
        client: Client,
        raw: NonNull<ffi::PjrtLoadedExecutable>,
        name: &str,
        inputs: &[Aval],
        outputs: &[Aval],
        device: usize,
    ) -> Self {
        let signature =
            Signature { name: name.into(), inputs: inputs.into(), outputs: outputs.into(), device };
        Executable { client, raw, signature: Arc::new(signature) }
    }

    /// The name given to [`Client::compile`].
    pub fn name(&self) -> &str {
        &self.signature.name
    }

    /// Shapes and dtypes of the arguments.
    pub fn inputs(&self) -> &[Aval] {
        &self.signature.inputs
    }

    /// Shapes and dtypes of the results.
    pub fn outputs(&self) -> &[Aval] {
        &self.signature.outputs
    }

    /// The number of the device it runs on.
    pub fn device(&self) -> usize {
        self.signature.device
    }

    /// Starts a call: give it the arguments in order, then run it.
    #[inline]
    pub fn call(&self) -> Call<'_> {
        Call::new(self)
    }

    #[inline]
    pub(super) fn client(&self) -> Client {
        self.client
    }

    #[inline]
    pub(super) fn raw(&self) -> *mut ffi::PjrtLoadedExecutable {
        self.raw.as_ptr()
    }

    #[inline]
    pub(super) fn signature(&self) -> &Arc<Signature> {
        &self.signature
    }

    /// The memory that one run takes.
    ///
    /// # Errors
    /// When the plugin does not say.
    pub fn memory_analysis(&self) -> Result<MemoryAnalysis> {
        let functions = self.client.functions();
        let call = || format!("analysing the memory of `{}`", self.name());
        let Some(stats) = functions.compiled_memory_stats else {
            return Err(self.client.lacks(call(), "PJRT_Executable_GetCompiledMemoryStats"));
        };
        let description = self.description()?;
        let mut args = ffi::CompiledMemoryStatsArgs::new();
        args.executable = description.raw.as_ptr();
        // SAFETY: the executable is alive.
        let error = unsafe { stats(&mut args) };
        functions.check(error, call)?;
        let bytes = |n: i64| u64::try_from(n).unwrap_or(0);
        Ok(MemoryAnalysis {
            argument: bytes(args.argument_size_in_bytes),
            output: bytes(args.output_size_in_bytes),
            alias: bytes(args.alias_size_in_bytes),
            temp: bytes(args.temp_size_in_bytes),
            generated_code: bytes(args.generated_code_size_in_bytes),
            peak: bytes(args.peak_memory_in_bytes),
        })
    }

    /// Compares what the program returns with what the caller expects of it: the outputs of a run
    /// are taken on trust.
    pub(super) fn check_outputs(&self) -> Result<()> {
        let description = self.description()?;
        let count = description.num_outputs()?;
        if count != self.outputs().len() {
            return Err(Error::Invalid(format!(
                "the program of `{}` returns {count} arrays, not the {} expected of it",
                self.name(),
                self.outputs().len()
            )));
        }
        let (Some(types), Some(dims)) = (description.output_types()?, description.output_dims()?)
        else {
            return Ok(());
        };
        for (i, expected) in self.outputs().iter().enumerate() {
            let same_type = types.get(i) == Some(&element_type(expected.dtype()));
            let same_dims = dims.get(i).is_some_and(|found| {
                found.len() == expected.rank()
                    && found.iter().zip(expected.shape()).all(|(&a, &b)| a == b as i64)
            });
            if !same_type || !same_dims {
                let dtype = types.get(i).and_then(|&number| {
                    DType::ALL.into_iter().find(|&dtype| element_type(dtype) == number)
                });
                let dtype = dtype.map_or("an unknown dtype".to_string(), |d| d.to_string());
                let found = dims.get(i).map(Vec::as_slice).unwrap_or_default();
                return Err(Error::Invalid(format!(
                    "output {i} of the program of `{}` is {dtype}{found:?}, not the {expected} \
                     expected of it",
                    self.name()
                )));
            }
        }
        Ok(())
    }

    fn description(&self) -> Result<Description> {
        let functions = self.client.functions();
        let call = || format!("inspecting `{}`", self.name());
        let mut args = ffi::GetExecutableArgs::new();
        args.loaded_executable = self.raw();
        // SAFETY: the executable is alive.
        let error = unsafe { (functions.get_executable)(&mut args) };
        functions.check(error, call)?;
        Ok(Description { client: self.client, raw: not_null(args.executable, call)? })
    }
}

impl Drop for Executable {
    fn drop(&mut self) {
        let mut args = ffi::LoadedExecutableDestroyArgs::new();
        args.executable = self.raw();
        let functions = self.client.functions();
        // SAFETY: this is the only owner; the plugin waits for runs in progress.
        let error = unsafe { (functions.loaded_executable_destroy)(&mut args) };
        functions.destroy_error(error);
    }
}

impl fmt::Debug for Executable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Executable({} {:?} -> {:?})", self.name(), self.inputs(), self.outputs())
    }
}

/// The part of an executable that answers questions.
struct Description {
    client: Client,
    raw: NonNull<ffi::PjrtExecutable>,
}

impl Description {
    fn num_outputs(&self) -> Result<usize> {
        let functions = self.client.functions();
        let mut args = ffi::NumOutputsArgs::new();
        args.executable = self.raw.as_ptr();
        // SAFETY: the executable is alive.
        let error = unsafe { (functions.num_outputs)(&mut args) };
        functions.check(error, || "counting the outputs".to_string())?;
        Ok(args.num_outputs)
    }

    /// XLA's numbers of the outputs' dtypes, if the plugin tells.
    fn output_types(&self) -> Result<Option<Vec<i32>>> {
        let functions = self.client.functions();
        let Some(output_types) = functions.output_element_types else { return Ok(None) };
        let mut args = ffi::OutputElementTypesArgs::new();
        args.executable = self.raw.as_ptr();
        // SAFETY: the executable is alive.
        let error = unsafe { output_types(&mut args) };
        functions.check(error, || "asking for the outputs' dtypes".to_string())?;
        // SAFETY: the list has this many entries and lives as long as the executable.
        Ok(Some(unsafe { list(args.output_types, args.num_output_types) }.to_vec()))
    }

    /// The outputs' dimensions, if the plugin tells.
    fn output_dims(&self) -> Result<Option<Vec<Vec<i64>>>> {
        let functions = self.client.functions();
        let Some(output_dims) = functions.output_dimensions else { return Ok(None) };
        let mut args = ffi::OutputDimensionsArgs::new();
        args.executable = self.raw.as_ptr();
        // SAFETY: the executable is alive.
        let error = unsafe { output_dims(&mut args) };
        functions.check(error, || "asking for the outputs' shapes".to_string())?;
        // SAFETY: there is a rank per output, and `dims` holds them all one after the other.
        unsafe {
            let ranks = list(args.dim_sizes, args.num_outputs);
            let mut rest = list(args.dims, ranks.iter().sum());
            Ok(Some(
                ranks
                    .iter()
                    .map(|&rank| {
                        let (dims, tail) = rest.split_at(rank);
                        rest = tail;
                        dims.to_vec()
                    })
                    .collect(),
            ))
        }
    }
}

impl Drop for Description {
    fn drop(&mut self) {
        let mut args = ffi::ExecutableDestroyArgs::new();
        args.executable = self.raw.as_ptr();
        let functions = self.client.functions();
        // SAFETY: this is the only owner.
        let error = unsafe { (functions.executable_destroy)(&mut args) };
        functions.destroy_error(error);
    }
}

/// A list in the plugin's memory; a null pointer is an empty one.
///
/// # Safety
/// A `start` that is not null points to `len` values that live for `'a`.
unsafe fn list<'a, T>(start: *const T, len: usize) -> &'a [T] {
    if start.is_null() || len == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(start, len) }
}
