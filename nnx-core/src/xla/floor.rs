//! The floor of a call: execute, await and free with nothing around them, to measure the call path of jitted
//! functions against.

use super::buffer::Buffer;
use super::executable::Executable;
use super::runtime::RawBuffer;
use crate::error::{Error, Result};

/// A program whose outputs are its next inputs, with its buffers.
///
/// ```no_run
/// use nnx::value::{Aval, DType};
/// use nnx::xla::{Client, Floor, Placement, Program};
///
/// let text = "func.func @main(%x: tensor<3xui8>) -> tensor<3xui8> {
///     %y = stablehlo.add %x, %x : tensor<3xui8>
///     return %y : tensor<3xui8>
/// }";
/// let (client, aval) = (Client::global().unwrap(), [Aval::new(DType::U8, &[3])]);
/// let double = client.compile(&Program::stablehlo("double", text, &aval, &aval)).unwrap();
/// let x = client.upload(&[1, 2, 3], aval[0].clone(), Placement::default()).unwrap();
/// let mut floor = Floor::new(double, vec![x]).unwrap();
/// let start = std::time::Instant::now();
/// floor.step().unwrap();
/// println!("{:?} for a call without anything around it", start.elapsed());
/// ```
pub struct Floor {
    executable: Executable,
    state: Vec<RawBuffer>,
    outputs: Vec<Option<RawBuffer>>,
}

impl Floor {
    /// Takes a program whose outputs have the shapes and dtypes of its inputs, and the first
    /// inputs.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the shapes or dtypes of inputs, outputs and `state` differ.
    pub fn new(executable: Executable, state: Vec<Buffer>) -> Result<Self> {
        let fits = executable.makes_all()
            && executable.device_count() == 1
            && executable.inputs() == executable.outputs()
            && executable.inputs().iter().eq(state.iter().map(Buffer::aval));
        if !fits {
            return Err(Error::Invalid("the outputs cannot be the next inputs".into()));
        }
        let outputs = vec![None; state.len()];
        Ok(Floor {
            executable,
            state: state.into_iter().flat_map(Buffer::into_raws).collect(),
            outputs,
        })
    }

    /// One execute, await of its end, and free of the old inputs.
    ///
    /// # Errors
    /// [`Error::Xla`] when the run fails, or the backend has no floor: PJRT has.
    pub fn step(&mut self) -> Result<()> {
        let runtime = self.executable.client().runtime();
        // SAFETY: the lists have as many entries as the program has inputs and outputs, checked in
        // `new`, and the inputs are alive and of the right shapes.
        unsafe { runtime.bare_run(self.executable.raw(), &self.state, &mut self.outputs) }?;
        for (state, output) in self.state.iter_mut().zip(&mut self.outputs) {
            if let Some(output) = output.take() {
                // SAFETY: the list alone owns its buffers.
                unsafe { runtime.destroy_buffer(std::mem::replace(state, output)) };
            }
        }
        Ok(())
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        // A run that failed may have left outputs.
        for &raw in self.state.iter().chain(self.outputs.iter().flatten()) {
            // SAFETY: the list alone owns its buffers.
            unsafe { self.executable.client().runtime().destroy_buffer(raw) };
        }
    }
}
