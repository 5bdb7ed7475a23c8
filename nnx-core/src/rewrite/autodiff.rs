//! Derivatives of programs. `jvp` makes the program of values and tangents. Reverse mode runs the
//! part of it that does not depend on tangents forward, and transposes the rest, which is linear.

use super::Env;
use crate::error::Error;
use crate::graph::{
    Array, Backward, Closed, Graph, Jvp, Lin, Mode, Node, Tangent, Value, trace, with_location,
};
use crate::value::Aval;

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

/// `active` tells which inputs have tangents, `always` which float outputs get one even if it is
/// zero.
pub(crate) fn jvp_program(
    graph: &Graph,
    active: &[bool],
    always: &[bool],
    mode: Mode,
) -> JvpProgram {
    let mut avals = graph.input_avals();
    let tangent_avals: Vec<_> =
        avals.iter().zip(active).filter(|(_, a)| **a).map(|(aval, _)| *aval).collect();
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
        let differentiable = node.outs.iter().any(|&v| graph.aval(v).dtype().is_inexact());
        if !differentiable || tangents.iter().all(Option::is_none) {
            env.replay(node);
            continue;
        }
        let primals: Vec<Array> = node.ins.iter().map(|&v| env.get(v)).collect();
        let out_tangents = with_location(node.location, || {
            if let Some(both) = node.op.jvp_with_values(&primals, &tangents, mode) {
                return both.map(|(outs, tangents)| {
                    for (&value, out) in node.outs.iter().zip(outs) {
                        env.set(value, out);
                    }
                    tangents
                });
            }
            env.replay(node);
            let outs: Vec<Array> = node.outs.iter().map(|&v| env.get(v)).collect();
            node.op.jvp(&Jvp { primals: &primals, tangents: &tangents, outs: &outs })
        })
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
    let never = vec![false; graph.outputs.len()];
    let jvp = jvp_program(graph, active, &never, Mode::Reverse);
    let mut ins: Vec<Lin> = args.iter().cloned().map(Lin::Known).collect();
    let tangents = &jvp.graph.inputs[args.len()..];
    ins.extend(tangents.iter().map(|&v| Lin::Linear(jvp.graph.aval(v))));
    let forward = Forward::new(&jvp.graph, &ins);
    let outs: Vec<Array> = jvp.primal_outputs().iter().map(|&v| forward.env.get(v)).collect();
    let mut all_cts: Vec<Tangent> = vec![None; outs.len()];
    all_cts.extend((0..outs.len()).filter(|&i| jvp.has_tangent[i]).map(|i| cts(i, &outs[i])));
    let mut cotangents = forward.backward(&all_cts).into_iter().skip(args.len());
    let cotangents =
        active.iter().map(|&a| if a { cotangents.next().flatten() } else { None }).collect();
    (outs, cotangents)
}

/// Records into the running trace the cotangents of the linear inputs of a program, for the
/// cotangents of its outputs. What does not depend on the linear inputs is computed first.
pub(crate) fn transpose(graph: &Graph, ins: &[Lin], cts: &[Tangent]) -> Vec<Tangent> {
    Forward::new(graph, ins).backward(cts)
}

/// A program whose known part is recorded.
struct Forward<'g> {
    graph: &'g Graph,
    env: Env,
    /// Which values depend on the linear inputs.
    linear: Vec<bool>,
}

impl<'g> Forward<'g> {
    fn new(graph: &'g Graph, ins: &[Lin]) -> Self {
        let mut env = Env::new(graph, &[]);
        let mut linear_inputs = Vec::new();
        for (&input, lin) in graph.inputs.iter().zip(ins) {
            match lin {
                Lin::Known(array) => env.set(input, array.clone()),
                Lin::Linear(_) => linear_inputs.push(input),
            }
        }
        let linear = dependent(graph, &linear_inputs);
        for node in graph.nodes.iter().filter(|node| !node.makes(&linear)) {
            env.replay(node);
        }
        Forward { graph, env, linear }
    }

    /// For each input its cotangent, if it is linear.
    fn backward(&self, cts: &[Tangent]) -> Vec<Tangent> {
        let mut ct_env: Vec<Tangent> = vec![None; self.graph.avals.len()];
        for (value, ct) in self.graph.outputs.iter().zip(cts) {
            if self.linear[value.index()] {
                accumulate(&mut ct_env, *value, ct.clone());
            }
        }
        for node in self.graph.nodes.iter().rev().filter(|n| n.makes(&self.linear)) {
            self.node(node, &mut ct_env);
        }
        self.graph.inputs.iter().map(|v| ct_env[v.index()].take()).collect()
    }

    /// Transposes one linear node.
    fn node(&self, node: &Node, ct_env: &mut [Tangent]) {
        let cts: Vec<Tangent> = node.outs.iter().map(|v| ct_env[v.index()].take()).collect();
        if cts.iter().all(Option::is_none) {
            return;
        }
        let lin = |&v: &Value| {
            if self.linear[v.index()] {
                Lin::Linear(self.graph.aval(v))
            } else {
                Lin::Known(self.env.get(v))
            }
        };
        let ins: Vec<Lin> = node.ins.iter().map(lin).collect();
        with_location(node.location, || {
            let cotangents = node
                .op
                .transpose(&Backward { ins: &ins, cts: &cts })
                .unwrap_or_else(|why| crate::error::raise(not_differentiable(node, why)));
            for (&value, ct) in node.ins.iter().zip(cotangents) {
                if self.linear[value.index()] {
                    accumulate(ct_env, value, ct);
                }
            }
        });
    }
}

/// The sum of two tangents.
pub(crate) fn add_tangents(a: Tangent, b: Tangent) -> Tangent {
    match (a, b) {
        (Some(a), Some(b)) => Some(&a + &b),
        (a, b) => a.or(b),
    }
}

/// Which values depend on `inputs`.
pub(crate) fn dependent(graph: &Graph, inputs: &[Value]) -> Vec<bool> {
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
        let known = dependent(&self.graph, inputs);
        let mut is_residual = vec![false; self.graph.avals.len()];
        let used = self.graph.nodes.iter().filter(|n| n.makes(&linear));
        for &v in used.flat_map(|n| &n.ins).chain(self.tangent_outputs()) {
            // What depends on nothing is computed again where it is needed.
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

/// Inputs of a program that is transposed: the known ones; it is linear in the others.
pub(crate) fn lin_of(avals: &[Aval], known: &[Tangent]) -> Vec<Lin> {
    let input = |(known, &aval): (&Tangent, &Aval)| match known {
        Some(array) => Lin::Known(array.clone()),
        None => Lin::Linear(aval),
    };
    known.iter().zip(avals).map(input).collect()
}
