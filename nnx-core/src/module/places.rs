//! The places of shared nodes beyond their first ones.

use super::walk::{for_each_leaf_of, paths};
use super::{
    KeyRef, Module, Path, Seen, SharedNode, StaticValue, Structure, VarInfo, VarRef, Visitor,
};
use crate::graph::Array;
use rustc_hash::FxHashMap;

/// The paths of the further places of leaves in nodes, each with that of the first place.
pub(crate) fn other_places<M: Module>(module: &M) -> Vec<(Path, Path)> {
    let mut places = Vec::new();
    for_each_other_place(|v| module.flatten(v), |i, path, _| places.push((path.clone(), i)));
    if places.is_empty() {
        return Vec::new();
    }
    let first = paths(|v| module.flatten(v));
    places.into_iter().map(|(path, i)| (path, first[i].clone())).collect()
}

/// Returns an error if a leaf in a node has different properties by its different places: `of` gives the
/// property of a leaf by its path, `what` is the property's name, and `name` how a path is shown.
pub(crate) fn check_places<T: PartialEq>(
    flatten: impl Fn(&mut dyn Visitor),
    what: &str,
    name: fn(&Path) -> String,
    mut of: impl FnMut(&Path, &VarInfo<'_>) -> T,
    show: impl Fn(&T) -> String,
) -> Result<(), String> {
    let mut first = Vec::new();
    for_each_leaf_of(
        &Seen::default(),
        |v| flatten(v),
        |path, leaf| first.push((path.clone(), of(path, &leaf))),
    );
    let mut wrong: Vec<usize> = Vec::new();
    let mut places: Vec<(usize, Path, T)> = Vec::new();
    for_each_other_place(
        |v| flatten(v),
        |i, path, leaf| {
            let other = of(path, &leaf);
            if first[i].1 != other && !wrong.contains(&i) {
                wrong.push(i);
            }
            places.push((i, path.clone(), other));
        },
    );
    if wrong.is_empty() {
        return Ok(());
    }
    let mut message = format!("one node, different {what}:");
    for i in wrong {
        let others = places.iter().filter(|(at, ..)| *at == i).map(|(_, path, t)| (path, t));
        for (path, property) in std::iter::once((&first[i].0, &first[i].1)).chain(others) {
            message.push_str(&format!("\n  {}: {}", name(path), show(property)));
        }
    }
    Err(message)
}

/// Calls `f` for every further place of every leaf in a node, with the leaf's position in the walk, the path
/// of the place and the leaf. Places inside of the node itself do not count.
pub(crate) fn for_each_other_place<F: FnMut(usize, &Path, VarInfo<'_>)>(
    flatten: impl FnOnce(&mut OtherPlaces<F>),
    f: F,
) {
    flatten(&mut OtherPlaces {
        f,
        path: Path::new(),
        leaves: 0,
        seen: Seen::default(),
        around: Vec::new(),
        positions: FxHashMap::default(),
        again: None,
    });
}

pub(crate) struct OtherPlaces<F> {
    f: F,
    path: Path,
    leaves: usize,
    seen: Seen,
    /// The nodes around this place, outermost first, and how many of the leaves of each were met.
    around: Vec<(usize, usize)>,
    /// The position of a leaf by its node and its place there.
    positions: FxHashMap<(usize, usize), usize>,
    /// The nodes that were met since the walk came to one again.
    again: Option<Seen>,
}

impl<F: FnMut(usize, &Path, VarInfo<'_>)> OtherPlaces<F> {
    fn leaf(&mut self, leaf: VarInfo<'_>) {
        let place = self.around.last_mut().map(|(node, met)| {
            *met += 1;
            (*node, *met)
        });
        match (&self.again, place) {
            (Some(_), Some(place)) => {
                if let Some(&position) = self.positions.get(&place) {
                    (self.f)(position, &self.path, leaf);
                }
            }
            (_, place) => {
                if let Some(place) = place {
                    self.positions.insert(place, self.leaves);
                }
                self.leaves += 1;
            }
        }
    }

    fn through(&mut self, node: &dyn SharedNode) {
        self.around.push((node.id(), 0));
        node.flatten(self);
        self.around.pop();
    }
}

impl<F: FnMut(usize, &Path, VarInfo<'_>)> Visitor for OtherPlaces<F> {
    fn variable(&mut self, variable: VarRef<'_>) {
        self.leaf(variable.into());
    }
    fn array(&mut self, array: &Array) {
        self.leaf(VarInfo::of_array(array));
    }
    fn static_value(&mut self, _: &dyn StaticValue) {}
    fn structure(&mut self, _: Structure) {}
    fn shared(&mut self, node: &dyn SharedNode) {
        if self.around.iter().any(|(around, _)| *around == node.id()) {
            return;
        }
        if let Some(again) = &mut self.again {
            if again.is_new(node) {
                self.through(node);
            }
        } else if self.seen.is_new(node) {
            self.through(node);
        } else {
            self.again.insert(Seen::default()).is_new(node);
            self.through(node);
            self.again = None;
        }
    }
    fn enter(&mut self, key: KeyRef<'_>) {
        self.path.push(key);
    }
    fn exit(&mut self) {
        self.path.pop();
    }
}
