//! The one way from a program to an executable.

use super::order::in_order;
use crate::error::{Error, Result};
use crate::graph::{Graph, Target, lower};
use crate::lower::{hlo, stablehlo};
use crate::value::Aval;
use crate::xla::{Client, CompilerOption, Dialect, Executable, Placement, Program};

/// A graph as StableHLO text for any platform.
pub(crate) fn stablehlo_text(name: &str, graph: &Graph, aliases: &[(usize, usize)]) -> String {
    let target = Target { dialect: Dialect::StableHlo, cpu: false, platform: "" };
    let (lowered, _) = lower(&in_order(graph), target);
    stablehlo::text(name, &lowered, &lowered.aliases(aliases))
}

/// A graph as HLO text for any platform.
pub(crate) fn hlo_text(name: &str, graph: &Graph, aliases: &[(usize, usize)]) -> Result<String> {
    let (lowered, callbacks) =
        lower(&in_order(graph), Target { dialect: Dialect::Hlo, cpu: false, platform: "" });
    if let Some(callback) = callbacks.first() {
        return Err(Error::Unavailable(format!(
            "`{name}` holds {callback}, which is not written in HLO: look at its StableHLO"
        )));
    }
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
    if graph.contains(&|op| op.is_check()) {
        return Err(Error::Invalid(format!(
            "`{name}` holds a `check` with no `checkify` around it: wrap the function that is \
             checked, as in `checkify(Checks::USER, f, argument)`"
        )));
    }
    let client = Client::global()?;
    let (dialect, cpu) = (client.dialect(), client.is_for_cpu());
    let platform = client.platform_name();
    let (lowered, callbacks) = lower(&in_order(graph), Target { dialect, cpu, platform });
    if let Some(callback) = callbacks.first() {
        client.prepare_callbacks().map_err(|error| {
            Error::Unavailable(format!("`{name}` holds {callback}, and {error}"))
        })?;
    }
    let aliases = &lowered.aliases(aliases);
    let all = graph.output_avals();
    let is_left_out = |i: &usize| lowered.left_out.contains(i);
    let made = (0..all.len()).filter(|i| !is_left_out(i));
    let outputs: Vec<Aval> = made.map(|i| all[i].clone()).collect();
    let text = match dialect {
        Dialect::StableHlo => stablehlo::text(name, &lowered, aliases),
        Dialect::Hlo => hlo::text(name, &lowered, aliases)?,
    };
    let program = Program {
        name,
        text: &text,
        dialect,
        inputs: &graph.input_avals(),
        outputs: &outputs,
        aliases,
        placement,
        options,
    };
    let executable = client.compile_calling(&program, &callbacks)?;
    Ok(executable.with_empty(&lowered.left_out, &all))
}
