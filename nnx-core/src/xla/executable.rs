//! Compiled programs.

use super::buffer::Buffer;
use super::call::Call;
use super::callback::Callback;
use super::client::{Client, cache};
use super::exit;
use super::placement::Placement;
use super::program::Program;
use super::runtime::{Habits, RawExecutable};
use crate::error::{Error, Result};
use crate::value::Aval;
use std::fmt;
use std::sync::Arc;

/// A compiled program, loaded on the device.
///
/// ```no_run
/// use nnx::value::{Aval, DType};
/// use nnx::xla::{Client, Program};
///
/// let text = "func.func @main(%x: tensor<3xui8>) -> tensor<3xui8> {
///     %y = stablehlo.add %x, %x : tensor<3xui8>
///     return %y : tensor<3xui8>
/// }";
/// let aval = [Aval::new(DType::U8, &[3])];
/// let program = Program::stablehlo("double", text, &aval, &aval);
/// let executable = Client::global().unwrap().compile(&program).unwrap();
/// assert_eq!((executable.name(), executable.inputs()), ("double", &aval[..]));
/// assert_eq!((executable.placement().index(), executable.outputs()), (0, &aval[..]));
/// ```
pub struct Executable {
    client: Client,
    raw: RawExecutable,
    signature: Arc<Signature>,
    habits: Habits,
    origin: Origin,
    /// Results without elements that each call makes, because the program does not.
    made: Box<[usize]>,
}

/// The place from which a compiled program came.
pub(super) enum Origin {
    Compiler,
    /// The entry of the cache of programs with this name.
    Entry(String),
    /// Bytes that the user had.
    Bytes,
}

/// The inputs and outputs of an executable. Its results keep a handle to this signature, to say
/// where they come from.
#[derive(Clone)]
pub(super) struct Signature {
    pub(super) name: Box<str>,
    pub(super) inputs: Box<[Aval]>,
    pub(super) outputs: Box<[Aval]>,
    pub(super) placement: Placement,
    /// Where each input and each output lies, if it runs on a mesh.
    spread: Option<SpreadSignature>,
}

/// Where the inputs and outputs of a program lie on a mesh.
#[derive(Clone)]
struct SpreadSignature {
    devices: usize,
    inputs: Box<[Placement]>,
    outputs: Box<[Placement]>,
}

impl Signature {
    /// Where an input lies.
    #[inline]
    pub(super) fn input_placement(&self, index: usize) -> Placement {
        let spread = self.spread.as_ref().and_then(|spread| spread.inputs.get(index));
        spread.copied().unwrap_or(self.placement)
    }

    /// Where an output lies.
    #[inline]
    pub(super) fn output_placement(&self, index: usize) -> Placement {
        let spread = self.spread.as_ref().and_then(|spread| spread.outputs.get(index));
        spread.copied().unwrap_or(self.placement)
    }
}

// SAFETY: a runtime's programs may be run and destroyed from any thread.
unsafe impl Send for Executable {}
// SAFETY: as above.
unsafe impl Sync for Executable {}

/// The memory that one run of an executable takes, in bytes.
///
/// ```no_run
/// use nnx::{Array, DType, jit::lower};
///
/// #[nnx::jit]
/// fn product(x: &Array) -> Array {
///     x.matmul(x)
/// }
///
/// let lowered = lower(|| product(&Array::shape_only([100, 100], DType::F32))).unwrap();
/// let memory = lowered.compile().unwrap().memory_analysis().unwrap();
/// assert_eq!((memory.argument, memory.output), (40_000, 40_000));
/// println!("{} bytes of scratch memory", memory.temp);
/// ```
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
        raw: RawExecutable,
        origin: Origin,
        program: &Program<'_>,
        callbacks: &[Arc<Callback>],
    ) -> Result<Self> {
        let spread = if program.placement.is_spread() {
            // SAFETY: the executable is alive.
            let outputs = unsafe { client.runtime().output_placements(raw, program) };
            let outputs = outputs.inspect_err(|_| {
                // SAFETY: nobody else has it.
                unsafe { client.runtime().destroy_executable(raw) };
            })?;
            Some(SpreadSignature {
                devices: program.placement.device_count(),
                inputs: program.input_placements.into(),
                outputs: outputs.into(),
            })
        } else {
            None
        };
        let signature = Signature {
            name: program.name.into(),
            inputs: program.inputs.into(),
            outputs: program.outputs.into(),
            placement: program.placement,
            spread,
        };
        Ok(Executable {
            client,
            raw,
            signature: Arc::new(signature),
            habits: Habits::of(callbacks),
            origin,
            made: Box::default(),
        })
    }

    /// The program with further results, which have no elements: `outputs` are all of them, and `made` the places
    /// of the further ones in ascending order.
    pub(crate) fn with_empty(mut self, made: &[usize], outputs: &[Aval]) -> Self {
        if !made.is_empty() {
            let signature = Arc::make_mut(&mut self.signature);
            signature.outputs = outputs.into();
            if let Some(spread) = &mut signature.spread {
                let mut placements = spread.outputs.to_vec();
                made.iter().for_each(|&place| placements.insert(place, signature.placement));
                spread.outputs = placements.into();
            }
            self.made = made.into();
        }
        self
    }

    /// Whether the program makes all results.
    pub(super) fn makes_all(&self) -> bool {
        self.made.is_empty()
    }

    /// The results that the program does not make, with their places.
    pub(super) fn make_empty(&self) -> Result<Vec<(usize, Buffer)>> {
        let Signature { outputs, placement, .. } = &*self.signature;
        let make = |&i: &usize| Ok((i, self.client.upload(&[], outputs[i].clone(), *placement)?));
        self.made.iter().map(make).collect()
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

    /// Where it runs.
    pub fn placement(&self) -> Placement {
        self.signature.placement
    }

    /// Where an input lies.
    pub(crate) fn input_placement(&self, index: usize) -> Placement {
        self.signature.input_placement(index)
    }

    /// On how many devices it runs.
    #[inline]
    pub(crate) fn device_count(&self) -> usize {
        self.signature.spread.as_ref().map_or(1, |spread| spread.devices)
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
    pub(super) fn raw(&self) -> RawExecutable {
        self.raw
    }

    #[inline]
    pub(super) fn habits(&self) -> &Habits {
        &self.habits
    }

    #[inline]
    pub(super) fn signature(&self) -> &Arc<Signature> {
        &self.signature
    }

    /// The compiled program as bytes, for [`Client::load`] by the same plugin on the same kind of
    /// processor.
    ///
    /// ```no_run
    /// use nnx::value::{Aval, DType};
    /// use nnx::xla::{Client, Program};
    ///
    /// let text = std::fs::read_to_string("double.mlir").unwrap();
    /// let x = [Aval::new(DType::F32, &[4])];
    /// let program = Program::stablehlo("double", &text, &x, &x);
    /// let executable = Client::global().unwrap().compile(&program).unwrap();
    /// std::fs::write("double.bin", executable.serialize().unwrap()).unwrap();
    /// ```
    ///
    /// # Errors
    /// Returns an error if the backend cannot serialize programs; if this one has callbacks; if this one was itself loaded from bytes, which
    /// are what to keep then; or if it came from the cache of programs, which has lost it since.
    pub fn serialize(&self) -> Result<Vec<u8>> {
        // Plugins can serialize a program that they loaded, but its code is missing then: only a run would tell.
        let name = self.name();
        if let Some(callback) = self.habits.callbacks.first() {
            return Err(Error::Invalid(format!(
                "serializing `{name}`: it holds {callback}, which another process does not have"
            )));
        }
        match &self.origin {
            Origin::Compiler => {
                let what = || format!("serializing `{name}`");
                // SAFETY: the executable is alive.
                unsafe { self.client.runtime().serialize(self.raw, &what) }
            }
            Origin::Entry(entry) => cache()?.program(entry).ok_or_else(|| {
                Error::Invalid(format!(
                    "serializing `{name}`: it was loaded from the cache of programs, and is no longer there; \
                     compile it with `NNX_CACHE=off`"
                ))
            }),
            Origin::Bytes => Err(Error::Invalid(format!(
                "serializing `{name}`: it was loaded from bytes, and a plugin can serialize only what it compiled; \
                 keep those bytes"
            ))),
        }
    }

    /// The memory that one run takes.
    ///
    /// # Errors
    /// Returns an error if the backend does not say.
    pub fn memory_analysis(&self) -> Result<MemoryAnalysis> {
        let what = || format!("analysing the memory of `{}`", self.name());
        // SAFETY: the executable is alive.
        unsafe { self.client.runtime().memory_analysis(self.raw, &what) }
    }

    /// The program that XLA made of this one, in HLO's notation.
    ///
    /// # Errors
    /// Returns an error if the backend does not say.
    pub fn optimized_hlo(&self) -> Result<String> {
        let what = || format!("reading the optimized program of `{}`", self.name());
        // SAFETY: the executable is alive.
        unsafe { self.client.runtime().optimized_hlo(self.raw, &what) }
    }
}

impl Drop for Executable {
    fn drop(&mut self) {
        if exit::is_over() {
            return;
        }
        // SAFETY: this is the only owner; the runtime waits for runs in progress.
        unsafe { self.client.runtime().destroy_executable(self.raw) }
    }
}

impl fmt::Debug for Executable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Executable({} {:?} -> {:?})", self.name(), self.inputs(), self.outputs())
    }
}
