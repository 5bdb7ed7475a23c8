//! Looking at a jitted function's program without running it.

use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::run::{compile, hlo_text, stablehlo_text};
use crate::value::Aval;
use crate::xla::{CompilerOption, Executable, MemoryAnalysis, Placement};
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
#[derive(Debug, Clone)]
pub struct Lowered {
    name: String,
    graph: Graph,
    aliases: Vec<(usize, usize)>,
    placement: Placement,
    options: &'static [CompilerOption<'static>],
}

impl Lowered {
    pub(super) fn new(
        name: &str,
        graph: Graph,
        aliases: Vec<(usize, usize)>,
        placement: Placement,
        options: &'static [CompilerOption<'static>],
    ) -> Self {
        Lowered { name: name.to_owned(), graph, aliases, placement, options }
    }

    /// The program as traced; `Display` prints it.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The program as StableHLO text, for any platform. What is compiled for CPUs has reductions of many elements in
    /// steps of which XLA makes vector code.
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
    /// # fn show(lowered: &nnx::jit::Lowered) -> nnx::Result<()> {
    /// std::fs::write("step.hlo", lowered.hlo()?).ok();
    /// # Ok(()) }
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
    pub fn input_avals(&self) -> Vec<Aval> {
        self.graph.input_avals()
    }

    /// Shapes and dtypes of the outputs: the new values of the Variables that are set, then the
    /// arrays of the result.
    pub fn output_avals(&self) -> Vec<Aval> {
        self.graph.output_avals()
    }

    /// Pairs of an input and the output that takes over its memory.
    pub fn donations(&self) -> &[(usize, usize)] {
        &self.aliases
    }

    /// An estimate of the floating-point operations of one run, see [`Graph::flops`].
    pub fn flops(&self) -> u64 {
        self.graph.flops()
    }

    /// Compiles the program.
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
    /// # fn show(lowered: &nnx::jit::Lowered) -> nnx::Result<()> {
    /// use nnx::xla::CompilerOption;
    ///
    /// let options = [CompilerOption::new("xla_backend_optimization_level", 0)];
    /// println!("{:?}", lowered.compile_with(&options)?.memory_analysis());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`compile`](Self::compile); with XLA's message if it does not know an option or its value; on the
    /// backend [`XlaRs`](crate::xla::Backend::XlaRs), which takes no options.
    pub fn compile_with(&self, options: &[CompilerOption<'_>]) -> Result<Compiled> {
        let is_given = |own: &&CompilerOption<'_>| options.iter().any(|o| o.name == own.name);
        let own = self.options.iter().filter(|own| !is_given(own));
        let options: Vec<CompilerOption<'_>> = own.chain(options).copied().collect();
        let Lowered { name, graph, aliases, placement, .. } = self;
        Ok(Compiled { executable: compile(name, graph, aliases, *placement, &options)? })
    }
}

/// A compiled program of a jitted function.
pub struct Compiled {
    executable: Executable,
}

impl Compiled {
    /// The memory that a run takes.
    ///
    /// # Errors
    /// Returns an error if the plugin cannot tell.
    pub fn memory_analysis(&self) -> Result<MemoryAnalysis> {
        self.executable.memory_analysis()
    }
}

/// Traces the jitted function that `call` calls, without running it: its arguments stay as they
/// are, and its result has shapes but no elements. Arguments may be [`Array::shape_only`].
///
/// ```ignore
/// let lowered = nnx::jit::lower(|| train_step(&mut model, &mut opt, &x, &y))?;
/// println!("{}", lowered.stablehlo());
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
