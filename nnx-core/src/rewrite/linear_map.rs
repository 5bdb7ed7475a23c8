//! Reverse mode: the derivative of a program at a point is a linear program, which is transposed
//! operation by operation.

use super::autodiff::not_differentiable;
use super::{batch_call, dependent, jvp_program, spread, varying};
use crate::error::{Error, Result, raise};
use crate::graph::{
    Array, Backward, BatchAxis, Graph, Lin, Mode, Node, Tangent, Value, with_location,
};
use crate::run::{Env, staged};
use crate::value::Aval;
use std::borrow::Cow;

/// The derivative of a program at a point: linear in the tangents of its active inputs.
pub(crate) struct LinearMap {
    /// Its last inputs are the tangents. Outputs: the tangents that are not zero.
    graph: Graph,
    /// Number of tangents that it takes.
    inputs: usize,
    /// For each output of the program, whether it has a tangent.
    has_tangent: Vec<bool>,
    /// Which values depend on the tangents.
    linear: Vec<bool>,
    /// The others, as far as they are not constants of the graph.
    known: Env,
}

impl LinearMap {
    /// Records into the running trace the outputs of `graph` on `args`; gives them, and the
    /// derivative of the first `results` of them by the active inputs.
    pub(crate) fn record(
        graph: &Graph,
        active: &[bool],
        args: &[Array],
        results: usize,
    ) -> (Vec<Array>, LinearMap) {
        let never = vec![false; graph.outputs.len()];
        let program = jvp_program(graph, active, &never, Mode::Reverse);
        let (mut graph, mut has_tangent) = (program.graph, program.has_tangent);
        let inputs = graph.inputs.len() - args.len();
        let linear = dependent(&graph, &graph.inputs[args.len()..]);
        let mut known = Env::new(&graph, args);
        for node in graph.nodes.iter().filter(|node| !node.makes(&linear)) {
            known.replay(node);
        }
        let tangents = graph.outputs.split_off(has_tangent.len());
        let outs = std::mem::replace(&mut graph.outputs, tangents);
        has_tangent.truncate(results);
        graph.outputs.truncate(has_tangent.iter().filter(|t| **t).count());
        let outs = outs.into_iter().map(|v| known.get(v)).collect();
        (outs, LinearMap { graph, inputs, has_tangent, linear, known })
    }

    /// [`record`](LinearMap::record) as a program that is run; the derivative keeps of its values
    /// what it needs, so that it may be used any number of times.
    pub(crate) fn run(
        graph: &Graph,
        active: &[bool],
        args: &[Array],
        results: usize,
    ) -> Result<(Vec<Array>, LinearMap)> {
        let mut recorded = None;
        let mut outs = staged("linearize", args, |args| {
            let (mut outs, map) = LinearMap::record(graph, active, args, results);
            let needed = map.needed();
            outs.extend(needed.iter().map(|&v| map.known.get(v)));
            recorded = Some((map, needed));
            outs
        })?;
        let values = outs.split_off(graph.outputs.len());
        match recorded {
            Some((map, needed)) => Ok((outs, map.with_known(&needed, &values))),
            None => unreachable!("the body ran"),
        }
    }

    fn tangents(&self) -> &[Value] {
        &self.graph.inputs[self.graph.inputs.len() - self.inputs..]
    }

    /// The values that the linear part takes from the other one. Those that depend on nothing are
    /// not part of these: they are computed again.
    fn needed(&self) -> Vec<Value> {
        let values = &self.graph.inputs[..self.graph.inputs.len() - self.inputs];
        let varies = varying(&self.graph, values);
        let live = self.graph.live();
        // Of several results one may be live and the first not.
        let is_live = |node: &Node| node.outs.iter().any(|v| live[v.index()]);
        let used = |node: &&Node| node.makes(&self.linear) && is_live(node);
        let mut needed = vec![false; self.graph.avals.len()];
        let used = self.graph.nodes.iter().filter(used).flat_map(|node| &node.ins);
        for v in used.chain(&self.graph.outputs) {
            needed[v.index()] = varies[v.index()] && !self.linear[v.index()];
        }
        (0..needed.len() as u32).map(Value).filter(|v| needed[v.index()]).collect()
    }

    /// The linear part alone, of these values.
    fn with_known(self, needed: &[Value], values: &[Array]) -> LinearMap {
        let inputs: Vec<Value> = needed.iter().chain(self.tangents()).copied().collect();
        let graph = self.graph.part(&inputs, &self.graph.outputs);
        let linear = dependent(&graph, &graph.inputs[needed.len()..]);
        let known = Env::new(&graph, values);
        LinearMap { graph, linear, known, ..self }
    }

    /// All values that do not depend on tangents.
    fn values(&self) -> Cow<'_, Env> {
        let missing = |node: &&Node| !node.makes(&self.linear) && !self.known.has_made(node);
        let mut values = Cow::Borrowed(&self.known);
        for node in self.graph.nodes.iter().filter(missing) {
            values.to_mut().replay(node);
        }
        values
    }

    /// For each output of the program, whether it has a tangent.
    pub(crate) fn has_tangent(&self) -> &[bool] {
        &self.has_tangent
    }

    /// Whether no output depends on an active input.
    pub(crate) fn is_zero(&self) -> bool {
        !self.has_tangent.contains(&true)
    }

    /// Whether it can only be used backwards.
    pub(crate) fn is_reverse_only(&self) -> bool {
        self.graph.contains(&|op| op.is_reverse_only())
    }

    /// Records the outputs' tangents for those of the active inputs; `None` is a zero.
    pub(crate) fn apply(&self, tangents: &[Array]) -> Vec<Tangent> {
        let mut env = self.values().into_owned();
        for (&input, tangent) in self.tangents().iter().zip(tangents) {
            env.set(input, tangent.clone());
        }
        for node in self.graph.nodes.iter().filter(|node| node.makes(&self.linear)) {
            env.replay(node);
        }
        let outs: Vec<Array> = self.graph.outputs.iter().map(|&v| env.get(v)).collect();
        spread(&self.has_tangent, &outs)
    }

    /// Records the active inputs' cotangents for those of the outputs that have tangents.
    pub(crate) fn transpose(&self, cts: &[Array]) -> Vec<Array> {
        let cts: Vec<Tangent> = cts.iter().cloned().map(Some).collect();
        let all = backward(&self.graph, &self.linear, &self.values(), &cts);
        let inputs = self.tangents();
        let of = all.into_iter().skip(self.graph.inputs.len() - inputs.len()).zip(inputs);
        of.map(|(ct, &v)| ct.unwrap_or_else(|| Array::zeros_aval(self.graph.aval(v)))).collect()
    }

    /// For each active input the derivative of the only output, by rows:
    /// [`transpose`](LinearMap::transpose) of a basis.
    pub(crate) fn rows(&self, basis: &Array) -> Result<Vec<Array>> {
        self.of_basis("jacrev", basis, |ct| self.transpose(std::slice::from_ref(ct)))
    }

    /// The derivative of the only output by active input `i`, by columns along dimension 0:
    /// [`apply`](LinearMap::apply) of a basis.
    pub(crate) fn columns(&self, i: usize, basis: &Array) -> Result<Array> {
        let outs = self.of_basis("jacfwd", basis, |direction| {
            let tangent = |(k, &v): (usize, &Value)| match k == i {
                true => direction.clone(),
                false => Array::zeros_aval(self.graph.aval(v)),
            };
            let tangents: Vec<Array> = self.tangents().iter().enumerate().map(tangent).collect();
            self.apply(&tangents).into_iter().flatten().collect()
        })?;
        outs.into_iter().next().ok_or_else(|| Error::Invalid("jacfwd: no result".into()))
    }

    /// `f` of every element of a basis.
    fn of_basis(
        &self,
        name: &'static str,
        basis: &Array,
        f: impl FnOnce(&Array) -> Vec<Array>,
    ) -> Result<Vec<Array>> {
        let axis = BatchAxis::new(basis.shape()[0], None);
        staged(name, std::slice::from_ref(basis), |args| {
            batch_call(name, args, &[true], &axis, |args| (f(&args[0]), ())).0
        })
    }
}

/// Records into the running trace the cotangents of the linear inputs of a program, for the
/// cotangents of its outputs. The parts that do not depend on the linear inputs are computed first.
pub(crate) fn transpose(graph: &Graph, ins: &[Lin], cts: &[Tangent]) -> Vec<Tangent> {
    let mut known = Env::new(graph, &[]);
    let mut linear_inputs = Vec::new();
    for (&input, lin) in graph.inputs.iter().zip(ins) {
        match lin {
            Lin::Known(array) => known.set(input, array.clone()),
            Lin::Linear(_) => linear_inputs.push(input),
        }
    }
    let linear = dependent(graph, &linear_inputs);
    for node in graph.nodes.iter().filter(|node| !node.makes(&linear)) {
        known.replay(node);
    }
    backward(graph, &linear, &known, cts)
}

/// For each input its cotangent, if it is linear.
fn backward(graph: &Graph, linear: &[bool], known: &Env, cts: &[Tangent]) -> Vec<Tangent> {
    let mut ct_env: Vec<Tangent> = vec![None; graph.avals.len()];
    for (value, ct) in graph.outputs.iter().zip(cts) {
        if linear[value.index()] {
            accumulate(&mut ct_env, *value, ct.clone());
        }
    }
    for node in graph.nodes.iter().rev().filter(|n| n.makes(linear)) {
        let cts: Vec<Tangent> = node.outs.iter().map(|v| ct_env[v.index()].take()).collect();
        if cts.iter().all(Option::is_none) {
            continue;
        }
        let lin = |&v: &Value| match linear[v.index()] {
            true => Lin::Linear(graph.aval(v).clone()),
            false => Lin::Known(known.get(v)),
        };
        let ins: Vec<Lin> = node.ins.iter().map(lin).collect();
        with_location(node.location, || {
            let cotangents = node
                .op
                .transpose(&Backward { ins: &ins, cts: &cts })
                .unwrap_or_else(|why| raise(not_differentiable(node, why)));
            for (&value, ct) in node.ins.iter().zip(cotangents) {
                if linear[value.index()] {
                    accumulate(&mut ct_env, value, ct);
                }
            }
        });
    }
    graph.inputs.iter().map(|v| ct_env[v.index()].take()).collect()
}

/// The sum of two tangents.
pub(crate) fn add_tangents(a: Tangent, b: Tangent) -> Tangent {
    match (a, b) {
        (Some(a), Some(b)) => Some(&a + &b),
        (a, b) => a.or(b),
    }
}

fn accumulate(ct_env: &mut [Tangent], value: Value, ct: Tangent) {
    let before = ct_env[value.index()].take();
    ct_env[value.index()] = add_tangents(before, ct);
}

/// Inputs of a program that is transposed: the known ones; it is linear in the others.
pub(crate) fn lin_of(avals: &[Aval], known: &[Tangent]) -> Vec<Lin> {
    let input = |(known, aval): (&Tangent, &Aval)| match known {
        Some(array) => Lin::Known(array.clone()),
        None => Lin::Linear(aval.clone()),
    };
    known.iter().zip(avals).map(input).collect()
}
