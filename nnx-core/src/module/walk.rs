//! Walks over Modules that several rooms share.

use super::{
    KeyRef, Kind, Leaves, Metadata, Module, Nodes, Path, Seen, SharedNode, StaticValue, Structure,
    VarInfo, VarMut, VarRef, Visitor, VisitorMut,
};
use crate::graph::Array;
use std::sync::Arc;

/// A leaf of a tree.
#[derive(Clone)]
pub(crate) struct Leaf {
    pub(crate) array: Array,
    /// The kind of a Variable; plain arrays have none.
    pub(crate) kind: Option<&'static Kind>,
    /// The metadata of a Variable.
    pub(crate) metadata: Metadata,
}

/// All leaves in order.
pub(crate) fn collect_leaves<M: Module>(module: &M) -> Vec<Leaf> {
    leaves_of(|visitor| module.flatten(visitor))
}

/// The leaves that a walk meets, of one tree or several.
pub(crate) fn leaves_of(flatten: impl FnOnce(&mut CollectLeaves)) -> Vec<Leaf> {
    leaves_of_others(Seen::default(), flatten)
}

/// The leaves that a walk meets outside of shared nodes.
pub(crate) fn leaves_outside_nodes(flatten: impl FnOnce(&mut CollectLeaves)) -> Vec<Leaf> {
    let mut leaves = CollectLeaves { leaves: Vec::new(), nodes: None };
    flatten(&mut leaves);
    leaves.leaves
}

/// The leaves that a walk meets, but for those in the nodes that `known` are.
pub(crate) fn leaves_of_others(known: Seen, flatten: impl FnOnce(&mut CollectLeaves)) -> Vec<Leaf> {
    let mut leaves = CollectLeaves::of_others(known);
    flatten(&mut leaves);
    leaves.leaves
}

pub(crate) struct CollectLeaves {
    leaves: Vec<Leaf>,
    /// The nodes that were met; none if nodes are passed over.
    nodes: Option<Seen>,
}

impl CollectLeaves {
    /// A collection of the leaves that are not in the nodes that `known` has met.
    pub(crate) fn of_others(known: Seen) -> Self {
        CollectLeaves { leaves: Vec::new(), nodes: Some(known) }
    }

    /// The leaves, and the nodes that were met.
    pub(crate) fn into_parts(self) -> (Vec<Leaf>, Seen) {
        (self.leaves, self.nodes.unwrap_or_default())
    }
}

impl Visitor for CollectLeaves {
    fn variable(&mut self, v: VarRef<'_>) {
        let (array, metadata) = (v.value.clone(), v.metadata.clone());
        self.leaves.push(Leaf { array, kind: Some(v.kind), metadata });
    }
    fn array(&mut self, array: &Array) {
        let (array, metadata) = (array.clone(), Metadata::EMPTY);
        self.leaves.push(Leaf { array, kind: None, metadata });
    }
    fn static_value(&mut self, _: &dyn StaticValue) {}
    fn structure(&mut self, _: Structure) {}
    fn shared(&mut self, node: &dyn SharedNode) {
        if self.nodes.as_mut().is_some_and(|seen| seen.is_new(node)) {
            node.flatten(self);
        }
    }
}

/// The nodes that a walk meets, in the order of their first places, with the paths of these.
pub(crate) fn nodes_of(
    flatten: impl FnOnce(&mut CollectNodes),
) -> Vec<(Path, Arc<dyn SharedNode>)> {
    let mut nodes = CollectNodes::default();
    flatten(&mut nodes);
    nodes.nodes
}

#[derive(Default)]
pub(crate) struct CollectNodes {
    path: Path,
    seen: Seen,
    nodes: Vec<(Path, Arc<dyn SharedNode>)>,
    links: Vec<(Path, Arc<dyn SharedNode>)>,
}

impl Visitor for CollectNodes {
    fn variable(&mut self, _: VarRef<'_>) {}
    fn array(&mut self, _: &Array) {}
    fn static_value(&mut self, _: &dyn StaticValue) {}
    fn structure(&mut self, _: Structure) {}
    fn shared(&mut self, node: &dyn SharedNode) {
        if self.seen.is_new(node) {
            self.nodes.push((self.path.clone(), node.handle()));
            node.flatten(self);
        }
    }
    fn link(&mut self, node: Option<&dyn SharedNode>) {
        self.links.extend(node.map(|node| (self.path.clone(), node.handle())));
    }
    fn enter(&mut self, key: KeyRef<'_>) {
        self.path.push(key);
    }
    fn exit(&mut self) {
        self.path.pop();
    }
}

/// The path of the first field outside of shared nodes that walks pass over.
pub(crate) fn skipped_in(flatten: impl FnOnce(&mut FindSkipped)) -> Option<Path> {
    let mut find = FindSkipped::default();
    flatten(&mut find);
    find.found
}

#[derive(Default)]
pub(crate) struct FindSkipped {
    path: Path,
    found: Option<Path>,
}

impl Visitor for FindSkipped {
    fn variable(&mut self, _: VarRef<'_>) {}
    fn array(&mut self, _: &Array) {}
    fn static_value(&mut self, _: &dyn StaticValue) {}
    fn structure(&mut self, _: Structure) {}
    fn shared(&mut self, _: &dyn SharedNode) {}
    fn skipped(&mut self, key: KeyRef<'_>) {
        if self.found.is_none() {
            self.path.push(key);
            self.found = Some(self.path.clone());
            self.path.pop();
        }
    }
    fn enter(&mut self, key: KeyRef<'_>) {
        self.path.push(key);
    }
    fn exit(&mut self) {
        self.path.pop();
    }
}

/// The nodes that links of a tree point to, with the paths of the links.
pub(crate) fn links_of(
    flatten: impl FnOnce(&mut CollectNodes),
) -> Vec<(Path, Arc<dyn SharedNode>)> {
    let mut nodes = CollectNodes::default();
    flatten(&mut nodes);
    nodes.links
}

/// The path of the first node that a walk meets. No node is looked into.
pub(crate) fn first_node(flatten: impl FnOnce(&mut dyn Visitor)) -> Option<Path> {
    #[derive(Default)]
    struct FirstNode {
        path: Path,
        found: Option<Path>,
    }
    impl Visitor for FirstNode {
        fn variable(&mut self, _: VarRef<'_>) {}
        fn array(&mut self, _: &Array) {}
        fn static_value(&mut self, _: &dyn StaticValue) {}
        fn structure(&mut self, _: Structure) {}
        fn shared(&mut self, _: &dyn SharedNode) {
            self.found.get_or_insert_with(|| self.path.clone());
        }
        fn enter(&mut self, key: KeyRef<'_>) {
            self.path.push(key);
        }
        fn exit(&mut self) {
            self.path.pop();
        }
    }
    let mut search = FirstNode::default();
    flatten(&mut search);
    search.found
}

/// A tree of the structure of `module` whose leaf `i` is `leaf(i, old)`, and whose nodes are new.
pub(crate) fn rebuild<M: Module>(module: &M, leaf: impl FnMut(usize, &Array) -> Array) -> M {
    module.unflatten(&mut Rebuild::new(leaf))
}

/// Leaves given by a function of their position and old value.
pub(crate) struct Rebuild<F> {
    at: usize,
    leaf: F,
    nodes: Nodes,
    /// For each leaf its new metadata, where that is another. May be shorter.
    metadata: Vec<Option<Metadata>>,
}

impl<F: FnMut(usize, &Array) -> Array> Rebuild<F> {
    /// The leaves of a copy with new nodes.
    pub(crate) fn new(leaf: F) -> Self {
        Rebuild::with_nodes(Nodes::fresh(), leaf)
    }

    pub(crate) fn with_nodes(nodes: Nodes, leaf: F) -> Self {
        Rebuild { at: 0, leaf, nodes, metadata: Vec::new() }
    }

    pub(crate) fn with_metadata(self, metadata: Vec<Option<Metadata>>) -> Self {
        Rebuild { metadata, ..self }
    }

    pub(crate) fn into_nodes(self) -> Nodes {
        self.nodes
    }
}

impl<F: FnMut(usize, &Array) -> Array> Leaves for Rebuild<F> {
    fn variable(&mut self, v: VarRef<'_>) -> Array {
        self.array(v.value)
    }
    fn array(&mut self, array: &Array) -> Array {
        self.at += 1;
        (self.leaf)(self.at - 1, array)
    }
    fn metadata(&mut self, metadata: &Metadata) -> Metadata {
        let other = self.metadata.get_mut(self.at - 1).and_then(Option::take);
        other.unwrap_or_else(|| metadata.clone())
    }
    fn nodes(&mut self) -> &mut Nodes {
        &mut self.nodes
    }
}

/// Calls `f` with the position and value of every leaf, to replace it.
pub(crate) fn replace_leaves<M: Module>(module: &mut M, f: impl FnMut(usize, &mut Array)) {
    module.flatten_mut(&mut Replace { nodes: Some(Seen::default()), ..Replace::outside_nodes(f) });
}

/// Visits leaves with their position.
pub(crate) struct Replace<F> {
    at: usize,
    f: F,
    nodes: Option<Seen>,
}

impl<F: FnMut(usize, &mut Array)> Replace<F> {
    /// A visit of the leaves outside of shared nodes.
    pub(crate) fn outside_nodes(f: F) -> Self {
        Replace { at: 0, f, nodes: None }
    }
}

impl<F: FnMut(usize, &mut Array)> VisitorMut for Replace<F> {
    fn variable(&mut self, v: VarMut<'_>) {
        self.array(v.value);
    }
    fn array(&mut self, array: &mut Array) {
        (self.f)(self.at, array);
        self.at += 1;
    }
    fn shared(&mut self, node: &dyn SharedNode) {
        if self.nodes.as_mut().is_some_and(|seen| seen.is_new(node)) {
            node.flatten_mut(self);
        }
    }
}

/// The path of every leaf, in order.
pub(crate) fn paths(flatten: impl FnOnce(&mut Paths)) -> Vec<Path> {
    paths_of_others(&Seen::default(), flatten)
}

/// As [`paths`], without the leaves in the nodes that `known` has met.
pub(crate) fn paths_of_others(known: &Seen, flatten: impl FnOnce(&mut Paths)) -> Vec<Path> {
    let mut paths = Paths { seen: known.clone(), ..Paths::default() };
    flatten(&mut paths);
    paths.all
}

/// Collects the paths of leaves.
#[derive(Default)]
pub(crate) struct Paths {
    path: Path,
    all: Vec<Path>,
    seen: Seen,
}

impl Visitor for Paths {
    fn variable(&mut self, _: VarRef<'_>) {
        self.all.push(self.path.clone());
    }
    fn array(&mut self, _: &Array) {
        self.all.push(self.path.clone());
    }
    fn static_value(&mut self, _: &dyn StaticValue) {}
    fn structure(&mut self, _: Structure) {}
    fn shared(&mut self, node: &dyn SharedNode) {
        if self.seen.is_new(node) {
            node.flatten(self);
        }
    }
    fn enter(&mut self, key: KeyRef<'_>) {
        self.path.push(key);
    }
    fn exit(&mut self) {
        self.path.pop();
    }
}

/// Calls `f` with the path of every leaf and what is known of it.
pub(crate) fn for_each_leaf<M: Module>(module: &M, f: impl FnMut(&Path, VarInfo<'_>)) {
    for_each_leaf_of(&Seen::default(), |v| module.flatten(v), f);
}

/// [`for_each_leaf`] of the leaves that a walk meets, but for those in the nodes that `known` has met.
pub(crate) fn for_each_leaf_of<F: FnMut(&Path, VarInfo<'_>)>(
    known: &Seen,
    flatten: impl FnOnce(&mut EachLeaf<F>),
    f: F,
) {
    flatten(&mut EachLeaf(Path::new(), f, known.clone()));
}

pub(crate) struct EachLeaf<F>(Path, F, Seen);

impl<F: FnMut(&Path, VarInfo<'_>)> Visitor for EachLeaf<F> {
    fn variable(&mut self, v: VarRef<'_>) {
        (self.1)(&self.0, v.into());
    }
    fn array(&mut self, array: &Array) {
        (self.1)(&self.0, VarInfo::of_array(array));
    }
    fn static_value(&mut self, _: &dyn StaticValue) {}
    fn structure(&mut self, _: Structure) {}
    fn shared(&mut self, node: &dyn SharedNode) {
        if self.2.is_new(node) {
            node.flatten(self);
        }
    }
    fn enter(&mut self, key: KeyRef<'_>) {
        self.0.push(key);
    }
    fn exit(&mut self) {
        self.0.pop();
    }
}

/// A leaf of a tree, open to change.
pub(crate) struct LeafMut<'a> {
    pub(crate) value: &'a mut Array,
    /// The kind of a Variable; plain arrays have none.
    pub(crate) kind: Option<&'static Kind>,
    /// The metadata of a Variable.
    pub(crate) metadata: Option<&'a mut Metadata>,
}

/// Calls `f` with the path of every leaf and the leaf, to change it.
pub(crate) fn for_each_leaf_mut<M: Module>(module: &mut M, f: impl FnMut(&Path, LeafMut<'_>)) {
    struct Each<F>(Path, F, Seen);
    impl<F: FnMut(&Path, LeafMut<'_>)> VisitorMut for Each<F> {
        fn variable(&mut self, v: VarMut<'_>) {
            let leaf = LeafMut { value: v.value, kind: Some(v.kind), metadata: Some(v.metadata) };
            (self.1)(&self.0, leaf);
        }
        fn array(&mut self, value: &mut Array) {
            (self.1)(&self.0, LeafMut { value, kind: None, metadata: None });
        }
        fn shared(&mut self, node: &dyn SharedNode) {
            if self.2.is_new(node) {
                node.flatten_mut(self);
            }
        }
        fn enter(&mut self, key: KeyRef<'_>) {
            self.0.push(key);
        }
        fn exit(&mut self) {
            self.0.pop();
        }
    }
    module.flatten_mut(&mut Each(Path::new(), f, Seen::default()));
}

/// A tree of the structure of `module` with the values `f(path, leaf)`.
pub(crate) fn map_leaves<M: Module>(module: &M, f: impl FnMut(&Path, VarInfo<'_>) -> Array) -> M {
    struct MapLeaves<F>(Path, F, Nodes);
    impl<F: FnMut(&Path, VarInfo<'_>) -> Array> Leaves for MapLeaves<F> {
        fn variable(&mut self, v: VarRef<'_>) -> Array {
            (self.1)(&self.0, v.into())
        }
        fn array(&mut self, array: &Array) -> Array {
            (self.1)(&self.0, VarInfo::of_array(array))
        }
        fn nodes(&mut self) -> &mut Nodes {
            &mut self.2
        }
        fn enter(&mut self, key: KeyRef<'_>) {
            self.0.push(key);
        }
        fn exit(&mut self) {
            self.0.pop();
        }
    }
    module.unflatten(&mut MapLeaves(Path::new(), f, Nodes::fresh()))
}

/// A tree with the same leaves, whose buffers are shared, and new nodes.
pub(crate) fn copy<M: Module>(module: &M) -> M {
    copy_with(Nodes::fresh(), module)
}

/// A tree with the same leaves whose handles point to the same nodes.
pub(crate) fn copy_outside_nodes<M: Module>(module: &M) -> M {
    copy_with(Nodes::kept(), module)
}

fn copy_with<M: Module>(nodes: Nodes, module: &M) -> M {
    let mut same: &mut dyn Leaves =
        &mut Rebuild::with_nodes(nodes, |_: usize, old: &Array| old.clone());
    module.unflatten(&mut same)
}
