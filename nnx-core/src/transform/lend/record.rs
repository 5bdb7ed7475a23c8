//! A function traced over a twin of what it is lent, and the one rule of what it may change.

use super::argument::Role;
use super::erased::{AnyArgument, AnyBody};
use crate::graph::{Array, Closed, trace_at};
use crate::module::compare::Statics;
use crate::module::node::Made;
use crate::module::walk::{Rebuild, leaves_of_others, leaves_outside_nodes, nodes_of, paths};
use crate::module::{
    Arrival, Metadata, Module, Nodes, Path, Schema, Seen, SharedNode, StaticValue, Structure,
    VarMut, VarRef, Visitor, VisitorMut,
};
use crate::value::Aval;
use std::panic::Location;
use std::sync::Arc;

/// What became of a leaf.
#[derive(Clone)]
pub(crate) enum Update {
    /// It was not set.
    Kept,
    /// It was set to this output of the program.
    Set(usize),
    /// Its value was taken out; this says why there is none.
    Emptied(Array),
}

/// What is known of a leaf of the argument besides its value.
#[derive(Clone, Copy)]
pub(crate) struct Lent {
    pub(crate) role: Role,
    /// Whether it is an argument by itself: `x: &mut Array` is updated as a Variable.
    is_bare: bool,
    /// The shared node that it is in.
    node: Option<usize>,
}

impl Lent {
    /// The shared node that the leaf is in.
    pub(crate) fn node(&self) -> Option<usize> {
        self.node
    }
}

/// For every leaf of an argument how it is lent.
pub(crate) fn lent(argument: &dyn AnyArgument) -> Vec<Lent> {
    let lent = Lent { role: Role::Read, is_bare: false, node: None };
    let mut roles = Roles { all: Vec::new(), lent, seen: Seen::default() };
    argument.roles(&mut roles);
    roles.all
}

/// The leaves that may be updated, in the order in which they are set: those behind `&mut`, then those of
/// each shared node.
fn updated(lent: &[Lent]) -> Vec<usize> {
    let is_updated = |i: &usize| matches!(lent[*i].role, Role::Updated | Role::Node);
    let mut updated: Vec<usize> = (0..lent.len()).filter(is_updated).collect();
    updated.sort_by_key(|&i| lent[i].node.map_or(0, |node| node + 1));
    updated
}

/// Collects how leaves are lent.
pub struct Roles {
    all: Vec<Lent>,
    lent: Lent,
    seen: Seen,
}

impl Roles {
    /// Walks through a part that is lent as `role` says.
    pub(super) fn of<M: Module>(&mut self, part: &M, role: Role) {
        let is_bare = matches!(M::SCHEMA, Schema::Array);
        self.lent = Lent { role, is_bare, node: None };
        part.flatten(self);
    }
}

impl Visitor for Roles {
    fn variable(&mut self, _: VarRef<'_>) {
        self.all.push(self.lent);
    }
    fn array(&mut self, _: &Array) {
        self.all.push(self.lent);
    }
    fn static_value(&mut self, _: &dyn StaticValue) {}
    fn structure(&mut self, _: Structure) {}
    fn shared(&mut self, node: &dyn SharedNode) {
        let Arrival::First(number) = self.seen.arrive(node) else { return };
        let inside = Lent { role: Role::Node, is_bare: false, node: Some(number) };
        let outside = std::mem::replace(&mut self.lent, inside);
        node.flatten(self);
        self.lent = outside;
    }
}

/// A traced function. Its outputs are the leaves of its result that have a value, then the new
/// values of the leaves that it set.
pub(crate) struct Recorded {
    pub(crate) closed: Closed,
    /// For every leaf of the result, outside of the argument's nodes, the output that it is, if it has
    /// a value.
    pub(crate) results: Vec<Option<usize>>,
    pub(crate) changes: Changes,
    /// The shared nodes of the argument and those of the twin.
    pub(crate) twins: Twins,
}

/// What a function did to its argument.
#[derive(Clone)]
pub(crate) struct Changes {
    /// For every leaf of the argument.
    pub(crate) updates: Vec<Update>,
    /// The leaves on which something else is noted now.
    pub(crate) metadata: Vec<(usize, Metadata)>,
}

impl Changes {
    /// With one entry for each leaf that may be updated, in the order in which they are set.
    pub(crate) fn ordered(&self, lent: &[Lent]) -> OrderedChanges {
        let leaves = updated(lent);
        let updates = leaves.iter().map(|&i| self.updates[i].clone()).collect();
        let noted = |leaf: usize| self.metadata.iter().find(|(i, _)| *i == leaf);
        let metadata = match self.metadata.is_empty() {
            true => Vec::new(),
            false => (leaves.iter().enumerate())
                .filter_map(|(at, &leaf)| Some((at, noted(leaf)?.1.clone())))
                .collect(),
        };
        OrderedChanges { leaves, updates, metadata }
    }
}

/// [`Changes`] of the leaves that may be updated, in the order in which they are set: those behind `&mut`,
/// then those of each shared node.
pub(crate) struct OrderedChanges {
    /// Which leaf of the argument each is.
    pub(crate) leaves: Vec<usize>,
    pub(crate) updates: Vec<Update>,
    /// The places among `updates` of the leaves on which something else is noted.
    pub(crate) metadata: Vec<(usize, Metadata)>,
}

/// Sets the leaves that may be updated, visited in their order, to outputs of a program.
pub(crate) struct SetLeaves<'u> {
    at: usize,
    updates: &'u [Update],
    metadata: &'u [(usize, Metadata)],
    outputs: &'u [Array],
}

impl<'u> SetLeaves<'u> {
    pub(crate) fn new(
        updates: &'u [Update],
        metadata: &'u [(usize, Metadata)],
        outputs: &'u [Array],
    ) -> Self {
        SetLeaves { at: 0, updates, metadata, outputs }
    }
}

impl VisitorMut for SetLeaves<'_> {
    fn variable(&mut self, variable: VarMut<'_>) {
        if let Some((_, metadata)) = self.metadata.iter().find(|(at, _)| *at == self.at) {
            *variable.metadata = metadata.clone();
        }
        self.array(variable.value);
    }
    fn array(&mut self, array: &mut Array) {
        match &self.updates[self.at] {
            Update::Kept => {}
            Update::Set(output) => *array = self.outputs[*output].clone(),
            Update::Emptied(absent) => *array = absent.clone(),
        }
        self.at += 1;
    }
    // Nodes are visited one by one.
    fn shared(&mut self, _: &dyn SharedNode) {}
}

/// The shared nodes of an argument and those of its twin, which are emptied when this is dropped: a cycle
/// of them would stay alive with the values of its trace.
pub(crate) struct Twins(Vec<Made>);

impl Twins {
    /// The nodes of the argument, or of its twin, as met.
    fn seen(&self, which: fn(&Made) -> &Arc<dyn SharedNode>) -> Seen {
        let mut seen = Seen::default();
        self.0.iter().for_each(|made| {
            seen.arrive(&**which(made));
        });
        seen
    }

    /// The twins, as met.
    pub(crate) fn seen_twins(&self) -> Seen {
        self.seen(|made| &made.new)
    }

    /// For a copy of the function's result that holds the nodes of the twin.
    pub(crate) fn themselves(&self) -> Nodes {
        let mut nodes = Nodes::fresh();
        self.0.iter().for_each(|made| nodes.settle(&*made.new, made.new.clone()));
        nodes
    }

    /// Which of these nodes are of the twin, with their numbers.
    pub(crate) fn among(
        &self,
        nodes: Vec<(Path, Arc<dyn SharedNode>)>,
    ) -> Vec<(Arc<dyn SharedNode>, usize)> {
        let twins = self.seen_twins();
        let number =
            |(_, node): (Path, Arc<dyn SharedNode>)| Some((node.clone(), twins.number(node.id())?));
        nodes.into_iter().filter_map(number).collect()
    }

    /// For a copy of the function's result: nodes of the twin become those of the argument.
    pub(crate) fn back(&self) -> Nodes {
        let mut nodes = Nodes::fresh();
        self.0.iter().for_each(|made| nodes.settle(&*made.new, made.old.clone()));
        nodes
    }
}

impl Drop for Twins {
    fn drop(&mut self) {
        self.0.iter().for_each(|made| made.new.clear());
    }
}

/// Why there is no program.
pub(crate) enum Stopped {
    /// The function returned an error of its own.
    Body,
    /// The function changed what it may not change; the text says what, where, and how to mend it.
    Rule(String),
}

/// Traces `body`, called `scope` in messages, for a caller at `location`. `avals` has one entry for
/// each leaf of the argument, `None` for one without a value.
#[track_caller]
pub(crate) fn record(
    location: &'static Location<'static>,
    scope: String,
    body: &mut dyn AnyBody,
    avals: &[Option<Aval>],
) -> Result<Recorded, Stopped> {
    let lent = lent(body.argument());
    let present: Vec<Aval> = avals.iter().copied().flatten().collect();
    let (closed, outcome) = trace_at(location, scope, &present, |inputs| {
        let mut inputs = inputs.iter();
        let inputs: Vec<Option<&Array>> =
            avals.iter().map(|aval| aval.and_then(|_| inputs.next())).collect();
        let leaf = |i: usize, old: &Array| inputs[i].unwrap_or(old).clone();
        let mut leaves = Rebuild::new(leaf);
        let ran = body.run(&mut leaves);
        let twins = Twins(leaves.into_nodes().into_made());
        if !ran {
            return (vec![], Err(Stopped::Body));
        }
        let mut outputs = Vec::new();
        let of_twin = twins.seen_twins();
        let result = leaves_of_others(of_twin.clone(), |v| body.flatten_result(v));
        let results = result.into_iter().map(|leaf| {
            leaf.array.try_aval().ok()?;
            outputs.push(leaf.array);
            Some(outputs.len() - 1)
        });
        let results = results.collect();
        let comparison = Comparison {
            body,
            lent: &lent,
            inputs: &inputs,
            paths: nodes_of(|v| body.argument().flatten(v)).into_iter().map(|(p, _)| p).collect(),
            old: twins.seen(|made| &made.old),
            new: of_twin,
        };
        let changes = comparison.changes(&twins, &mut outputs);
        match changes {
            Ok(changes) => (outputs, Ok((results, changes, twins))),
            Err(message) => (vec![], Err(Stopped::Rule(message))),
        }
    });
    let (results, changes, twins) = outcome?;
    Ok(Recorded { closed, results, changes, twins })
}

/// A twin after its function ran, beside the argument.
struct Comparison<'a> {
    body: &'a dyn AnyBody,
    lent: &'a [Lent],
    inputs: &'a [Option<&'a Array>],
    /// The paths of the argument's nodes.
    paths: Vec<Path>,
    /// The nodes of the argument, and of the twin.
    old: Seen,
    new: Seen,
}

/// A part of a tree that changes as a whole: what lies behind `&mut`, or in one shared node.
struct Part<'p> {
    node: Option<usize>,
    before: &'p dyn Fn(&mut dyn Visitor),
    after: &'p dyn Fn(&mut dyn Visitor),
}

impl Comparison<'_> {
    /// What became of each leaf, with the new values among the outputs. A change of anything but
    /// Variables is an error that names its path.
    fn changes(&self, twins: &Twins, outputs: &mut Vec<Array>) -> Result<Changes, String> {
        let kept = vec![Update::Kept; self.lent.len()];
        let mut changes = Changes { updates: kept, metadata: Vec::new() };
        let mut leaves = updated(self.lent).into_iter().peekable();
        let mut compare = |part: Part<'_>| {
            let next = || leaves.next_if(|&i| self.lent[i].node == part.node);
            let leaves = std::iter::from_fn(next).collect();
            self.part(part, leaves, &mut changes, outputs)
        };
        let body = self.body;
        compare(Part {
            node: None,
            before: &|v| body.argument().flatten_updated(v),
            after: &|v| body.flatten_twin(v),
        })?;
        for (number, made) in twins.0.iter().enumerate() {
            compare(Part {
                node: Some(number),
                before: &|v| made.old.flatten(v),
                after: &|v| made.new.flatten(v),
            })?;
        }
        Ok(changes)
    }

    /// The changes of a part; `leaves` are its own, not those of nodes in it.
    fn part(
        &self,
        part: Part<'_>,
        leaves: Vec<usize>,
        changes: &mut Changes,
        outputs: &mut Vec<Array>,
    ) -> Result<(), String> {
        let root = Path::new();
        let path = part.node.map_or(&root, |node| &self.paths[node]);
        let mut before = Statics::outside_nodes(&self.old, path, |mut v| (part.before)(&mut v));
        let mut after = Statics::outside_nodes(&self.new, path, |mut v| (part.after)(&mut v));
        if part.node.is_some() {
            (before, after) = (before.without_metadata(), after.without_metadata());
        }
        let name = |number: usize| format!("`{}`", self.paths[number]);
        if let Some(what) = before.difference_of(&after, &name) {
            return Err(format!(
                "the function changed a static part of an argument, and only Variables are handed \
                 back to the caller: {}\n\
                 fixes:\n  \
                 1. change it outside of the function\n  \
                 2. make it a Variable\n  \
                 3. return it",
                what.message
            ));
        }
        let before = leaves_outside_nodes(|mut v| (part.before)(&mut v));
        let after = leaves_outside_nodes(|mut v| (part.after)(&mut v));
        for ((before, after), i) in before.into_iter().zip(after).zip(leaves) {
            if before.metadata != after.metadata {
                changes.metadata.push((i, after.metadata));
            }
            let same = match self.inputs[i] {
                Some(input) => input.is_same_value(&after.array),
                None => after.array.is_absent(),
            };
            if same {
                continue;
            }
            if after.kind.is_none() && !self.lent[i].is_bare {
                let path = paths(|v| self.body.argument().flatten(v)).swap_remove(i);
                return Err(format!(
                    "the function changed the plain array `{path}`, and only Variables are handed \
                     back to the caller\n\
                     fixes:\n  \
                     1. make the field a Variable\n  \
                     2. return the new array"
                ));
            }
            changes.updates[i] = if after.array.is_absent() {
                Update::Emptied(after.array)
            } else {
                outputs.push(after.array);
                Update::Set(outputs.len() - 1)
            };
        }
        Ok(())
    }
}
