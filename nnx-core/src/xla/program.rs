//! A program to compile, as data.

use super::compiler_option::CompilerOption;
use super::placement::Placement;
use crate::value::Aval;

/// The languages in which backends take programs.
///
/// ```
/// use nnx::xla::{Backend, Client, Dialect};
///
/// let client = Client::global().unwrap();
/// let is_stablehlo = client.dialect() == Dialect::StableHlo;
/// assert_eq!(is_stablehlo, client.backend() == Backend::Pjrt);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// StableHLO in MLIR's text form, which PJRT plugins take.
    StableHlo,
    /// HLO text, which the crate `xla` takes.
    Hlo,
}

/// A program to compile: everything that decides what comes out of the compiler.
///
/// ```no_run
/// use nnx::value::{Aval, DType};
/// use nnx::xla::{Client, CompilerOption, Program};
///
/// let text = "func.func @main(%x: tensor<3xui8>) -> tensor<3xui8> {
///     %y = stablehlo.add %x, %x : tensor<3xui8>
///     return %y : tensor<3xui8>
/// }";
/// let x = [Aval::new(DType::U8, &[3])];
/// let options = [CompilerOption::new("xla_backend_optimization_level", 1)];
/// let program = Program { options: &options, ..Program::stablehlo("double", text, &x, &x) };
/// let executable = Client::global().unwrap().compile(&program).unwrap();
/// assert_eq!(executable.inputs(), x);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Program<'a> {
    /// Its name in messages.
    pub name: &'a str,
    /// The module that the compiler reads.
    pub text: &'a str,
    /// The language of the text.
    pub dialect: Dialect,
    /// Shapes and dtypes of the inputs.
    pub inputs: &'a [Aval],
    /// Shapes and dtypes of the outputs.
    pub outputs: &'a [Aval],
    /// Pairs of an input and the output that may take over its memory, as the text has them.
    pub aliases: &'a [(usize, usize)],
    /// Where it runs.
    pub placement: Placement,
    /// Where each input lies, if it runs on a mesh; empty on one device.
    pub input_placements: &'a [Placement],
    /// Where each output is to lie, if it runs on a mesh; where the compiler finds best if there is none. Empty on one
    /// device.
    pub output_placements: &'a [Option<Placement>],
    /// Further options of the compiler; the backend [`XlaRs`](super::Backend::XlaRs) takes no options.
    pub options: &'a [CompilerOption<'a>],
}

impl<'a> Program<'a> {
    /// A StableHLO text for the first device, without options, and without aliases but those in the text.
    ///
    /// ```
    /// use nnx::value::{Aval, DType};
    /// use nnx::xla::{Dialect, Placement, Program};
    ///
    /// let x = [Aval::new(DType::F32, &[4])];
    /// let program = Program::stablehlo("double", "func.func @main(…) …", &x, &x);
    /// assert_eq!(program.dialect, Dialect::StableHlo);
    /// assert_eq!(program.placement, Placement::device(0));
    /// ```
    pub fn stablehlo(
        name: &'a str,
        text: &'a str,
        inputs: &'a [Aval],
        outputs: &'a [Aval],
    ) -> Self {
        Program {
            name,
            text,
            dialect: Dialect::StableHlo,
            inputs,
            outputs,
            aliases: &[],
            placement: Placement::default(),
            input_placements: &[],
            output_placements: &[],
            options: &[],
        }
    }
}
