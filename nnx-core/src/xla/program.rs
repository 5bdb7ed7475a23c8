//! A program to compile, as data.

use super::compiler_option::CompilerOption;
use super::placement::Placement;
use crate::value::Aval;

/// The languages in which backends take programs.
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
/// use nnx::xla::{Client, Program};
/// # fn run(text: &str) -> nnx::Result<()> {
/// let x = [Aval::new(DType::F32, &[4])];
/// let executable = Client::global()?.compile(&Program::stablehlo("double", text, &x, &x))?;
/// # Ok(()) }
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
    /// Further options of the compiler; the backend [`XlaRs`](super::Backend::XlaRs) takes no options.
    pub options: &'a [CompilerOption<'a>],
}

impl<'a> Program<'a> {
    /// A StableHLO text for the first device, without options, and without aliases but those in the text.
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
            options: &[],
        }
    }
}
