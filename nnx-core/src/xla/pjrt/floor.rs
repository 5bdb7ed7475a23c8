//! The floor of a call: PJRT's execute, await and free with nothing around them, to measure the
//! call path of jitted functions against.

use super::{Pjrt, ffi};
use crate::error::{Error, Result};
use crate::xla::buffer::Buffer;
use crate::xla::executable::Executable;
use crate::xla::runtime::{RawBuffer, Runtime};
use std::ptr::{NonNull, null_mut};

/// A program whose outputs are its next inputs, with its buffers.
pub struct Floor {
    pjrt: &'static Pjrt,
    executable: Executable,
    state: Vec<*mut ffi::PjrtBuffer>,
    outputs: Vec<*mut ffi::PjrtBuffer>,
}

impl Floor {
    /// Takes a program whose outputs have the shapes and dtypes of its inputs, and the first
    /// inputs.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the shapes or dtypes of inputs, outputs and `state` differ, or the
    /// backend is not PJRT.
    pub fn new(executable: Executable, state: Vec<Buffer>) -> Result<Self> {
        let runtime: &'static dyn Runtime = executable.client().runtime();
        let Some(pjrt) = runtime.as_any().downcast_ref::<Pjrt>() else {
            return Err(Error::Invalid("the floor of a call is that of PJRT alone".into()));
        };
        let fits = executable.inputs() == executable.outputs()
            && executable.inputs().iter().copied().eq(state.iter().map(Buffer::aval));
        if !fits {
            return Err(Error::Invalid("the outputs cannot be the next inputs".into()));
        }
        let outputs = vec![null_mut(); state.len()];
        let state = state.into_iter().map(|buffer| buffer.into_raw().0.as_ptr().cast()).collect();
        Ok(Floor { pjrt, executable, state, outputs })
    }

    /// One execute, await of its end, and free of the old inputs.
    ///
    /// # Errors
    /// [`Error::Xla`] when the run fails.
    pub fn step(&mut self) -> Result<()> {
        let functions = self.pjrt.functions();
        let mut options = ffi::ExecuteOptions::new();
        let argument_list = self.state.as_ptr();
        let output_list = self.outputs.as_mut_ptr();
        let mut event = null_mut();
        let mut args = ffi::ExecuteArgs::new();
        args.executable = self.executable.raw().0.as_ptr().cast();
        args.options = &mut options;
        args.argument_lists = &argument_list;
        args.num_devices = 1;
        args.num_args = self.state.len();
        args.output_lists = &output_list;
        args.device_complete_events = &mut event;
        // SAFETY: the lists have as many entries as the program has inputs and outputs, checked in
        // `new`, and the inputs are alive and of the right shapes.
        let error = unsafe { (functions.execute)(&mut args) };
        functions.check(error, || "running the floor".into())?;
        functions.wait(event, || "awaiting the floor".into())?;
        std::mem::swap(&mut self.state, &mut self.outputs);
        self.free_outputs();
        Ok(())
    }

    fn free_outputs(&mut self) {
        for raw in &mut self.outputs {
            if let Some(raw) = NonNull::new(std::mem::replace(raw, null_mut())) {
                // SAFETY: the outputs of the last run, or the state, are owned by this list alone.
                unsafe { self.pjrt.destroy_buffer(RawBuffer(raw.cast())) };
            }
        }
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        self.free_outputs();
        std::mem::swap(&mut self.state, &mut self.outputs);
        self.free_outputs();
    }
}
