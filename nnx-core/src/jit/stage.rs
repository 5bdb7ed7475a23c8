//! Looking at a jitted function's program without running it.

use super::placed::Placed;
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::run::{compile, hlo_text, stablehlo_text};
use crate::value::Aval;
use crate::xla::{CompilerOption, Executable, MemoryAnalysis};
use std::cell::RefCell;

/// The task of the next call of a jitted function on this thread, then its outcome.
enum Stage {
    Run,
    /// Trace, keep the program, do not run.
    Lower,
    Lowered(Box<Lowered>),
    /// The function returned an error instead.
    Failed(Error),
}

thread_local! {
    static STAGE: RefCell<Stage> = const { RefCell::new(Stage::Run) };
}

/// A traced program of a jitted function, ready for the compiler.
///
/// ```
/// use nnx::jit::lower;
/// use nnx::{Array, DType};
///
/// #[nnx::jit]
/// fn product(x: &Array, y: &Array) -> Array {
///     x.matmul(y)
/// }
///
/// let x = Array::shape_only([2, 3], DType::F32); // no values are needed
/// let y = Array::shape_only([3, 4], DType::F32);
/// let lowered = lower(|| product(&x, &y)).unwrap();
/// assert_eq!(lowered.input_avals()[1].shape(), [3, 4]);
/// assert_eq!(lowered.output_avals()[0].shape(), [2, 4]);
/// assert!(lowered.stablehlo().contains("dot_general"));
/// ```
#[derive(Debug, Clone)]
pub struct Lowered {
    name: String,
    graph: Graph,
    aliases: Vec<(usize, usize)>,
    placed: Placed,
    options: &'static [CompilerOption<'static>],
}

impl Lowered {
    pub(super) fn new(
        name: &str,
        graph: Graph,
        aliases: Vec<(usize, usize)>,
        placed: Placed,
        options: &'static [CompilerOption<'static>],
    ) -> Self {
        Lowered { name: name.to_owned(), graph, aliases, placed, options }
    }

    /// The program as traced; `Display` prints it.
    ///
    /// ```
    /// use nnx::{Array, DType, jit::lower};
    ///
    /// #[nnx::jit]
    /// fn sine(x: &Array) -> Array {
    ///     x.sin()
    /// }
    ///
    /// let lowered = lower(|| sine(&Array::shape_only([4], DType::F32))).unwrap();
    /// assert_eq!(lowered.graph().len(), 1);
    /// println!("{}", lowered.graph());
    /// ```
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The program as StableHLO text, for any platform. What is compiled for CPUs has reductions of many elements in
    /// steps of which XLA makes vector code.
    ///
    /// ```
    /// use nnx::{Array, DType, jit::lower};
    ///
    /// #[nnx::jit]
    /// fn sine(x: &Array) -> Array {
    ///     x.sin()
    /// }
    ///
    /// let lowered = lower(|| sine(&Array::shape_only([4], DType::F32))).unwrap();
    /// assert!(lowered.stablehlo().contains("stablehlo.sine"));
    /// ```
    pub fn stablehlo(&self) -> String {
        stablehlo_text(&self.name, &self.graph, &self.aliases)
    }

    /// The program as HLO text, which the crate `xla` takes.
    ///
    /// Unlike [`stablehlo`](Self::stablehlo) it spells out the functions that HLO has no instruction
    /// for, such as `lgamma`, and captures nothing: what a branch or a loop uses is in its tuple.
    /// Output `i` of several is element `i` of the entry's tuple; a single output stands for itself.
    ///
    /// ```
    /// use nnx::{Array, DType, jit::lower};
    ///
    /// #[nnx::jit]
    /// fn sine(x: &Array) -> Array {
    ///     x.sin()
    /// }
    ///
    /// let lowered = lower(|| sine(&Array::shape_only([4], DType::F32))).unwrap();
    /// assert!(lowered.hlo().unwrap().contains("f32[4]"));
    /// ```
    ///
    /// # Errors
    /// Returns an error if an operation cannot be expressed in HLO, which is a mistake of this
    /// library.
    pub fn hlo(&self) -> Result<String> {
        hlo_text(&self.name, &self.graph, &self.aliases)
    }

    /// Shapes and dtypes of the inputs: the leaves of the arguments that the program uses, then the
    /// arrays that the body took from outside.
    ///
    /// ```
    /// use nnx::{Array, DType, jit::lower};
    ///
    /// #[nnx::jit]
    /// fn first(x: &Array, y: &Array) -> Array {
    ///     x * 2.0
    /// }
    ///
    /// let (x, y) = (Array::shape_only([4], DType::F32), Array::shape_only([9], DType::F32));
    /// let inputs = lower(|| first(&x, &y)).unwrap().input_avals();
    /// assert_eq!((inputs.len(), inputs[0].shape()), (1, &[4][..])); // `y` is not used
    /// ```
    pub fn input_avals(&self) -> Vec<Aval> {
        self.graph.input_avals()
    }

    /// Shapes and dtypes of the outputs: the new values of the Variables that are set, then the
    /// arrays of the result.
    ///
    /// ```
    /// use nnx::{Array, DType, Param, jit::lower};
    ///
    /// #[nnx::jit]
    /// fn step(param: &mut Param) -> Array {
    ///     param.set(param.value() * 2.0);
    ///     param.sum(..)
    /// }
    ///
    /// let mut param = Param::new(Array::shape_only([4], DType::F32));
    /// let outputs = lower(|| step(&mut param)).unwrap().output_avals();
    /// assert_eq!((outputs[0].shape(), outputs[1].shape()), (&[4][..], &[][..]));
    /// ```
    pub fn output_avals(&self) -> Vec<Aval> {
        self.graph.output_avals()
    }

    /// Pairs of an input and the output that takes over its memory.
    ///
    /// ```
    /// use nnx::{Array, DType, Param, jit::lower};
    ///
    /// #[nnx::jit]
    /// fn step(param: &mut Param) {
    ///     param.set(param.value() * 2.0);
    /// }
    ///
    /// let mut param = Param::new(Array::shape_only([4], DType::F32));
    /// assert_eq!(lower(|| step(&mut param)).unwrap().donations(), [(0, 0)]);
    /// ```
    pub fn donations(&self) -> &[(usize, usize)] {
        &self.aliases
    }

    /// An estimate of the floating-point operations of one run, see [`Graph::flops`].
    ///
    /// ```
    /// use nnx::{Array, DType, jit::lower};
    ///
    /// #[nnx::jit]
    /// fn product(x: &Array, y: &Array) -> Array {
    ///     x.matmul(y)
    /// }
    ///
    /// let (x, y) = (Array::shape_only([2, 3], DType::F32), Array::shape_only([3, 4], DType::F32));
    /// assert_eq!(lower(|| product(&x, &y)).unwrap().flops(), 2 * 2 * 3 * 4);
    /// ```
    pub fn flops(&self) -> u64 {
        self.graph.flops()
    }

    /// Compiles the program.
    ///
    /// ```
    /// use nnx::{Array, DType, jit::lower};
    ///
    /// #[nnx::jit]
    /// fn sine(x: &Array) -> Array {
    ///     x.sin()
    /// }
    ///
    /// let lowered = lower(|| sine(&Array::shape_only([4], DType::F32))).unwrap();
    /// assert!(lowered.compile().is_ok()); // before there is any data
    /// ```
    ///
    /// # Errors
    /// Returns an error if there is no XLA runtime, or its compiler refuses the program.
    pub fn compile(&self) -> Result<Compiled> {
        self.compile_with(&[])
    }

    /// Compiles the program with options of XLA's compiler. They win over those in
    /// `#[nnx::jit(compiler_options(…))]`, which hold as well. JAX's `lowered.compile(compiler_options)`.
    ///
    /// ```no_run
    /// use nnx::{Array, DType, jit::lower, xla::CompilerOption};
    ///
    /// #[nnx::jit]
    /// fn sine(x: &Array) -> Array {
    ///     x.sin()
    /// }
    ///
    /// let lowered = lower(|| sine(&Array::shape_only([4], DType::F32))).unwrap();
    /// let options = [CompilerOption::new("xla_backend_optimization_level", 0)];
    /// println!("{:?}", lowered.compile_with(&options).unwrap().memory_analysis());
    /// ```
    ///
    /// # Errors
    /// As [`compile`](Self::compile); with XLA's message if it does not know an option or its value; on the
    /// backend [`XlaRs`](crate::xla::Backend::XlaRs), which takes no options.
    pub fn compile_with(&self, options: &[CompilerOption<'_>]) -> Result<Compiled> {
        let is_given = |own: &&CompilerOption<'_>| options.iter().any(|o| o.name == own.name);
        let own = self.options.iter().filter(|own| !is_given(own));
        let options: Vec<CompilerOption<'_>> = own.chain(options).copied().collect();
        let Lowered { name, graph, aliases, placed, .. } = self;
        let Placed { place, outputs, .. } = placed;
        Ok(Compiled { executable: compile(name, graph, aliases, place, outputs, &options)? })
    }
}

/// A compiled program of a jitted function.
///
/// ```
/// use nnx::{Array, DType, jit::lower};
///
/// #[nnx::jit]
/// fn sine(x: &Array) -> Array {
///     x.sin()
/// }
///
/// let lowered = lower(|| sine(&Array::shape_only([4], DType::F32))).unwrap();
/// let compiled = lowered.compile().unwrap();
/// println!("{:?}", compiled.memory_analysis());
/// ```
pub struct Compiled {
    executable: Executable,
}

impl Compiled {
    /// The memory that a run takes.
    ///
    /// ```no_run
    /// use nnx::{Array, DType, jit::lower};
    ///
    /// #[nnx::jit]
    /// fn sine(x: &Array) -> Array {
    ///     x.sin()
    /// }
    ///
    /// let lowered = lower(|| sine(&Array::shape_only([1000], DType::F32))).unwrap();
    /// let memory = lowered.compile().unwrap().memory_analysis().unwrap();
    /// assert_eq!((memory.argument, memory.output), (4000, 4000));
    /// ```
    ///
    /// # Errors
    /// Returns an error if the plugin cannot tell.
    pub fn memory_analysis(&self) -> Result<MemoryAnalysis> {
        self.executable.memory_analysis()
    }

    /// The program after XLA's optimizations, in HLO's notation: which operations were fused, what runs as a call of a
    /// library, which layouts were chosen (`{1,0}` is row by row). Of an instruction's attributes it leaves out those
    /// of windows, paddings, gathers and scatters, and the values of constants; `XLA_FLAGS=--xla_dump_to=DIR` has XLA
    /// write everything.
    ///
    /// ```
    /// use nnx::{Array, DType, jit::lower};
    ///
    /// #[nnx::jit]
    /// fn gelu(x: &Array) -> Array {
    ///     x * 0.5 * (1.0 + (x * 0.8).tanh())
    /// }
    ///
    /// let lowered = lower(|| gelu(&Array::shape_only([64], DType::F32))).unwrap();
    /// // The backend xla-rs does not tell.
    /// if let Ok(text) = lowered.compile().unwrap().optimized_hlo() {
    ///     assert!(text.contains("f32[64]{0} fusion(")); // one loop for all
    /// }
    /// ```
    ///
    /// # Errors
    /// Returns an error if the plugin cannot tell.
    pub fn optimized_hlo(&self) -> Result<String> {
        self.executable.optimized_hlo()
    }
}

/// Traces the jitted function that `call` calls, without running it: its arguments stay as they
/// are, and its result has shapes but no elements. Arguments may be [`Array::shape_only`].
///
/// ```
/// use nnx::jit::lower;
/// use nnx::optim::{Adam, Optimizer, adam};
/// use nnx::{Array, DType, nn::Linear, random::Rngs, value_and_grad};
///
/// #[nnx::jit]
/// fn train_step(model: &mut Linear, optimizer: &mut Optimizer<Adam>, x: &Array) -> Array {
///     let loss = |model: &mut Linear| model.forward(x).square().mean(..);
///     let (loss, gradients) = value_and_grad(loss, &mut *model);
///     optimizer.update(model, &gradients);
///     loss
/// }
///
/// let mut model = Linear::new(3, 4, &mut Rngs::new(0));
/// let mut optimizer = Optimizer::new(&model, adam(1e-3));
/// let x = Array::shape_only([8, 3], DType::F32);
/// let lowered = lower(|| train_step(&mut model, &mut optimizer, &x)).unwrap();
/// assert!(lowered.stablehlo().contains("dot_general"));
/// ```
///
/// # Errors
/// Returns an error if `call` calls no jitted function, or the function returns an error.
///
/// # Panics
/// Panics if the function's body panics, or `call` calls a second jitted function.
///
/// [`Array::shape_only`]: crate::graph::Array::shape_only
pub fn lower<R>(call: impl FnOnce() -> R) -> Result<Lowered> {
    struct Reset;
    impl Drop for Reset {
        fn drop(&mut self) {
            STAGE.replace(Stage::Run);
        }
    }
    STAGE.replace(Stage::Lower);
    let reset = Reset;
    call();
    let stage = STAGE.replace(Stage::Run);
    drop(reset);
    match stage {
        Stage::Lowered(lowered) => Ok(*lowered),
        Stage::Failed(error) => Err(error),
        _ => Err(Error::Invalid(
            "jit::lower: the closure called no jitted function; call one, as in \
             `nnx::jit::lower(|| step(&mut model, &x))`"
                .into(),
        )),
    }
}

/// Whether the call that begins now is to be lowered only.
pub(super) fn wants_lowering() -> bool {
    STAGE.with_borrow(|stage| !matches!(stage, Stage::Run))
}

/// An error if there is a program already: one closure gives one program.
pub(super) fn begin(name: &str) -> Result<()> {
    STAGE.with_borrow(|stage| match stage {
        Stage::Lowered(first) => Err(Error::Invalid(format!(
            "jit::lower: the closure called two jitted functions, `{}` and then `{name}`; lower \
             them one by one",
            first.name
        ))),
        _ => Ok(()),
    })
}

pub(super) fn keep(lowered: Lowered) {
    STAGE.replace(Stage::Lowered(Box::new(lowered)));
}

pub(super) fn fail(error: Error) {
    STAGE.replace(Stage::Failed(error));
}
