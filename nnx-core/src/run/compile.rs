//! The one way from a program to an executable.

use crate::error::{Error, Result};
use crate::graph::{Graph, lower};
use crate::lower::{hlo, stablehlo};
use crate::value::Aval;
use crate::xla::{Client, CompilerOption, Dialect, Executable, Placement, Program};

/// A graph as StableHLO text.
pub(crate) fn stablehlo_text(name: &str, graph: &Graph, aliases: &[(usize, usize)]) -> String {
    let lowered = lower(graph, Dialect::StableHlo);
    stablehlo::text(name, &lowered, &lowered.aliases(aliases))
}

/// A graph as HLO text.
pub(crate) fn hlo_text(name: &str, graph: &Graph, aliases: &[(usize, usize)]) -> Result<String> {
    let lowered = lower(graph, Dialect::Hlo);
    hlo::text(name, &lowered, &lowered.aliases(aliases))
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
    let aliases = &lowered.aliases(aliases);
    let all = graph.output_avals();
    let is_left_out = |i: &usize| lowered.left_out.contains(i);
    let outputs: Vec<Aval> = (0..all.len()).filter(|i| !is_left_out(i)).map(|i| all[i]).collect();
    let text = match dialect {
        Dialect::StableHlo => stablehlo::text(name, &lowered, aliases),
        Dialect::Hlo => hlo::text(name, &lowered, aliases)?,
    };
    let executable = client.compile(&Program {
        name,
        text: &text,
        dialect,
        inputs: &graph.input_avals(),
        outputs: &outputs,
        aliases,
        placement,
        options,
    })?;
    Ok(executable.with_empty(&lowered.left_out, &all))
}
