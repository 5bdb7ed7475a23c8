//! Batching of programs: every operation by its rule.

use crate::error::{Error, raise};
use crate::graph::{
    Array, Batch, BatchAxis, Batched, Closed, Graph, Node, Primitive, trace, with_location,
};
use crate::run::Env;
use crate::value::Aval;

/// Records into the running trace `graph` for every element of a batch, which lies along dimension 0 of the
/// `batched` arguments.
pub(crate) fn interpret_batch(
    graph: &Graph,
    args: &[Array],
    batched: &[bool],
    axis: &BatchAxis,
) -> Batched {
    let mut env = Env::new(graph, args);
    let mut in_batch = vec![false; graph.avals.len()];
    for (input, &batched) in graph.inputs.iter().zip(batched) {
        in_batch[input.index()] = batched;
    }
    for node in &graph.nodes {
        let batched: Vec<bool> = node.ins.iter().map(|v| in_batch[v.index()]).collect();
        if !batched.contains(&true) && !is_over(node, axis) {
            env.replay(node);
            continue;
        }
        if axis.size == 0 && node.op.axis_name().is_none() {
            // No element needs it, and a rule may not know what to do without any.
            for &value in &node.outs {
                env.set(value, Array::zeros_aval(&batch_aval(graph.aval(value), 0)));
                in_batch[value.index()] = true;
            }
            continue;
        }
        let ins: Vec<Array> = node.ins.iter().map(|&v| env.get(v)).collect();
        let cx = Batch { ins: &ins, batched: &batched, axis };
        let outs = with_location(node.location, || node.op.batch(&cx))
            .unwrap_or_else(|why| raise(not_batched(node, why)));
        for (&value, (array, batched)) in node.outs.iter().zip(outs) {
            debug_assert_eq!(
                array.try_aval().ok().cloned(),
                Some(if batched {
                    batch_aval(graph.aval(value), axis.size)
                } else {
                    graph.aval(value).clone()
                }),
                "the batch of `{}`",
                node.op.name()
            );
            env.set(value, array);
            in_batch[value.index()] = batched;
        }
    }
    graph.outputs.iter().map(|&v| (env.get(v), in_batch[v.index()])).collect()
}

/// Whether an operation over the elements of the batch is `node`, or in a program that it holds.
fn is_over(node: &Node, axis: &BatchAxis) -> bool {
    let Some(name) = &axis.name else { return false };
    let is_over = |op: &dyn Primitive| op.axis_name() == Some(name);
    is_over(&*node.op) || node.op.bodies().iter().any(|body| body.contains(&is_over))
}

fn not_batched(node: &Node, why: String) -> Error {
    Error::Op {
        op: node.op.name().into(),
        message: format!("cannot be batched here: {why}"),
        location: node.location,
    }
}

/// Shape and dtype with a batch dimension before the others.
pub(crate) fn batch_aval(aval: &Aval, size: usize) -> Aval {
    aval.with_shape(&crate::graph::prepend(size, aval.shape()))
}

/// The program for a batch. `always` says which outputs are repeated where they have no batch;
/// the flags tell which outputs have one.
pub(crate) fn batch_graph(
    graph: &Graph,
    batched: &[bool],
    axis: &BatchAxis,
    always: &[bool],
) -> (Graph, Vec<bool>) {
    let avals: Vec<Aval> = graph
        .input_avals()
        .iter()
        .zip(batched)
        .map(|(aval, &b)| if b { batch_aval(aval, axis.size) } else { aval.clone() })
        .collect();
    let (Closed { graph, .. }, flags) = trace("vmap", &avals, |args| {
        let outs = interpret_batch(graph, args, batched, axis);
        let mut flags = Vec::new();
        let outs = outs
            .into_iter()
            .zip(always)
            .map(|((out, batched), &always)| {
                flags.push(batched || always);
                if always && !batched { out.repeated(axis.size) } else { out }
            })
            .collect();
        (outs, flags)
    });
    (graph, flags)
}

/// `f` of every element of a batch, for a rule that is written for one element. The results all
/// have the batch dimension.
pub(crate) fn batch_call<R>(
    name: &'static str,
    args: &[Array],
    batched: &[bool],
    axis: &BatchAxis,
    f: impl FnOnce(&[Array]) -> (Vec<Array>, R),
) -> (Vec<Array>, R) {
    let avals: Vec<Aval> = args
        .iter()
        .zip(batched)
        .map(|(arg, &b)| (arg.aval(), b))
        .map(|(aval, b)| if b { aval.with_shape(&aval.shape()[1..]) } else { aval.clone() })
        .collect();
    let (Closed { graph, captures, .. }, rest) = axis.bind(|| trace(name, &avals, f));
    let args: Vec<Array> = args.iter().chain(&captures).cloned().collect();
    let mut batched = batched.to_vec();
    batched.resize(args.len(), false);
    let outs = interpret_batch(&graph, &args, &batched, axis)
        .into_iter()
        .map(|(out, batched)| if batched { out } else { out.repeated(axis.size) })
        .collect();
    (outs, rest)
}
