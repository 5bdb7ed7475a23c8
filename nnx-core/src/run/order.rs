//! The order of effects: each callback of a program takes a scalar from the one before it, through loops and
//! branches, because a compiler orders what depends on data and nothing else.

use super::{Env, bind_op};
use crate::graph::{Array, Arrays, Checker, Closed, Graph, Node, trace, with_location};
use crate::value::{Aval, DType};
use std::borrow::Cow;

/// The dtype of the scalar.
const TURN: DType = DType::I32;

/// The program with its effects in order.
pub(super) fn in_order(graph: &Graph) -> Cow<'_, Graph> {
    if !graph.contains(&|op| op.in_order().is_some()) {
        return Cow::Borrowed(graph);
    }
    let (Closed { graph, .. }, ()) = trace("effects in order", &graph.input_avals(), |args| {
        let mut turn = Array::constant_int(TURN, 0);
        (Order.run(graph, args, &mut turn), ())
    });
    Cow::Owned(graph)
}

/// Hands the turn from each effect to the next.
struct Order;

impl Order {
    /// Records `graph` with its effects after `turn`, which becomes that after them.
    fn run(&mut self, graph: &Graph, args: &[Array], turn: &mut Array) -> Vec<Array> {
        let mut env = Env::new(graph, args);
        for node in &graph.nodes {
            let ins: Vec<Array> = node.ins.iter().map(|&v| env.get(v)).collect();
            match with_location(node.location, || self.node(node, &ins, turn)) {
                Some(outs) => node.outs.iter().zip(outs).for_each(|(&v, out)| env.set(v, out)),
                None => env.replay(node),
            }
        }
        graph.outputs.iter().map(|&v| env.get(v)).collect()
    }

    /// The results of a node with an effect; `None` for another one.
    fn node(&mut self, node: &Node, ins: &[Array], turn: &mut Array) -> Option<Arrays> {
        if let Some(op) = node.op.in_order() {
            let ins: Vec<&Array> = ins.iter().chain([&*turn]).collect();
            let mut outs = bind_op(op, &ins);
            *turn = outs.pop()?;
            return Some(outs);
        }
        match node.has_effect() {
            true => node.op.checked(self, ins, turn),
            false => None,
        }
    }
}

impl Checker for Order {
    fn program(&mut self, graph: &Graph, at: usize, out: usize) -> Graph {
        let mut avals = graph.input_avals();
        avals.insert(at, Aval::scalar(TURN));
        let (Closed { graph, .. }, ()) = trace("effects in order", &avals, |args| {
            let mut args = args.to_vec();
            let mut turn = args.remove(at);
            let mut outs = self.run(graph, &args, &mut turn);
            outs.insert(out, turn);
            (outs, ())
        });
        graph
    }

    fn function(&mut self, _name: &str, graph: &Graph) -> Graph {
        self.program(graph, 0, 0)
    }

    fn condition(&mut self, graph: &Graph, at: usize) -> Graph {
        let mut graph = self.program(graph, at, 0);
        // The body comes after the condition anyway.
        graph.outputs.remove(0);
        graph
    }
}
