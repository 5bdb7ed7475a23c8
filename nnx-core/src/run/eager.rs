//! Running programs outside of a trace: compiled once per program, then executed.

use super::cache::program;
use super::nans::{self, is_searching};
use super::place::RunPlace;
use crate::error::{Error, Result};
use crate::graph::{
    Array, Arrays, Avals, Closed, Graph, Node, Op, Repr, escaped, is_tracing, trace, user_location,
};
use crate::value::Aval;
use crate::xla::{Buffer, Client, Placement, refuse_inside};
use smallvec::SmallVec;
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

/// Whether `array` is on a CPU, so that its elements are read without a way.
pub(crate) fn is_on_cpu(array: &Array) -> bool {
    buffer(array).is_ok() && Client::global().is_ok_and(|client| client.is_for_cpu())
}

/// An array of the elements of concrete ones, one after the other, without those that it has no room for. Waits for
/// them.
pub(crate) fn join(parts: &[Array], aval: Aval) -> Result<Array> {
    let Some(first) = parts.first() else {
        return Err(Error::Invalid(format!("nothing was given for {aval}")));
    };
    let first = buffer(first)?;
    let mut bytes = Vec::with_capacity(aval.byte_size());
    for part in parts {
        bytes.extend(buffer(part)?.to_host()?);
    }
    bytes.truncate(aval.byte_size());
    Ok(Array::from_buffer(Client::global()?.upload(&bytes, aval, first.placement().whole())?))
}

/// Runs a program on concrete arrays.
fn run(graph: Graph, args: &[&Array]) -> Result<Vec<Array>> {
    let name = graph.nodes.last().map_or("an operation", |node| node.op.name());
    let placements = args.iter().map(|arg| Ok(buffer(arg)?.placement()));
    let placements = placements.collect::<Result<SmallVec<[Placement; 4]>>>()?;
    let place = RunPlace::of(name, &graph, placements.iter().copied())?;
    let placement = place.run;
    let outputs = graph.output_avals();
    if outputs.iter().all(|aval| aval.size() == 0) && !graph.contains(&|op| op.is_effect()) {
        // There is nothing to compute, and XLA would take minutes to compile some shapes.
        let client = Client::global()?;
        let empty = |aval| client.upload(&[], aval, placement);
        return outputs.into_iter().map(|aval| Ok(Array::from_buffer(empty(aval)?))).collect();
    }
    // Before it is compiled, on a thread that the compiler may need.
    refuse_inside(name)?;
    let there = place.inputs.iter().zip(args).map(|(&at, arg)| arg.moved_to(at));
    let there = there.collect::<Result<SmallVec<[Array; 4]>>>()?;
    let program = program(graph, place);
    let mut call = program.executable()?.call();
    match there.is_empty() {
        true => args.iter().try_for_each(|arg| call.arg(buffer(arg)?, false))?,
        false => there.iter().try_for_each(|arg| call.arg(buffer(arg)?, false))?,
    }
    let mut outs = call.run()?;
    (0..outs.len()).map(|i| outs.take(i).map(Array::from_buffer)).collect()
}

/// Carries out one operation at once, for the user's `location`.
pub(super) fn eager(
    op: Op,
    ins: &[&Array],
    outs: Avals,
    location: &'static Location<'static>,
) -> Result<Arrays> {
    let name = op.name();
    let outs = match op.on_host(ins) {
        Some(outs) => outs?,
        None => run(alone(op, ins, outs, location)?, ins)?.into(),
    };
    if is_searching() {
        nans::check(name, &outs, location)?;
    }
    Ok(outs)
}

/// The program of one operation.
fn alone(
    op: Op,
    ins: &[&Array],
    outs: Avals,
    location: &'static Location<'static>,
) -> Result<Graph> {
    let mut graph = Graph::default();
    let inputs = ins
        .iter()
        .map(|array| Ok(graph.input(array.try_aval()?)))
        .collect::<Result<SmallVec<_>>>()?;
    let outputs: SmallVec<_> = outs.iter().map(|aval| graph.value(aval)).collect();
    graph.outputs = outputs.to_vec();
    graph.nodes.push(Node { op, ins: inputs, outs: outputs, location });
    Ok(graph)
}

/// Runs `body` so that its operations become one program: recorded into the running trace, or
/// traced, compiled once and executed.
#[track_caller]
pub(crate) fn staged(
    name: &str,
    args: &[Array],
    body: impl FnOnce(&[Array]) -> Vec<Array>,
) -> Result<Vec<Array>> {
    if is_tracing() {
        return Ok(body(args));
    }
    let location = user_location();
    let avals = args.iter().map(|a| a.try_aval().cloned()).collect::<Result<Vec<Aval>>>()?;
    let (Closed { graph, captures, .. }, ()) = trace(name, &avals, |inputs| (body(inputs), ()));
    let args: Vec<&Array> = args.iter().chain(&captures).collect();
    if !is_searching() {
        return run(graph, &args);
    }
    let outs = run(graph.clone(), &args)?;
    let args: Vec<Array> = args.into_iter().cloned().collect();
    nans::check_program(name, &graph, &args, &outs, location)?;
    Ok(outs)
}
