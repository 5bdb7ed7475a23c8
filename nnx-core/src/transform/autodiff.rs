//! Derivatives of programs. `jvp` makes the program of values and tangents; reverse mode runs the
//! part of it that does not depend on tangents forward, and transposes the rest, which is linear.

use super::eager::Env;
use crate::graph::{Closed, Graph, Node, Value, trace, with_location};
use crate::ops::{Backward, Jvp, Lin, Tangent, add_tangents};
use crate::{Array, Error};

/// A program of values and tangents.
struct JvpProgram {
    /// Inputs: those of the original, then a tangent for each active one.
    /// Outputs: those of the original, then the tangents that are not zero.
    graph: Graph,
    /// For each output of the original, whether it has a tangent.
    has_tangent: Vec<bool>,
}

/// `active` tells which inputs have tangents.
fn jvp(graph: &Graph, active: &[bool]) -> JvpProgram {
    let mut avals = graph.input_avals();
    let tangent_avals: Vec<_> =
        avals.iter().zip(active).filter(|(_, a)| **a).map(|(aval, _)| *aval).collect();
    avals.extend(tangent_avals);
    let (Closed { graph, .. }, has_tangent) = trace("jvp", &avals, |args| {
        let (primals, tangents) = args.split_at(graph.inputs.len());
        let mut given = tangents.iter().cloned();
        let tangents: Vec<Tangent> =
            active.iter().map(|&a| if a { given.next() } else { None }).collect();
        let (outs, tangents) = interpret_jvp(graph, primals, &tangents);
        let has_tangent = tangents.iter().map(Option::is_some).collect();
        (outs.into_iter().chain(tangents.into_iter().flatten()).collect(), has_tangent)
    });
    JvpProgram { graph, has_tangent }
}

/// Records values and tangents of a program into the running trace.
pub(crate) fn interpret_jvp(
    graph: &Graph,
    primals: &[Array],
    tangents: &[Tangent],
) -> (Vec<Array>, Vec<Tangent>) {
    let mut env = Env::new(graph, primals);
    let mut tangent_env: Vec<Tangent> = vec![None; graph.avals.len()];
    for (input, tangent) in graph.inputs.iter().zip(tangents) {
        tangent_env[input.index()] = tangent.clone();
    }
    for node in &graph.nodes {
        env.replay(node);
        let tangents: Vec<Tangent> =
            node.ins.iter().map(|v| tangent_env[v.index()].clone()).collect();
        let differentiable = node.outs.iter().any(|&v| graph.aval(v).dtype().is_inexact());
        if !differentiable || tangents.iter().all(Option::is_none) {
            continue;
        }
        let primals: Vec<Array> = node.ins.iter().map(|&v| env.get(v)).collect();
        let outs: Vec<Array> = node.outs.iter().map(|&v| env.get(v)).collect();
        let cx = Jvp { primals: &primals, tangents: &tangents, outs: &outs };
        let out_tangents = with_location(node.location, || node.op.jvp(&cx))
            .unwrap_or_else(|why| crate::error::raise(not_differentiable(node, why)));
        for (value, tangent) in node.outs.iter().zip(out_tangents) {
            tangent_env[value.index()] = tangent;
        }
    }
    let outs = graph.outputs.iter().map(|&v| env.get(v)).collect();
    let tangents = graph.outputs.iter().map(|v| tangent_env[v.index()].clone()).collect();
    (outs, tangents)
}

fn not_differentiable(node: &Node, why: String) -> Error {
    Error::Op {
        op: node.op.name().into(),
        message: format!("has no derivative here: {why}"),
        location: node.location,
    }
}

/// Records into the running trace: the outputs of `graph` on `args`, and the cotangents of the
/// active inputs for the cotangents `cts` of the outputs. `None` is a zero.
pub(crate) fn vjp(
    graph: &Graph,
    active: &[bool],
    args: &[Array],
    cts: &dyn Fn(usize, &Array) -> Tangent,
) -> (Vec<Array>, Vec<Tangent>) {
    let jvp = jvp(graph, active);
    let n = args.len();
    let linear = dependent(&jvp.graph, &jvp.graph.inputs[n..]);
    let mut env = Env::new(&jvp.graph, args);
    for node in &jvp.graph.nodes {
        if !linear[node.outs[0].index()] {
            env.replay(node);
        }
    }
    let outs: Vec<Array> =
        jvp.graph.outputs[..jvp.has_tangent.len()].iter().map(|&v| env.get(v)).collect();

    let mut ct_env: Vec<Tangent> = vec![None; jvp.graph.avals.len()];
    let tangent_outputs = &jvp.graph.outputs[jvp.has_tangent.len()..];
    let with_tangent = (0..outs.len()).filter(|&i| jvp.has_tangent[i]);
    for (i, &value) in with_tangent.zip(tangent_outputs) {
        accumulate(&mut ct_env, value, cts(i, &outs[i]));
    }
    for node in jvp.graph.nodes.iter().rev().filter(|node| linear[node.outs[0].index()]) {
        backward(&jvp.graph, node, &linear, &env, &mut ct_env);
    }
    let mut cotangents = jvp.graph.inputs[n..].iter().map(|v| ct_env[v.index()].take());
    let cotangents =
        active.iter().map(|&a| if a { cotangents.next().flatten() } else { None }).collect();
    (outs, cotangents)
}

/// Which values depend on `inputs`.
fn dependent(graph: &Graph, inputs: &[Value]) -> Vec<bool> {
    let mut depends = vec![false; graph.avals.len()];
    for input in inputs {
        depends[input.index()] = true;
    }
    for node in &graph.nodes {
        if node.ins.iter().any(|v| depends[v.index()]) {
            for out in &node.outs {
                depends[out.index()] = true;
            }
        }
    }
    depends
}

fn accumulate(ct_env: &mut [Tangent], value: Value, ct: Tangent) {
    let before = ct_env[value.index()].take();
    ct_env[value.index()] = add_tangents(before, ct);
}

/// Transposes one linear node.
fn backward(graph: &Graph, node: &Node, linear: &[bool], env: &Env, ct_env: &mut [Tangent]) {
    let cts: Vec<Tangent> = node.outs.iter().map(|v| ct_env[v.index()].take()).collect();
    if cts.iter().all(Option::is_none) {
        return;
    }
    let ins: Vec<Lin> =
        node.ins
            .iter()
            .map(|&v| {
                if linear[v.index()] { Lin::Linear(graph.aval(v)) } else { Lin::Known(env.get(v)) }
            })
            .collect();
    with_location(node.location, || {
        let cotangents = node
            .op
            .transpose(&Backward { ins: &ins, cts: &cts })
            .unwrap_or_else(|why| crate::error::raise(not_differentiable(node, why)));
        for (&value, ct) in node.ins.iter().zip(cotangents) {
            if linear[value.index()] {
                accumulate(ct_env, value, ct);
            }
        }
    });
}
