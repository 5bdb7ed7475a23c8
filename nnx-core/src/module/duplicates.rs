//! Parts that are in a tree more than once.

use super::held::hold_to_read;
use super::walk::for_each_leaf;
use super::{KeyRef, Module, Path, Seen, SharedNode, StaticValue, Structure, VarRef, Visitor};
use crate::graph::{Array, Identity};
use std::collections::HashMap;

/// The places of every node that has more than one: a list for each, in the order of first places. Below a
/// node, places are named by its first one. `flax.nnx.find_duplicates`.
///
/// ```
/// use nnx::module::{Shared, find_duplicates};
/// use nnx::{Array, Param};
///
/// let table = Shared::new(Param::new(Array::absent("a table")));
/// let model = (table.clone(), Param::new(Array::absent("a kernel")), table);
/// let duplicates = find_duplicates(&model);
/// assert_eq!(duplicates.len(), 1);
/// assert_eq!(duplicates[0].iter().map(|path| path.to_string()).collect::<Vec<_>>(), ["[0]", "[2]"]);
/// ```
///
/// # Panics
/// Panics if this thread holds a shared node for writing.
#[track_caller]
pub fn find_duplicates<M: Module>(module: &M) -> Vec<Vec<Path>> {
    let _held = hold_to_read("find_duplicates", module);
    let mut places = PlaceFinder::default();
    module.flatten(&mut places);
    places.of_node.retain(|paths| paths.len() > 1);
    places.of_node
}

#[derive(Default)]
struct PlaceFinder {
    path: Path,
    seen: Seen,
    of_node: Vec<Vec<Path>>,
}

impl Visitor for PlaceFinder {
    fn variable(&mut self, _: VarRef<'_>) {}
    fn array(&mut self, _: &Array) {}
    fn static_value(&mut self, _: &dyn StaticValue) {}
    fn structure(&mut self, _: Structure) {}
    fn shared(&mut self, node: &dyn SharedNode) {
        match self.seen.arrive(node) {
            super::Arrival::First(_) => {
                self.of_node.push(vec![self.path.clone()]);
                node.flatten(self);
            }
            super::Arrival::Again(number) => self.of_node[number].push(self.path.clone()),
        }
    }
    fn enter(&mut self, key: KeyRef<'_>) {
        self.path.push(key);
    }
    fn exit(&mut self) {
        self.path.pop();
    }
}

/// The paths of leaves that share one buffer, a list for each such buffer.
///
/// Clones of an array share its buffer. That is allowed, but a shared buffer is never updated in
/// place, and the copies go their own ways once one of them is set: parameters that were meant to
/// be tied are not. (What is tied is a node, [`Shared`](super::Shared), which has one value however many
/// places hold it; see [`find_duplicates`].)
///
/// ```
/// use nnx::module::find_shared_buffers;
/// use nnx::{Array, Param};
///
/// let table = Param::new(Array::scalar(1.0_f32));
/// let model = (table.clone(), Param::new(Array::scalar(1.0_f32)), table);
/// let shared = find_shared_buffers(&model);
/// assert_eq!(shared.len(), 1);
/// assert_eq!(shared[0].iter().map(|path| path.to_string()).collect::<Vec<_>>(), ["[0]", "[2]"]);
/// ```
///
/// # Panics
/// Panics if this thread holds a shared node for writing.
#[track_caller]
pub fn find_shared_buffers<M: Module>(module: &M) -> Vec<Vec<Path>> {
    let _held = hold_to_read("find_shared_buffers", module);
    let mut groups: Vec<Vec<Path>> = Vec::new();
    let mut seen: HashMap<Identity, usize> = HashMap::new();
    for_each_leaf(module, |path, leaf| {
        let identity = leaf.value.identity();
        if identity == Identity::Absent {
            return;
        }
        let group = *seen.entry(identity).or_insert(groups.len());
        if group == groups.len() {
            groups.push(Vec::new());
        }
        groups[group].push(path.clone());
    });
    groups.retain(|paths| paths.len() > 1);
    groups
}
