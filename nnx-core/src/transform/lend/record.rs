//! A function traced over a twin of what it is lent, and the one rule of what it may change.

use super::argument::Role;
use super::compare::Comparison;
use super::erased::{AnyArgument, AnyBody};
use crate::graph::{Array, Closed, trace_at};
use crate::module::capture::{Sown, enter_trace};
use crate::module::compare::KnownNodes;
use crate::module::new_nodes::NewNodes;
use crate::module::node::Made;
use crate::module::parts::PartKey;
use crate::module::walk::{Rebuild, links_of, nodes_of};
use crate::module::{
    AnyTree, Arrival, Metadata, Module, Nodes, Path, Seen, SharedNode, StaticValue, Structure,
    VarMut, VarRef, Visitor, VisitorMut,
};
use crate::value::Aval;
use rustc_hash::FxHashMap;
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;

/// The fate of a leaf.
#[derive(Clone)]
pub(crate) enum Update {
    /// It was not set.
    Kept,
    /// It was set to this output of the program.
    Set(usize),
    /// Its value was taken out; this says why there is none.
    Emptied(Array),
}

/// The properties of a leaf of the argument, besides its value.
#[derive(Clone, Copy)]
pub(crate) struct Lent {
    pub(crate) role: Role,
    /// Whether it is an argument by itself: `x: &mut Array` is updated as a Variable.
    is_bare: bool,
    place: Place,
}

/// The part of an argument that a leaf is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// A tree behind `&mut`, by its number among these; for other trees, how many came before.
    Tree(usize),
    /// A shared node.
    Node(usize),
}

impl Lent {
    pub(super) fn is_at(&self, place: Place) -> bool {
        self.place == place
    }

    pub(super) fn is_bare(&self) -> bool {
        self.is_bare
    }

    /// The shared node that the leaf is in.
    pub(crate) fn node(&self) -> Option<usize> {
        match self.place {
            Place::Node(number) => Some(number),
            Place::Tree(_) => None,
        }
    }
}

/// For every leaf of an argument, how it is lent.
pub(crate) fn lent(argument: &dyn AnyArgument) -> Vec<Lent> {
    roles(argument).all
}

/// The places of every shared node of an argument.
pub(super) fn node_places(argument: &dyn AnyArgument) -> Vec<NodePlaces> {
    roles(argument).nodes
}

fn roles(argument: &dyn AnyArgument) -> Roles {
    let lent = Lent { role: Role::Read, is_bare: false, place: Place::Tree(0) };
    let mut roles =
        Roles { all: Vec::new(), lent, updated: 0, seen: Seen::default(), nodes: Vec::new() };
    argument.roles(&mut roles);
    roles
}

/// The places of a shared node.
#[derive(Default)]
pub(super) struct NodePlaces {
    /// How many are in trees that are consumed.
    pub(super) by_value: usize,
    /// The nodes that the others are in.
    pub(super) in_nodes: Vec<usize>,
    /// Whether there are some in other trees.
    pub(super) elsewhere: bool,
}

/// The leaves that may be updated, in the order in which they are set: those behind `&mut`, then those of
/// each shared node.
pub(super) fn updated(lent: &[Lent]) -> Vec<usize> {
    let is_updated = |i: &usize| matches!(lent[*i].role, Role::Updated | Role::Node);
    let mut updated: Vec<usize> = (0..lent.len()).filter(is_updated).collect();
    updated.sort_by_key(|&i| lent[i].place);
    updated
}

/// Collects how leaves are lent.
pub struct Roles {
    all: Vec<Lent>,
    lent: Lent,
    /// How many trees are lent as `&mut`.
    updated: usize,
    seen: Seen,
    nodes: Vec<NodePlaces>,
}

impl Roles {
    /// Walks through a part that is lent as `role` says.
    pub(super) fn of<M: Module>(&mut self, part: &M, role: Role) {
        let is_bare = M::SCHEMA.is_plain();
        self.lent = Lent { role, is_bare, place: Place::Tree(self.updated) };
        part.flatten(self);
        self.updated += usize::from(role == Role::Updated);
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
        let arrival = self.seen.arrive(node);
        let (Arrival::First(number) | Arrival::Again(number)) = arrival;
        if arrival == Arrival::First(number) {
            self.nodes.push(NodePlaces::default());
        }
        let places = &mut self.nodes[number];
        match (self.lent.place, self.lent.role) {
            (Place::Node(holder), _) => places.in_nodes.push(holder),
            (_, Role::Consumed) => places.by_value += 1,
            _ => places.elsewhere = true,
        }
        if arrival == Arrival::Again(number) {
            return;
        }
        let inside = Lent { role: Role::Node, is_bare: false, place: Place::Node(number) };
        let outside = std::mem::replace(&mut self.lent, inside);
        node.flatten(self);
        self.lent = outside;
    }
}

/// A traced function. Its outputs are the leaves of its result that have a value, then the new
/// values of the leaves that it set.
pub(crate) struct Recorded {
    pub(crate) closed: Closed,
    /// For every leaf of the result, then of the parts that are rebuilt, outside of the argument's
    /// nodes, the output that it is, if it has a value.
    pub(crate) results: Vec<Option<usize>>,
    pub(crate) changes: Changes,
    /// The shared nodes of the argument and those of the twin.
    pub(crate) twins: Twins,
    /// The values that the function sowed, and the outputs that these are, after the others.
    pub(crate) sown: Vec<(usize, Sown)>,
    /// A perturbation that the function adds, of a capture around it.
    pub(crate) perturbed: Option<Path>,
}

/// The changes that a function made to its argument.
#[derive(Clone)]
pub(crate) struct Changes {
    /// For every leaf of the argument.
    pub(crate) updates: Vec<Update>,
    /// The leaves with new metadata.
    pub(crate) metadata: Vec<(usize, Metadata)>,
    /// The parts of another structure than before, which are replaced.
    pub(crate) rebuilt: Vec<RebuiltPart>,
}

/// The nodes that a tree holds or links to, with their paths.
pub(crate) type Held = Vec<(Path, Arc<dyn SharedNode>)>;

/// A part of the argument that is replaced, and the nodes that it holds then.
#[derive(Clone)]
pub(crate) enum RebuiltPart {
    /// The part `key` of a tree behind `&mut`, which `part` takes the place of.
    Tree { tree: usize, key: PartKey, part: Rc<dyn AnyTree>, held: Held },
    /// Parts of what is in a shared node, and what takes their places in the node's twin.
    Node { node: usize, parts: Vec<(PartKey, PartKey)>, held: Held },
}

impl RebuiltPart {
    /// The nodes that it holds.
    pub(crate) fn held(&self) -> &Held {
        let (RebuiltPart::Tree { held, .. } | RebuiltPart::Node { held, .. }) = self;
        held
    }
}

/// The changes that a function may make to its argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allowed {
    /// Changes of the values and the metadata of Variables.
    Values,
    /// Changes of the structure too.
    Structure,
}

impl Changes {
    /// With one entry for each leaf that may be updated, in the order in which they are set.
    pub(crate) fn ordered(&self, lent: &[Lent]) -> OrderedChanges {
        let leaves = updated(lent);
        let updates = leaves.iter().map(|&i| self.updates[i].clone()).collect();
        let metadata = match self.metadata.is_empty() {
            true => Vec::new(),
            false => {
                let noted: FxHashMap<usize, &Metadata> =
                    self.metadata.iter().map(|(leaf, metadata)| (*leaf, metadata)).collect();
                (leaves.iter().enumerate())
                    .filter_map(|(at, leaf)| Some((at, (*noted.get(leaf)?).clone())))
                    .collect()
            }
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
    /// The places among `updates` of the leaves with new metadata.
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

    /// Goes on with the leaves of a node. One without changes is let be: it may be one that can only be read.
    pub(crate) fn node(&mut self, node: &dyn SharedNode) {
        let mut leaves = CountLeaves(0);
        node.flatten(&mut leaves);
        let end = self.at + leaves.0;
        let is_kept = |update: &Update| matches!(update, Update::Kept);
        let is_noted = self.metadata.first().is_some_and(|(at, _)| *at < end);
        if self.updates[self.at..end].iter().all(is_kept) && !is_noted {
            self.at = end;
        } else {
            node.flatten_mut(self);
        }
    }
}

/// Counts the leaves of a node, without those of nodes in it.
struct CountLeaves(usize);

impl Visitor for CountLeaves {
    fn variable(&mut self, _: VarRef<'_>) {
        self.0 += 1;
    }
    fn array(&mut self, _: &Array) {
        self.0 += 1;
    }
    fn static_value(&mut self, _: &dyn StaticValue) {}
    fn structure(&mut self, _: Structure) {}
    fn shared(&mut self, _: &dyn SharedNode) {}
}

impl VisitorMut for SetLeaves<'_> {
    fn variable(&mut self, variable: VarMut<'_>) {
        // They are in the order of the leaves.
        if let [(at, metadata), rest @ ..] = self.metadata
            && *at == self.at
        {
            *variable.metadata = metadata.clone();
            self.metadata = rest;
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
pub(crate) struct Twins {
    made: Vec<Made>,
    /// The nodes outside of the argument that links lead to, and the empty ones that stand for them.
    outside: Vec<Made>,
    /// The nodes that the function made, which are freed after these.
    _new: NewNodes,
}

impl Twins {
    /// The argument's nodes and those outside, as met.
    pub(crate) fn originals(&self) -> KnownNodes {
        let old = |made: &Made| made.old.id();
        KnownNodes { inside: seen(&self.made, old), outside: Some(seen(&self.outside, old)) }
    }

    /// The twins of [`originals`](Twins::originals).
    pub(crate) fn known(&self) -> KnownNodes {
        let new = |made: &Made| made.new.id();
        KnownNodes { inside: self.seen_twins(), outside: Some(seen(&self.outside, new)) }
    }

    pub(crate) fn made(&self) -> &[Made] {
        &self.made
    }

    /// The twins, as met.
    pub(crate) fn seen_twins(&self) -> Seen {
        seen(&self.made, |made| made.new.id())
    }

    /// For a copy of the function's result that holds the nodes of the twin.
    pub(crate) fn themselves(&self) -> Nodes {
        let mut nodes = Nodes::fresh();
        self.all().for_each(|made| nodes.settle(&*made.new, made.new.clone()));
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

    /// As [`among`](Twins::among), of the nodes that stand for those outside of the argument.
    pub(crate) fn outside_among(
        &self,
        nodes: &[(Path, Arc<dyn SharedNode>)],
    ) -> Vec<(Arc<dyn SharedNode>, usize)> {
        let stands = |node: &Arc<dyn SharedNode>| {
            self.outside.iter().position(|made| made.new.id() == node.id())
        };
        nodes.iter().filter_map(|(_, node)| Some((node.clone(), stands(node)?))).collect()
    }

    /// For a copy of the argument: its nodes become those of the twin.
    pub(crate) fn there(&self) -> Nodes {
        let mut nodes = Nodes::fresh();
        self.all().for_each(|made| nodes.settle(&*made.old, made.new.clone()));
        nodes
    }

    fn all(&self) -> impl Iterator<Item = &Made> {
        self.made.iter().chain(&self.outside)
    }

    /// For a copy of the function's result: nodes of the twin become those of the argument.
    pub(crate) fn back(&self) -> Nodes {
        let mut nodes = Nodes::fresh();
        self.all().for_each(|made| nodes.settle(&*made.new, made.old.clone()));
        nodes
    }
}

/// The nodes with the identities that `id` gives, as met.
fn seen(made: &[Made], id: impl Fn(&Made) -> usize) -> Seen {
    let mut seen = Seen::default();
    made.iter().for_each(|made| {
        seen.arrive_at(id(made));
    });
    seen
}

/// The leaves of a twin, while its function runs: a panic there must empty the nodes too.
struct Twinning<F: FnMut(usize, &Array) -> Array> {
    leaves: Option<Rebuild<F>>,
    new: NewNodes,
}

impl<F: FnMut(usize, &Array) -> Array> Twinning<F> {
    fn finish(&mut self) -> Twins {
        let made = self.leaves.take().map(|leaves| leaves.into_nodes().into_made());
        let (made, outside) = made.unwrap_or_default();
        Twins { made, outside, _new: self.new.clone() }
    }
}

impl<F: FnMut(usize, &Array) -> Array> Drop for Twinning<F> {
    fn drop(&mut self) {
        drop(self.finish());
    }
}

impl Drop for Twins {
    fn drop(&mut self) {
        self.made.iter().for_each(|made| made.new.clear());
    }
}

/// The nodes that a tree holds or links to.
pub(crate) fn held(flatten: &dyn Fn(&mut dyn Visitor)) -> Held {
    let mut held = nodes_of(|mut v| flatten(&mut v));
    held.extend(links_of(|mut v| flatten(&mut v)));
    held
}

/// Why there is no program.
pub(crate) enum Stopped {
    /// The function returned an error of its own.
    Body,
    /// The function changed what it may not change; the text says what, where, and how to fix it.
    Rule(String),
}

/// Traces `body`, called `scope` in messages, for a caller at `location`. `avals` has one entry for
/// each leaf of the argument, `None` for one without a value; `of_twin` has the metadata of the leaves that have another
/// one in the twin.
#[track_caller]
pub(crate) fn record(
    location: &'static Location<'static>,
    scope: String,
    body: &mut dyn AnyBody,
    avals: &[Option<Aval>],
    of_twin: &[Option<Metadata>],
    allowed: Allowed,
) -> Result<Recorded, Stopped> {
    let lent = lent(body.argument());
    let present: Vec<Aval> = avals.iter().flatten().cloned().collect();
    let (closed, outcome) = trace_at(location, scope, &present, |inputs| {
        let mut inputs = inputs.iter();
        let inputs: Vec<Option<&Array>> =
            avals.iter().map(|aval| aval.as_ref().and_then(|_| inputs.next())).collect();
        let leaf = |i: usize, old: &Array| inputs[i].unwrap_or(old).clone();
        let new = NewNodes::default();
        body.keep(new.clone());
        let _noting = new.note();
        let sowing = enter_trace();
        let mut twinning =
            Twinning { leaves: Some(Rebuild::new(leaf).with_metadata(of_twin.to_vec())), new };
        let ran = match &mut twinning.leaves {
            Some(leaves) => body.run(leaves),
            None => unreachable!("they are given up below"),
        };
        let twins = twinning.finish();
        if !ran {
            return (vec![], Err(Stopped::Body));
        }
        match Comparison::new(body, &lent, &inputs, &twins, allowed).outcome() {
            Ok((mut outputs, results, changes)) => {
                let (sown, perturbed) = sowing.end();
                let first = outputs.len();
                outputs.extend(sown.iter().map(|sown| sown.value.clone()));
                let sown =
                    sown.into_iter().enumerate().map(|(i, sown)| (first + i, sown)).collect();
                (outputs, Ok((results, changes, twins, sown, perturbed)))
            }
            Err(message) => (vec![], Err(Stopped::Rule(message))),
        }
    });
    let (results, changes, twins, mut sown, perturbed): (_, _, _, Vec<(usize, Sown)>, _) = outcome?;
    // The values belong to the trace, which is over.
    sown.iter_mut().for_each(|(_, sown)| sown.value = Array::of_aval(sown.value.aval()));
    Ok(Recorded { closed, results, changes, twins, sown, perturbed })
}
