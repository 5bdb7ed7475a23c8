//! The values of a program that is replayed: recorded into the running trace, or carried out operation by operation.

use super::bind_op;
use crate::graph::{Array, Graph, Node, Value, with_location};

/// The arrays that stand for the values of a graph while it is replayed.
#[derive(Clone)]
pub(crate) struct Env(Vec<Option<Array>>);

impl Env {
    pub(crate) fn new(graph: &Graph, args: &[Array]) -> Self {
        let mut env = vec![None; graph.avals.len()];
        for (input, arg) in graph.inputs.iter().zip(args) {
            env[input.index()] = Some(arg.clone());
        }
        Env(env)
    }

    pub(crate) fn get(&self, value: Value) -> Array {
        match &self.0[value.index()] {
            Some(array) => array.clone(),
            None => unreachable!("a graph defines its values before their use"),
        }
    }

    pub(crate) fn set(&mut self, value: Value, array: Array) {
        self.0[value.index()] = Some(array);
    }

    /// Whether the node's results are there.
    pub(crate) fn has_made(&self, node: &Node) -> bool {
        node.outs.iter().all(|v| self.0[v.index()].is_some())
    }

    /// Applies the node's operation again.
    pub(crate) fn replay(&mut self, node: &Node) {
        let ins: Vec<Array> = node.ins.iter().map(|&v| self.get(v)).collect();
        let ins: Vec<&Array> = ins.iter().collect();
        let outs = with_location(node.location, || bind_op(node.op.clone(), &ins));
        for (&value, array) in node.outs.iter().zip(outs) {
            self.set(value, array);
        }
    }
}
