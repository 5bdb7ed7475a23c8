//! The paths of Modules by their addresses.

use super::super::{AnyTree, KeyRef, Module, Path, Seen, SharedNode, VarMut, VisitorMut};
use super::frame::{is_capturing, with_top};
use crate::graph::Array;
use rustc_hash::FxHashMap;
use std::any::TypeId;

/// Of each part of a tree, by address and type: a struct begins where its first field does.
pub(super) type Addresses = FxHashMap<(usize, TypeId), Path>;

/// An address and a type.
pub(crate) fn place_of<M: Module>(module: &M) -> (usize, TypeId) {
    (std::ptr::from_ref(module).addr(), TypeId::of::<M>())
}

/// The parts of a tree, itself among them.
pub(super) fn of_tree<M: Module>(tree: &mut M) -> Addresses {
    let mut walk =
        PlacesWalk { path: Path::new(), seen: Seen::default(), found: Addresses::default() };
    tree.flatten_mut(&mut walk);
    walk.module(tree);
    walk.found
}

struct PlacesWalk {
    path: Path,
    seen: Seen,
    found: Addresses,
}

impl VisitorMut for PlacesWalk {
    fn variable(&mut self, _: VarMut<'_>) {}
    fn array(&mut self, _: &mut Array) {}
    fn shared(&mut self, node: &dyn SharedNode) {
        if self.seen.is_new(node) {
            node.flatten_mut(self);
        }
    }
    fn module(&mut self, module: &mut dyn AnyTree) {
        // Those without fields may all lie at one address.
        if size_of_val(module) == 0 {
            return;
        }
        let address = std::ptr::from_mut(module).cast::<()>().addr();
        self.found.insert((address, module.of()), self.path.clone());
    }
    fn enter(&mut self, key: KeyRef<'_>) {
        self.path.push(key);
    }
    fn exit(&mut self) {
        self.path.pop();
    }
}

/// The path of `module` and a name below it. A Module that is not known counts as the one whose method is being called.
pub(super) fn path_of<M: Module>(module: &M, name: &str) -> Path {
    let mut path = known(place_of(module))
        .unwrap_or_else(|| with_top(|frame| frame.current().cloned()).unwrap_or_default());
    path.push(KeyRef::Name(name));
    path
}

/// The path at a place.
pub(super) fn known(place: (usize, TypeId)) -> Option<Path> {
    super::frame::find(|frame| frame.places.get(&place).cloned())
}

/// Has the parts of a twin stand for those of what it is the twin of. `roots` gives the trees that an argument is made
/// of, with their paths in it and their places.
pub(crate) fn enter_twin<M: Module>(
    roots: impl FnOnce(&mut dyn FnMut(&Path, (usize, TypeId))),
    twin: &mut M,
) {
    if !is_capturing() {
        return;
    }
    let mut bases: Vec<(Path, Path)> = Vec::new();
    roots(&mut |path, place| bases.extend(known(place).map(|base| (path.clone(), base))));
    let mut places = Addresses::default();
    for (place, path) in of_tree(twin) {
        let under = |(root, _): &&(Path, Path)| path.keys().starts_with(root.keys());
        if let Some((root, base)) = bases.iter().find(under) {
            let mut whole = base.clone();
            path.keys()[root.keys().len()..].iter().for_each(|key| whole.push_key(key.clone()));
            places.insert(place, whole);
        }
    }
    with_top(|frame| frame.places.extend(places));
}
