//! The one way from a program to an executable.

use super::RunPlace;
use super::order::in_order;
use crate::error::{Error, Result};
use crate::graph::{Graph, Target, lower};
use crate::lower::{Shardings, hlo, stablehlo};
use crate::value::Aval;
use crate::xla::{Client, CompilerOption, Dialect, Executable, Placement, Program};

/// A graph as StableHLO text for any platform.
pub(crate) fn stablehlo_text(name: &str, graph: &Graph, aliases: &[(usize, usize)]) -> String {
    let target = Target { dialect: Dialect::StableHlo, cpu: false, platform: "" };
    let (lowered, _) = lower(&in_order(graph), target);
    let mesh = graph.mesh();
    let shardings = mesh.as_ref().map(Shardings::of_constraints);
    stablehlo::text(name, &lowered, &lowered.aliases(aliases), shardings.as_ref())
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

/// Compiles a graph. `aliases` pairs an input with the output that may take over its buffer; `wanted` says where
/// outputs are to lie on a mesh, as far as it is known.
pub(crate) fn compile(
    name: &str,
    graph: &Graph,
    aliases: &[(usize, usize)],
    place: &RunPlace,
    wanted: &[Option<Placement>],
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
    let input_placements: &[Placement] = &place.inputs;
    let output_placements: Vec<Option<Placement>> = match place.run.is_spread() {
        true => {
            let made = (0..all.len()).filter(|i| !is_left_out(i));
            made.map(|i| wanted.get(i).copied().flatten()).collect()
        }
        false => Vec::new(),
    };
    let text = match dialect {
        Dialect::StableHlo => {
            let named = |at: &Placement| at.sharding();
            let shardings = place.run.sharding().map(|run| Shardings {
                mesh: run.mesh(),
                inputs: input_placements.iter().map(named).collect(),
                outputs: output_placements.iter().map(|at| at.as_ref().and_then(named)).collect(),
            });
            stablehlo::text(name, &lowered, aliases, shardings.as_ref())
        }
        Dialect::Hlo => hlo::text(name, &lowered, aliases)?,
    };
    let program = Program {
        name,
        text: &text,
        dialect,
        inputs: &graph.input_avals(),
        outputs: &outputs,
        aliases,
        placement: place.run,
        input_placements,
        output_placements: &output_placements,
        options,
    };
    let executable = client.compile_calling(&program, &callbacks)?;
    Ok(executable.with_empty(&lowered.left_out, &all))
}
