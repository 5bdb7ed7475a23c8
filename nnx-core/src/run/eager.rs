//! Running programs outside of a trace: compiled once per program, then executed.

use super::cache::program;
use crate::error::Result;
use crate::graph::{
    Array, Arrays, Avals, Closed, Graph, Node, Op, Repr, escaped, is_tracing, trace,
};
use crate::value::Aval;
use crate::xla::{Buffer, Client, Placement};
use std::panic::Location;
use std::sync::Arc;

/// The buffer of a concrete array.
pub(crate) fn buffer(array: &Array) -> Result<&Arc<Buffer>> {
    match &array.0 {
        Repr::Device(buffer) => Ok(buffer),
        Repr::Traced(t) => Err(escaped(t)),
        Repr::Absent(absence) => Err(absence.error()),
    }
}

/// Runs a program on concrete arrays.
fn run(graph: Graph, args: &[&Array]) -> Result<Vec<Array>> {
    let placement = match args.first() {
        Some(first) => buffer(first)?.placement(),
        None => Placement::default(),
    };
    let outputs = graph.output_avals();
    if outputs.iter().all(|aval| aval.size() == 0) && !graph.contains(&|op| op.is_effect()) {
        // There is nothing to compute, and XLA would take minutes to compile some shapes.
        let client = Client::global()?;
        let empty = |&aval: &Aval| client.upload(&[], aval, placement);
        return outputs.iter().map(|aval| Ok(Array::from_buffer(empty(aval)?))).collect();
    }
    let program = program(graph, placement);
    let mut call = program.executable()?.call();
    for arg in args {
        call.arg(buffer(arg)?, false)?;
    }
    let mut outs = call.run()?;
    (0..outs.len()).map(|i| outs.take(i).map(Array::from_buffer)).collect()
}

/// Carries out one operation at once.
pub(crate) fn eager(op: Op, ins: &[&Array], outs: Avals) -> Result<Arrays> {
    if let Some(outs) = op.on_host(ins) {
        return outs;
    }
    let mut graph = Graph::default();
    let inputs = ins
        .iter()
        .map(|array| Ok(graph.input(array.try_aval()?)))
        .collect::<Result<smallvec::SmallVec<_>>>()?;
    let outputs: smallvec::SmallVec<_> = outs.iter().map(|&aval| graph.value(aval)).collect();
    graph.outputs = outputs.to_vec();
    graph.nodes.push(Node { op, ins: inputs, outs: outputs, location: Location::caller() });
    Ok(run(graph, ins)?.into())
}

/// Runs `body` so that its operations become one program: recorded into the running trace, or
/// traced, compiled once and executed.
pub(crate) fn staged(
    name: &str,
    args: &[Array],
    body: impl FnOnce(&[Array]) -> Vec<Array>,
) -> Result<Vec<Array>> {
    if is_tracing() {
        return Ok(body(args));
    }
    let avals = args.iter().map(|a| a.try_aval()).collect::<Result<Vec<Aval>>>()?;
    let (Closed { graph, captures, .. }, ()) = trace(name, &avals, |inputs| (body(inputs), ()));
    let args: Vec<&Array> = args.iter().chain(&captures).collect();
    run(graph, &args)
}
