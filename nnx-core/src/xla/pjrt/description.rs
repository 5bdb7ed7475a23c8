//! A compiled program's description of itself.

use super::ffi::Functions;
use super::parameters::optimized_program;
use super::runtime::pointer;
use super::{Pjrt, element_type, ffi, not_null, optimized, parameters, spread, written};
use crate::error::{Error, Result};
use crate::value::{Aval, DType};
use crate::xla::executable::MemoryAnalysis;
use crate::xla::placement::Placement;
use crate::xla::program::Program;
use crate::xla::runtime::{Inspection, RawBuffer, What};
use std::borrow::Cow;
use std::ffi::c_int;
use std::ptr::NonNull;

impl Functions {
    /// Whether the plugin tells shapes and dtypes of results, so that they were checked.
    pub(super) fn tells_outputs(&self) -> bool {
        self.output_element_types.is_some() && self.output_dimensions.is_some()
    }
}

fn is_shape(dims: &[i64], aval: &Aval) -> bool {
    dims.len() == aval.rank() && dims.iter().zip(aval.shape()).all(|(&a, &b)| a == b as i64)
}

/// A dtype by PJRT's number, and dimensions, as in `f32[2, 3]`.
fn shown(number: Option<c_int>, dims: Option<&[i64]>) -> String {
    let dtype = DType::ALL
        .into_iter()
        .chain(DType::SMALL)
        .find(|&dtype| Some(element_type(dtype)) == number);
    let dtype = dtype.map_or("an unknown dtype".to_string(), |d| d.to_string());
    format!("{dtype}{:?}", dims.unwrap_or_default())
}

impl Pjrt {
    /// Compares what the program takes and returns with what the caller expects of it: a plugin compares
    /// neither the arguments of a run nor the places for its results.
    pub(super) fn check_signature(
        &self,
        loaded: NonNull<ffi::PjrtLoadedExecutable>,
        program: &Program<'_>,
        check: Inspection,
    ) -> Result<()> {
        let name = program.name;
        let description = self.description(loaded, &|| format!("inspecting `{name}`"))?;
        let (inputs, outputs) = match program.placement.is_spread() {
            false => (Cow::Borrowed(program.inputs), Cow::Borrowed(program.outputs)),
            true => {
                // A plugin tells the parts that a device takes and returns.
                let returned =
                    spread::output_placements(self.functions(), description.raw, program)?;
                let parts = |avals: &[Aval], at: &[Placement]| {
                    avals.iter().zip(at).map(|(aval, at)| at.shard(aval)).collect::<Result<_>>()
                };
                (
                    Cow::Owned(parts(program.inputs, program.input_placements)?),
                    Cow::Owned(parts(program.outputs, &returned)?),
                )
            }
        };
        let (inputs, outputs): (&[Aval], &[Aval]) = (&inputs, &outputs);
        if check != Inspection::Results {
            let mut found = parameters::told(self.functions(), description.raw);
            if found.is_none() && check == Inspection::Compiled && !program.placement.is_spread() {
                found = written::parameters(program.text);
            }
            let difference = match found {
                Some(found) => parameters::difference(&found, inputs).map(|how| how + " expected of it"),
                None => Some(
                    "may take anything: the plugin does not tell its parameters, nor can they be read from a \
                     text, so that arguments could not be checked"
                        .to_string(),
                ),
            };
            if let Some(difference) = difference {
                return Err(Error::Invalid(format!("the program of `{name}` {difference}")));
            }
        }
        let count = description.num_outputs()?;
        if count != outputs.len() {
            return Err(Error::Invalid(format!(
                "the program of `{}` returns {count} arrays, not the {} expected of it",
                name,
                outputs.len()
            )));
        }
        let (Some(types), Some(dims)) = (description.output_types()?, description.output_dims()?)
        else {
            return Ok(());
        };
        for (i, expected) in outputs.iter().enumerate() {
            let same_type = types.get(i) == Some(&element_type(expected.dtype()));
            let same_dims = dims.get(i).is_some_and(|found| is_shape(found, expected));
            if !same_type || !same_dims {
                let found = shown(types.get(i).copied(), dims.get(i).map(Vec::as_slice));
                return Err(Error::Invalid(format!(
                    "output {i} of the program of `{name}` is {found}, not the {expected} expected of it"
                )));
            }
        }
        Ok(())
    }

    /// How the results of a program lie on its mesh.
    pub(super) fn placements_of_outputs(
        &self,
        loaded: NonNull<ffi::PjrtLoadedExecutable>,
        program: &Program<'_>,
    ) -> Result<Vec<Placement>> {
        let what = || format!("inspecting `{}`", program.name);
        let description = self.description(loaded, &what)?;
        spread::output_placements(self.functions(), description.raw, program)
    }

    /// Compares an array on the device with what it is taken for, as far as the plugin tells.
    ///
    /// # Safety
    /// The buffer is alive.
    pub(super) unsafe fn check_buffer(
        &self,
        raw: RawBuffer,
        expected: &Aval,
        what: What<'_>,
    ) -> Result<()> {
        let functions = self.functions();
        let (Some(element_type_of), Some(dimensions)) =
            (functions.buffer_element_type, functions.buffer_dimensions)
        else {
            return Ok(());
        };
        let mut type_args = ffi::BufferElementTypeArgs::new();
        type_args.buffer = pointer(raw);
        let mut args = ffi::BufferDimensionsArgs::new();
        args.buffer = pointer(raw);
        // SAFETY: the caller's promise; the dimensions live as long as the buffer.
        let dims = unsafe {
            functions.check(element_type_of(&mut type_args), what)?;
            functions.check(dimensions(&mut args), what)?;
            list(args.dims, args.num_dims)
        };
        if type_args.element_type == element_type(expected.dtype()) && is_shape(dims, expected) {
            return Ok(());
        }
        let found = shown(Some(type_args.element_type), Some(dims));
        let what = what();
        Err(Error::Invalid(format!("{what}: the array is {found}, not the {expected} expected")))
    }

    pub(super) fn memory_of(
        &self,
        loaded: NonNull<ffi::PjrtLoadedExecutable>,
        what: What<'_>,
    ) -> Result<MemoryAnalysis> {
        let functions = self.functions();
        let Some(stats) = functions.compiled_memory_stats else {
            return Err(self.lacks(what, "PJRT_Executable_GetCompiledMemoryStats"));
        };
        let description = self.description(loaded, what)?;
        let mut args = ffi::CompiledMemoryStatsArgs::new();
        args.executable = description.raw.as_ptr();
        // SAFETY: the executable is alive.
        let error = unsafe { stats(&mut args) };
        functions.check(error, what)?;
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

    /// The program that XLA made of the one that it compiled, as text.
    pub(super) fn optimized_of(
        &self,
        loaded: NonNull<ffi::PjrtLoadedExecutable>,
        what: What<'_>,
    ) -> Result<String> {
        let description = self.description(loaded, what)?;
        let module = optimized_program(self.functions(), description.raw);
        let module =
            module.ok_or_else(|| self.lacks(what, "PJRT_Executable_OptimizedProgram of HLO"))?;
        optimized::text(&module).ok_or_else(|| {
            Error::Unavailable(format!("{}: the plugin's program cannot be read", what()))
        })
    }

    fn description(
        &self,
        loaded: NonNull<ffi::PjrtLoadedExecutable>,
        what: What<'_>,
    ) -> Result<ExecutableAnswers<'_>> {
        let functions = self.functions();
        let mut args = ffi::GetExecutableArgs::new();
        args.loaded_executable = loaded.as_ptr();
        // SAFETY: the executable is alive.
        let error = unsafe { (functions.get_executable)(&mut args) };
        functions.check(error, what)?;
        Ok(ExecutableAnswers { functions, raw: not_null(args.executable, what)? })
    }
}

/// The part of an executable that answers questions.
struct ExecutableAnswers<'a> {
    functions: &'a Functions,
    raw: NonNull<ffi::PjrtExecutable>,
}

impl ExecutableAnswers<'_> {
    fn num_outputs(&self) -> Result<usize> {
        let functions = self.functions;
        let mut args = ffi::NumOutputsArgs::new();
        args.executable = self.raw.as_ptr();
        // SAFETY: the executable is alive.
        let error = unsafe { (functions.num_outputs)(&mut args) };
        functions.check(error, || "counting the outputs".to_string())?;
        Ok(args.num_outputs)
    }

    /// XLA's numbers of the outputs' dtypes, if the plugin tells.
    fn output_types(&self) -> Result<Option<Vec<i32>>> {
        let functions = self.functions;
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
        let functions = self.functions;
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

impl Drop for ExecutableAnswers<'_> {
    fn drop(&mut self) {
        let mut args = ffi::ExecutableDestroyArgs::new();
        args.executable = self.raw.as_ptr();
        let functions = self.functions;
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
