//! Derivatives of programs: the program of values and tangents, and its two parts, that of values
//! and the linear one of tangents.

use crate::error::Error;
use crate::graph::{Array, Closed, Graph, Jvp, Mode, Node, Tangent, Value, trace, with_location};
use crate::run::Env;

/// A program of values and tangents.
pub(crate) struct JvpProgram {
    /// Inputs: those of the original, then a tangent for each active one.
    /// Outputs: those of the original, then the tangents that are not zero.
    pub(crate) graph: Graph,
    /// For each output of the original, whether it has a tangent.
    pub(crate) has_tangent: Vec<bool>,
}

impl JvpProgram {
    /// The outputs of the original.
    pub(crate) fn primal_outputs(&self) -> &[Value] {
        &self.graph.outputs[..self.has_tangent.len()]
    }

    /// The tangents that are not zero.
    pub(crate) fn tangent_outputs(&self) -> &[Value] {
        &self.graph.outputs[self.has_tangent.len()..]
    }
}

/// `active` tells which inputs have tangents, `always` which differentiable outputs get one even if it is
/// zero.
pub(crate) fn jvp_program(
    graph: &Graph,
    active: &[bool],
    always: &[bool],
    mode: Mode,
) -> JvpProgram {
    let mut avals = graph.input_avals();
    let tangent_avals: Vec<_> =
        avals.iter().zip(active).filter(|(_, a)| **a).map(|(aval, _)| aval.clone()).collect();
    avals.extend(tangent_avals);
    let (Closed { graph, .. }, has_tangent) = trace("jvp", &avals, |args| {
        let (primals, tangents) = args.split_at(graph.inputs.len());
        let tangents = spread(active, tangents);
        let (outs, mut tangents) = interpret_jvp(graph, primals, &tangents, mode);
        for ((out, tangent), &always) in outs.iter().zip(&mut tangents).zip(always) {
            if always && tangent.is_none() {
                *tangent = Some(out.zeros_like());
            }
        }
        let has_tangent = tangents.iter().map(Option::is_some).collect();
        (outs.into_iter().chain(tangents.into_iter().flatten()).collect(), has_tangent)
    });
    JvpProgram { graph, has_tangent }
}

/// The given arrays at the marked places, in order.
pub(crate) fn spread(places: &[bool], given: &[Array]) -> Vec<Tangent> {
    let mut given = given.iter().cloned();
    places.iter().map(|&here| if here { given.next() } else { None }).collect()
}

/// Records values and tangents of a program into the running trace.
pub(crate) fn interpret_jvp(
    graph: &Graph,
    primals: &[Array],
    tangents: &[Tangent],
    mode: Mode,
) -> (Vec<Array>, Vec<Tangent>) {
    let mut env = Env::new(graph, primals);
    let mut tangent_env: Vec<Tangent> = vec![None; graph.avals.len()];
    for (input, tangent) in graph.inputs.iter().zip(tangents) {
        tangent_env[input.index()] = tangent.clone();
    }
    for node in &graph.nodes {
        let tangents: Vec<Tangent> =
            node.ins.iter().map(|v| tangent_env[v.index()].clone()).collect();
        // A conversion to a small float says that it has no derivative.
        let differentiable = node.outs.iter().any(|&v| {
            let dtype = graph.aval(v).dtype();
            dtype.is_differentiable() || dtype.is_small_float()
        });
        if !differentiable || tangents.iter().all(Option::is_none) {
            env.replay(node);
            continue;
        }
        let primals: Vec<Array> = node.ins.iter().map(|&v| env.get(v)).collect();
        let cx = Jvp::new(&node.op, &primals, &tangents, mode);
        let (outs, out_tangents) = with_location(node.location, || node.op.jvp(&cx))
            .unwrap_or_else(|why| crate::error::raise(not_differentiable(node, why)));
        for (&value, out) in node.outs.iter().zip(outs) {
            env.set(value, out);
        }
        for (value, tangent) in node.outs.iter().zip(out_tangents) {
            tangent_env[value.index()] = tangent;
        }
    }
    let outs = graph.outputs.iter().map(|&v| env.get(v)).collect();
    let tangents = graph.outputs.iter().map(|v| tangent_env[v.index()].clone()).collect();
    (outs, tangents)
}

pub(super) fn not_differentiable(node: &Node, why: String) -> Error {
    Error::Op {
        op: node.op.name().into(),
        message: format!("has no derivative here: {why}"),
        location: node.location,
    }
}

/// A program of values and tangents, taken apart where values are handed to the linear part.
pub(crate) struct Split {
    /// The values that the linear part needs: inputs of the original, or computed on the way.
    pub(crate) residuals: Vec<Value>,
    /// Inputs: the residuals, then the tangents. Outputs: the tangents that are not zero.
    pub(crate) linear: Graph,
    /// Which values belong to the linear part.
    pub(crate) depends_on_tangents: Vec<bool>,
}

impl JvpProgram {
    /// Takes the program apart after its first `primals` inputs.
    pub(crate) fn split(&self, primals: usize) -> Split {
        let (inputs, tangents) = self.graph.inputs.split_at(primals);
        let linear = dependent(&self.graph, tangents);
        let known = varying(&self.graph, inputs);
        let mut is_residual = vec![false; self.graph.avals.len()];
        let used = self.graph.nodes.iter().filter(|n| n.makes(&linear));
        for &v in used.flat_map(|n| &n.ins).chain(self.tangent_outputs()) {
            // A value that depends on no input is computed again where it is needed.
            is_residual[v.index()] |= known[v.index()] && !linear[v.index()];
        }
        let residuals: Vec<Value> =
            (0..is_residual.len() as u32).map(Value).filter(|v| is_residual[v.index()]).collect();
        let depends_on_tangents = linear;
        let linear = self.linear_part(&residuals, primals);
        Split { residuals, linear, depends_on_tangents }
    }

    /// The tangents as a program of the values `from` and the tangents.
    pub(crate) fn linear_part(&self, from: &[Value], primals: usize) -> Graph {
        let inputs: Vec<Value> =
            from.iter().chain(&self.graph.inputs[primals..]).copied().collect();
        self.graph.part(&inputs, self.tangent_outputs())
    }

    /// Outputs and residuals as a program of the inputs.
    pub(crate) fn known_part(&self, primals: usize, residuals: &[Value]) -> Graph {
        let outs: Vec<Value> = self.primal_outputs().iter().chain(residuals).copied().collect();
        self.graph.part_that(&self.graph.inputs[..primals], &outs, true)
    }
}

/// Which values are others at each run with other `inputs`, or come from an effect, which happens once.
pub(crate) fn varying(graph: &Graph, inputs: &[Value]) -> Vec<bool> {
    let effects = graph.nodes.iter().filter(|node| node.has_effect());
    let from: Vec<Value> = effects.flat_map(|node| &node.outs).chain(inputs).copied().collect();
    dependent(graph, &from)
}

/// Which values depend on `inputs`.
pub(super) fn dependent(graph: &Graph, inputs: &[Value]) -> Vec<bool> {
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
