//! The one way from a program to an executable.

use crate::error::{Error, Result};
use crate::graph::{Graph, lower};
use crate::lower::{hlo, stablehlo};
use crate::value::Aval;
use crate::xla::{Client, CompilerOption, Dialect, Executable, Placement, Program};

/// A graph as StableHLO text.
pub(crate) fn stablehlo_text(name: &str, graph: &Graph, aliases: &[(usize, usize)]) -> String {
    stablehlo::text(name, &lower(graph, Dialect::StableHlo), aliases)
}

/// A graph as HLO text.
pub(crate) fn hlo_text(name: &str, graph: &Graph, aliases: &[(usize, usize)]) -> Result<String> {
    hlo::text(name, &lower(graph, Dialect::Hlo), aliases)
}

/// Compiles a graph. `aliases` pairs an input with the output that may take over its buffer.
pub(crate) fn compile(
    name: &str,
    graph: &Graph,
    aliases: &[(usize, usize)],
    placement: Placement,
    options: &[CompilerOption<'_>],
) -> Result<Executable> {
    if graph.contains(&|op| op.is_effect()) {
        return Err(Error::Invalid(format!(
            "`{name}` holds a `check` with no `checkify` around it: wrap the function that is \
             checked, as in `checkify(Checks::USER, f, argument)`"
        )));
    }
    let client = Client::global()?;
    let dialect = client.dialect();
    let lowered = lower(graph, dialect);
    if let Some(aval) = lowered.endless {
        return Err(Error::Invalid(format!(
            "`{name}` has an array {aval} inside: no elements, but {} rows of none, and XLA takes \
             minutes to compile more than {}; put the dimension of size 0 first, or leave the array \
             out of the program",
            aval.empty_rows(),
            Aval::MOST_EMPTY_ROWS
        )));
    }
    let text = match dialect {
        Dialect::StableHlo => stablehlo::text(name, &lowered, aliases),
        Dialect::Hlo => hlo::text(name, &lowered, aliases)?,
    };
    client.compile(&Program {
        name,
        text: &text,
        dialect,
        inputs: &graph.input_avals(),
        outputs: &graph.output_avals(),
        aliases,
        placement,
        options,
    })
}
