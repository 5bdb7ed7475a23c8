//! The calls of a running client.

use super::options::CompileOptions;
use super::{Pjrt, element_type, faults, ffi, not_null};
use crate::error::{Error, Result};
use crate::value::Aval;
use crate::xla::callback;
use crate::xla::compiler_option::CompilerOption;
use crate::xla::executable::MemoryAnalysis;
use crate::xla::placement::Placement;
use crate::xla::program::{Dialect, Program};
use crate::xla::runtime::{
    Backend, Description, Habits, Inspection, Lists, RawBuffer, RawExecutable, Runtime, What,
    reserved,
};
use smallvec::SmallVec;
use std::ptr::{NonNull, null_mut};

impl Runtime for Pjrt {
    fn backend(&self) -> Backend {
        Backend::Pjrt
    }

    fn dialect(&self) -> Dialect {
        Dialect::StableHlo
    }

    fn describe(&self) -> Description<'_> {
        Description {
            platform: &self.platform,
            version: &self.platform_version,
            plugin: Some((self.path(), self.version())),
        }
    }

    fn device_count(&self) -> usize {
        self.devices.len()
    }

    unsafe fn bare_run(
        &self,
        raw: RawExecutable,
        arguments: &[RawBuffer],
        outputs: &mut [Option<RawBuffer>],
    ) -> Result<()> {
        let functions = self.functions();
        let mut options = ffi::ExecuteOptions::new();
        let argument_list = arguments.as_ptr().cast();
        let output_list = outputs.as_mut_ptr().cast();
        let mut event = null_mut();
        let mut args = ffi::ExecuteArgs::new();
        args.executable = raw.0.as_ptr().cast();
        args.options = &mut options;
        args.argument_lists = &argument_list;
        args.num_devices = 1;
        args.num_args = arguments.len();
        args.output_lists = &output_list;
        args.device_complete_events = &mut event;
        // SAFETY: the caller's promise; both lists hold bare pointers.
        let error = unsafe { (functions.execute)(&mut args) };
        functions.check(error, || "running the floor".into())?;
        functions.wait(event, || "awaiting the floor".into())
    }

    fn compiler(&self) -> Option<&[(&'static str, String)]> {
        self.compiler.as_deref().filter(|_| self.tells_programs())
    }

    fn prepare_callbacks(&self) -> Result<()> {
        Pjrt::prepare_callbacks(self)
    }

    fn compile(&self, program: &Program<'_>) -> Result<RawExecutable> {
        let loaded = self.load(program)?;
        self.checked(loaded, program, Inspection::Compiled)
    }

    unsafe fn output_placements(
        &self,
        raw: RawExecutable,
        program: &Program<'_>,
    ) -> Result<Vec<Placement>> {
        self.placements_of_outputs(raw.0.cast(), program)
    }

    unsafe fn serialize(&self, raw: RawExecutable, what: What<'_>) -> Result<Vec<u8>> {
        self.bytes_of(raw.0.cast(), what)
    }

    fn load(
        &self,
        bytes: &[u8],
        program: &Program<'_>,
        check: Inspection,
    ) -> Result<RawExecutable> {
        let what = || format!("loading `{}`", program.name);
        let loaded = self.deserialized(bytes, &what)?;
        self.checked(loaded, program, check)
    }

    unsafe fn memory_analysis(&self, raw: RawExecutable, what: What<'_>) -> Result<MemoryAnalysis> {
        self.memory_of(raw.0.cast(), what)
    }

    unsafe fn optimized_hlo(&self, raw: RawExecutable, what: What<'_>) -> Result<String> {
        self.optimized_of(raw.0.cast(), what)
    }

    unsafe fn destroy_executable(&self, raw: RawExecutable) {
        let mut args = ffi::LoadedExecutableDestroyArgs::new();
        args.executable = raw.0.as_ptr().cast();
        let functions = self.functions();
        // SAFETY: the caller owns the program and gives it up.
        let error = unsafe { (functions.loaded_executable_destroy)(&mut args) };
        functions.destroy_error(error);
    }

    #[inline]
    unsafe fn execute(
        &self,
        raw: RawExecutable,
        lists: &mut Lists,
        habits: &Habits,
        what: What<'_>,
    ) -> Result<()> {
        let mut options = ffi::ExecuteOptions::new();
        options.non_donatable_input_indices = lists.kept.as_ptr();
        options.num_non_donatable_input_indices = lists.kept.len();
        if lists.devices > 1 {
            // SAFETY: the caller's promise.
            return unsafe { self.execute_spread(raw, lists, options, habits, what) };
        }
        // Handles are the plugin's pointers, and no handle is a null pointer.
        let argument_list = lists.arguments.as_ptr().cast::<*mut ffi::PjrtBuffer>();
        let output_list = lists.outputs.as_mut_ptr().cast::<*mut ffi::PjrtBuffer>();
        let mut args = ffi::ExecuteArgs::new();
        args.executable = raw.0.as_ptr().cast();
        args.options = &mut options;
        args.argument_lists = &argument_list;
        args.num_devices = 1;
        args.num_args = lists.arguments.len();
        args.output_lists = &output_list;
        let functions = self.functions();
        let mut event = null_mut();
        if self.in_flight.wants_event(habits) {
            args.device_complete_events = &mut event;
        }
        // SAFETY: the program is alive, and the caller promises that the lists fit it.
        let error = unsafe { (functions.execute)(&mut args) };
        if !event.is_null() {
            self.in_flight.add(functions, event, habits);
        }
        functions.check(error, what)
    }

    fn has_runs_in_flight(&self) -> bool {
        self.in_flight.any(self.functions())
    }

    fn wait_for_callbacks(&self) -> Result<()> {
        self.in_flight.wait_for_callbacks(self.functions())
    }

    fn upload(
        &self,
        bytes: &[u8],
        aval: &Aval,
        placement: Placement,
        what: What<'_>,
    ) -> Result<RawBuffer> {
        let functions = self.functions();
        let dims: SmallVec<[i64; 8]> = aval.shape().iter().map(|&d| d as i64).collect();
        let mut args = ffi::BufferFromHostArgs::new();
        args.client = self.raw.as_ptr();
        args.data = bytes.as_ptr().cast();
        args.element_type = element_type(aval.dtype());
        args.dims = dims.as_ptr();
        args.num_dims = dims.len();
        args.host_buffer_semantics = ffi::IMMUTABLE_ONLY_DURING_CALL;
        args.device = self.devices[placement.index()].as_ptr();
        // SAFETY: client and device are alive; `data` has the bytes that type and dims ask for and
        // lives until the copy is done, which is awaited here.
        let error = unsafe { (functions.buffer_from_host)(&mut args) };
        functions.check(error, what)?;
        let done = functions.wait(args.done_with_host_buffer, what);
        let raw = RawBuffer(not_null(args.buffer, what)?.cast());
        if done.is_err() {
            // SAFETY: nobody else has it.
            unsafe { self.destroy_buffer(raw) };
        }
        done.map(|()| raw)
    }

    unsafe fn to_host(&self, raw: RawBuffer, aval: &Aval, what: What<'_>) -> Result<Vec<u8>> {
        /// So little that it may be reserved before the array is known to be there, which saves an
        /// event.
        const LITTLE: usize = 1 << 20;
        let size = aval.byte_size();
        if size > LITTLE {
            // Nothing is reserved here for an array that XLA could not allocate.
            // SAFETY: the buffer is alive.
            unsafe { self.wait(raw, what) }?;
        }
        if callback::is_in_callback() && self.platform == "cpu" {
            // A copy by the plugin could wait for this thread.
            // SAFETY: the buffer is alive.
            return unsafe { self.read_memory(raw, aval, what) };
        }
        let functions = self.functions();
        let rank = aval.rank() as i64;
        let minor_to_major: SmallVec<[i64; 8]> = (0..rank).rev().collect();
        // The device may keep another order of dimensions: ask for ours.
        let layout = ffi::MemoryLayout::dense(&minor_to_major);
        let mut bytes = reserved(size, what)?;
        if !functions.tells_outputs() {
            // The results of a program were not compared with those that it was said to have.
            // SAFETY: the buffer is alive.
            unsafe { self.check_buffer(raw, aval, what) }?;
            // The plugin may not tell this either.
            bytes.resize(size, 0);
        }
        let mut args = ffi::BufferToHostArgs::new();
        args.src = pointer(raw);
        args.host_layout = &layout;
        args.dst = bytes.as_mut_ptr().cast();
        args.dst_size = size;
        // SAFETY: the buffer is alive; `dst` has room for `dst_size` bytes and lives until the
        // copy is done, which is awaited here; the layout outlives the call.
        let error = unsafe { (functions.buffer_to_host)(&mut args) };
        functions.check(error, what)?;
        functions.wait(args.event, what)?;
        // SAFETY: the copy wrote all of them.
        unsafe { bytes.set_len(size) };
        Ok(bytes)
    }

    unsafe fn wait(&self, raw: RawBuffer, what: What<'_>) -> Result<()> {
        let functions = self.functions();
        let mut args = ffi::BufferReadyEventArgs::new();
        args.buffer = pointer(raw);
        // SAFETY: the buffer is alive.
        let error = unsafe { (functions.buffer_ready_event)(&mut args) };
        functions.check(error, what)?;
        functions.wait(args.event, what)
    }

    unsafe fn copy_to(
        &self,
        raw: RawBuffer,
        placement: Placement,
        what: What<'_>,
    ) -> Result<RawBuffer> {
        let functions = self.functions();
        let Some(copy) = functions.buffer_copy_to_device else {
            return Err(self.lacks(what, "PJRT_Buffer_CopyToDevice"));
        };
        let mut args = ffi::BufferCopyToDeviceArgs::new();
        args.buffer = pointer(raw);
        args.dst_device = self.devices[placement.index()].as_ptr();
        // SAFETY: buffer and device are alive.
        let error = unsafe { copy(&mut args) };
        functions.check(error, what)?;
        Ok(RawBuffer(not_null(args.dst_buffer, what)?.cast()))
    }

    unsafe fn address(&self, raw: RawBuffer, what: What<'_>) -> Result<usize> {
        let functions = self.functions();
        let Some(unsafe_pointer) = functions.buffer_unsafe_pointer else {
            return Err(self.lacks(what, "PJRT_Buffer_UnsafePointer"));
        };
        let mut args = ffi::BufferUnsafePointerArgs::new();
        args.buffer = pointer(raw);
        // SAFETY: the buffer is alive.
        let error = unsafe { unsafe_pointer(&mut args) };
        functions.check(error, what)?;
        Ok(args.buffer_pointer)
    }

    unsafe fn is_deleted(&self, raw: RawBuffer) -> bool {
        let functions = self.functions();
        let mut args = ffi::BufferIsDeletedArgs::new();
        args.buffer = pointer(raw);
        // SAFETY: the buffer is alive.
        let error = unsafe { (functions.buffer_is_deleted)(&mut args) };
        // A buffer whose state cannot be asked for cannot be used either.
        functions.check(error, String::new).is_err() || args.is_deleted
    }

    #[inline]
    unsafe fn destroy_buffer(&self, raw: RawBuffer) {
        let mut args = ffi::BufferDestroyArgs::new();
        args.buffer = pointer(raw);
        let functions = self.functions();
        // SAFETY: the caller owns the buffer and gives it up. Donated buffers are freed like this
        // too.
        let error = unsafe { (functions.buffer_destroy)(&mut args) };
        functions.destroy_error(error);
    }
}

pub(super) fn pointer(raw: RawBuffer) -> *mut ffi::PjrtBuffer {
    raw.0.as_ptr().cast()
}

impl Pjrt {
    /// The program, if it takes and returns what it is said to.
    fn checked(
        &self,
        loaded: NonNull<ffi::PjrtLoadedExecutable>,
        program: &Program<'_>,
        check: Inspection,
    ) -> Result<RawExecutable> {
        let raw = RawExecutable(loaded.cast());
        if let Err(error) = self.check_signature(loaded, program, check) {
            // SAFETY: nobody else has it.
            unsafe { self.destroy_executable(raw) };
            return Err(error);
        }
        Ok(raw)
    }

    fn load(&self, program: &Program<'_>) -> Result<NonNull<ffi::PjrtLoadedExecutable>> {
        let is_users = |message: &str| {
            program.options.iter().any(|option| CompilerOption::is_refused(option.name, message))
        };
        // Each turn takes a value away that the compiler refused.
        loop {
            let mut faults = self.faults.read().unwrap_or_else(|e| e.into_inner()).clone();
            let first = [program.placement.index()];
            let devices = match program.placement.sharding() {
                Some(sharding) => sharding.mesh().devices(),
                // The first device is the default, which every plugin takes.
                None if first == [0] => &[],
                None => &first,
            };
            let options = CompileOptions {
                devices,
                spread: program.placement.is_spread(),
                faults: &faults,
                options: program.options,
            };
            match self.load_with(program, &options) {
                Err(Error::Xla { message, .. })
                    if !is_users(&message) && faults::refused(&mut faults, &message) =>
                {
                    *self.faults.write().unwrap_or_else(|e| e.into_inner()) = faults;
                }
                result => return result,
            }
        }
    }

    fn load_with(
        &self,
        program: &Program<'_>,
        options: &CompileOptions<'_>,
    ) -> Result<NonNull<ffi::PjrtLoadedExecutable>> {
        let functions = self.functions();
        let name = program.name;
        // MLIR's lexer looks at the byte after the text, which ends it when it is zero: any other byte becomes
        // part of the program.
        let text = [program.text.as_bytes(), b"\0"].concat();
        let options = options.to_proto();
        let mut program = ffi::Program::new();
        program.code = text.as_ptr().cast();
        program.code_size = text.len() - 1;
        program.format = c"mlir".as_ptr();
        program.format_size = 4;
        let mut args = ffi::ClientCompileArgs::new();
        args.client = self.raw.as_ptr();
        args.program = &program;
        args.compile_options = options.as_ptr().cast();
        args.compile_options_size = options.len();
        let what = || format!("compiling `{name}`");
        // SAFETY: the client is alive; program and options outlive the call.
        let error = unsafe { (functions.client_compile)(&mut args) };
        functions.check(error, what)?;
        not_null(args.executable, what)
    }

    /// The elements of an array in the host's memory.
    ///
    /// # Safety
    /// The buffer is alive, and of this shape and dtype.
    unsafe fn read_memory(&self, raw: RawBuffer, aval: &Aval, what: What<'_>) -> Result<Vec<u8>> {
        let size = aval.byte_size();
        let mut bytes = reserved(size, what)?;
        // SAFETY: the caller's promise. CPU plugins keep arrays dense, with the last dimension fastest; the array is
        // there once the wait is over, and nothing writes to it.
        unsafe {
            self.wait(raw, what)?;
            if !self.functions().tells_outputs() {
                self.check_buffer(raw, aval, what)?;
            }
            if size > 0 {
                let memory = std::ptr::with_exposed_provenance::<u8>(self.address(raw, what)?);
                bytes.extend_from_slice(std::slice::from_raw_parts(memory, size));
            }
        }
        Ok(bytes)
    }

    /// The error for a function that the plugin does not have.
    pub(super) fn lacks(&self, what: What<'_>, function: &str) -> Error {
        let (major, minor) = self.version();
        Error::Xla {
            call: what(),
            code: "UNIMPLEMENTED",
            message: format!("the plugin (PJRT API {major}.{minor}) has no {function}"),
        }
    }
}

impl ffi::MemoryLayout {
    /// A dense layout whose fastest dimension comes first in `minor_to_major`, which it borrows
    /// as a raw pointer.
    fn dense(minor_to_major: &[i64]) -> Self {
        ffi::MemoryLayout {
            struct_size: size_of::<ffi::MemoryLayout>(),
            extension_start: null_mut(),
            tiled: ffi::TiledLayout {
                struct_size: size_of::<ffi::TiledLayout>(),
                extension_start: null_mut(),
                minor_to_major: minor_to_major.as_ptr(),
                minor_to_major_size: minor_to_major.len(),
                tile_dims: std::ptr::null(),
                tile_dim_sizes: std::ptr::null(),
                num_tiles: 0,
            },
            layout_type: 0,
        }
    }
}
