//! How a traced program is wired to the arguments and the result of its calls.

use super::entry::{Donate, Parameter, ResultLeaf};
use super::function::Options;
use crate::graph::{Array, Graph, Value};
use crate::module::Metadata;
use crate::transform::lend::{Changes, Consumable, Lent, OrderedChanges, Role, Update};
use crate::value::Aval;
use rustc_hash::FxHashMap;

/// How a program is wired to the arguments and the result.
pub(super) struct Plan {
    pub(super) graph: Graph,
    /// Pairs of an input and the output that takes over its memory.
    pub(super) aliases: Vec<(usize, usize)>,
    pub(super) parameters: Vec<Parameter>,
    /// The outputs that are new values of leaves, with these.
    pub(super) set_leaves: Vec<(usize, usize)>,
    /// For every leaf that may be updated.
    pub(super) updates: Vec<Update>,
    /// Which of them have something else noted on them.
    pub(super) metadata: Vec<(usize, Metadata)>,
    /// For every leaf of the result.
    pub(super) results: Vec<ResultLeaf>,
}

impl Plan {
    /// The plan of a call, of its graph and what that captures, whose leaves have these roles, shapes and dtypes. Takes time in proportion
    /// to the leaves of arguments and result.
    ///
    /// Outputs become: one for each leaf that was set, then one for each different value of the
    /// result. A result that is an argument's own value is handed on without a copy, unless its
    /// buffer may be taken over.
    pub(super) fn new(
        options: &Options,
        (mut graph, captures): (Graph, Vec<Array>),
        traced_results: &[Option<usize>],
        changes: &Changes,
        lent: &[Lent],
        consumable: &[Consumable],
        avals: &[Option<Aval>],
    ) -> Self {
        let leaf_of_input: Vec<usize> = (0..avals.len()).filter(|&i| avals[i].is_some()).collect();
        let leaf_of_value: FxHashMap<Value, usize> =
            graph.inputs.iter().copied().zip(leaf_of_input.iter().copied()).collect();
        let all = std::mem::take(&mut graph.outputs);

        let OrderedChanges { leaves, mut updates, metadata } = changes.ordered(lent);
        let mut outputs: Vec<Value> = Vec::new();
        let mut update_of_leaf = vec![None; lent.len()];
        for (&leaf, update) in leaves.iter().zip(&mut updates) {
            if let Update::Set(output) = update {
                outputs.push(all[*output]);
                *output = outputs.len() - 1;
                update_of_leaf[leaf] = Some(*output);
            }
        }
        let set = outputs.len();

        let mut output_of_value: FxHashMap<Value, usize> = FxHashMap::default();
        let mut handed_on = vec![false; lent.len()];
        let results = traced_results.iter().map(|output| {
            let Some(value) = output.map(|output| all[output]) else { return ResultLeaf::Absent };
            if let Some(&leaf) = leaf_of_value.get(&value)
                && update_of_leaf[leaf].is_none()
            {
                handed_on[leaf] = true;
                return ResultLeaf::Leaf(leaf);
            }
            let index = *output_of_value.entry(value).or_insert_with(|| {
                outputs.push(value);
                outputs.len() - 1
            });
            ResultLeaf::Output { index, last: true }
        });
        let mut results: Vec<ResultLeaf> = results.collect();
        mark_shared(&mut results, outputs.len());
        graph.outputs = outputs;
        graph.eliminate_dead_code();

        // Parameters: the inputs that the program uses.
        let live = graph.live();
        let leaves =
            leaf_of_input.iter().map(|&index| Parameter::Leaf { index, donate: Donate::No });
        let sources = leaves.chain(captures.into_iter().map(Parameter::Capture));
        let (inputs, parameters) = std::mem::take(&mut graph.inputs)
            .into_iter()
            .zip(sources)
            .filter(|(value, _)| live[value.index()] || options.keep_unused)
            .unzip();
        graph.inputs = inputs;

        let set_leaf = |(leaf, output): (usize, &Option<usize>)| Some(((*output)?, leaf));
        let set_leaves = update_of_leaf.iter().enumerate().filter_map(set_leaf).collect();
        let mut plan =
            Plan { graph, aliases: Vec::new(), parameters, set_leaves, updates, metadata, results };
        if options.donate {
            plan.donate(lent, consumable, &update_of_leaf, &handed_on, set);
        }
        plan
    }

    /// Pairs inputs whose old value nobody can reach with outputs of the same shape and dtype: a leaf
    /// that was set with its new value, a consumed one with any result, as is one of a node that is consumed.
    fn donate(
        &mut self,
        lent: &[Lent],
        consumable: &[Consumable],
        update_of_leaf: &[Option<usize>],
        handed_on: &[bool],
        set: usize,
    ) {
        // Results that no input was paired with yet, by type; the first ones are taken first.
        let mut free: FxHashMap<&Aval, Vec<usize>> = FxHashMap::default();
        for output in (set..self.graph.outputs.len()).rev() {
            free.entry(self.graph.aval(self.graph.outputs[output])).or_default().push(output);
        }
        let positions: FxHashMap<usize, usize> =
            consumable.iter().enumerate().map(|(at, node)| (node.number, at)).collect();
        for (parameter, source) in self.parameters.iter_mut().enumerate() {
            let Parameter::Leaf { index, donate } = source else { continue };
            let aval = self.graph.aval(self.graph.inputs[parameter]);
            let of_node = |number| positions.get(&number).copied();
            let with_node = lent[*index].node().and_then(of_node).map(Donate::WithNode);
            let is_set = update_of_leaf[*index].is_some();
            let (when, output) = match lent[*index].role {
                Role::Updated | Role::Node if is_set => {
                    let same =
                        |output: &usize| self.graph.aval(self.graph.outputs[*output]) == aval;
                    (Donate::Yes, update_of_leaf[*index].filter(same))
                }
                Role::Consumed | Role::Node if !handed_on[*index] => {
                    let when = if lent[*index].role == Role::Consumed {
                        Some(Donate::Yes)
                    } else {
                        with_node
                    };
                    let Some(when) = when else { continue };
                    (when, free.get_mut(aval).and_then(Vec::pop))
                }
                _ => continue,
            };
            if let Some(output) = output {
                *donate = when;
                self.aliases.push((parameter, output));
            }
        }
    }
}

/// Notes which leaf is the last to take each output.
fn mark_shared(results: &mut [ResultLeaf], outputs: usize) {
    let mut seen = vec![false; outputs];
    for leaf in results.iter_mut().rev() {
        if let ResultLeaf::Output { index, last } = leaf {
            *last = !std::mem::replace(&mut seen[*index], true);
        }
    }
}
