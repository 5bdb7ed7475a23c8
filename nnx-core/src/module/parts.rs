//! The parts of a tree that got another structure, so that a change is handed back without the rest.
//!
//! A part is what [`VisitorMut::module`] is called with, and has a number in the order of these calls: parts come
//! before what holds them, and the tree itself comes last.

use super::compare::{KnownNodes, Statics};
use super::{AnyTree, KeyRef, Leaves, Path, SharedNode, VarMut, VisitorMut};
use crate::graph::Array;
use std::any::TypeId;
use std::ops::Range;

/// A part of a tree before a change and after it.
pub(crate) struct ChangedPart {
    pub(crate) path: Path,
    /// Its number before.
    pub(crate) number: usize,
    /// Its number after.
    pub(crate) number_after: usize,
    /// Its leaves among those of the tree, before and after.
    pub(crate) leaves: Range<usize>,
    pub(crate) leaves_after: Range<usize>,
}

/// A walk through the parts of a tree, which ends with the tree itself.
pub(crate) type PartsWalk<'w> = &'w mut dyn FnMut(&mut dyn VisitorMut);

/// The smallest parts of a tree that have to be replaced to make it like `after`, and copies of them with `leaves`.
/// Both trees hold the nodes that `known` numbers, and lie at `path`. The first one is changed.
pub(crate) fn changed_parts(
    before: PartsWalk<'_>,
    after: PartsWalk<'_>,
    path: &Path,
    known: &KnownNodes,
    leaves: &dyn Fn() -> Box<dyn Leaves>,
) -> Vec<(ChangedPart, Box<dyn AnyTree>)> {
    let (whole, whole_after) = (Part::of(before, path, known), Part::of(after, path, known));
    let mut changed = Vec::new();
    whole.add_changed(&whole_after, &mut changed);
    let mut new = |changed: &[ChangedPart]| {
        copies(&mut *after, changed.iter().map(|part| part.number_after), &mut *leaves())
    };
    let parts = new(&changed);
    put(before, changed.iter().map(|part| part.number).zip(new(&changed)));
    // Which part a static value belongs to is told by paths, and a walk written by hand may have its own.
    if Part::of(before, path, known).statics.is_same(&whole_after.statics) {
        return changed.into_iter().zip(parts).collect();
    }
    changed = vec![whole.changed(&whole_after)];
    let parts = new(&changed);
    changed.into_iter().zip(parts).collect()
}

/// Copies of the parts of a tree with these numbers, which rise.
pub(crate) fn copies(
    tree: PartsWalk<'_>,
    numbers: impl Iterator<Item = usize>,
    leaves: &mut dyn Leaves,
) -> Vec<Box<dyn AnyTree>> {
    let (mut numbers, mut copies) = (numbers.peekable(), Vec::new());
    tree(&mut EachPart::new(|at, part| {
        if numbers.next_if_eq(&at).is_some() {
            copies.push(part.copy(leaves));
        }
    }));
    copies
}

/// Replaces parts of a tree, by their numbers, which rise.
pub(crate) fn put(tree: PartsWalk<'_>, parts: impl Iterator<Item = (usize, Box<dyn AnyTree>)>) {
    let mut parts = parts.peekable();
    tree(&mut EachPart::new(|at, part| {
        if let Some((_, new)) = parts.next_if(|(number, _)| *number == at) {
            part.put(new);
        }
    }));
}

/// Visits parts with their numbers.
struct EachPart<F> {
    at: usize,
    f: F,
}

impl<F: FnMut(usize, &mut dyn AnyTree)> EachPart<F> {
    fn new(f: F) -> Self {
        EachPart { at: 0, f }
    }
}

impl<F: FnMut(usize, &mut dyn AnyTree)> VisitorMut for EachPart<F> {
    fn variable(&mut self, _: VarMut<'_>) {}
    fn array(&mut self, _: &mut Array) {}
    // The parts in nodes are not those of the tree.
    fn shared(&mut self, _: &dyn SharedNode) {}
    fn module(&mut self, part: &mut dyn AnyTree) {
        (self.f)(self.at, part);
        self.at += 1;
    }
}

/// A part of a tree with those in it.
struct Part {
    path: Path,
    of: TypeId,
    number: usize,
    leaves: Range<usize>,
    statics: Statics,
    parts: Vec<Part>,
}

impl Part {
    /// A whole tree at `path`, which holds nodes that `known` numbers.
    fn of(tree: PartsWalk<'_>, path: &Path, known: &KnownNodes) -> Part {
        let mut parts = CollectParts {
            known,
            path: path.clone(),
            number: 0,
            leaves: 0,
            outside: Vec::new(),
            begun: (0, 0),
            done: Vec::new(),
        };
        tree(&mut parts);
        match parts.done.pop() {
            Some(whole) => whole,
            None => unreachable!("the walk ends with the tree itself"),
        }
    }

    fn changed(&self, after: &Part) -> ChangedPart {
        ChangedPart {
            path: self.path.clone(),
            number: self.number,
            number_after: after.number,
            leaves: self.leaves.clone(),
            leaves_after: after.leaves.clone(),
        }
    }

    fn add_changed(&self, after: &Part, changed: &mut Vec<ChangedPart>) {
        if self.statics.is_same(&after.statics) {
            return;
        }
        let pairs = || self.parts.iter().zip(&after.parts);
        if self.parts.len() == after.parts.len()
            && pairs().all(|(before, after)| before.of == after.of && before.path == after.path)
            && self.statics.is_same_but(self.inside(), &after.statics, after.inside())
        {
            pairs().for_each(|(before, after)| before.add_changed(after, changed));
        } else {
            changed.push(self.changed(after));
        }
    }

    /// The static parts of the parts in it.
    fn inside(&self) -> impl Iterator<Item = &Statics> {
        self.parts.iter().map(|part| &part.statics)
    }
}

/// Collects the parts of a tree.
struct CollectParts<'k> {
    known: &'k KnownNodes,
    path: Path,
    number: usize,
    leaves: usize,
    /// Where the walk is: how many parts had ended and how many leaves were met when it entered each key, but the
    /// last one.
    outside: Vec<(usize, usize)>,
    /// The same of the last one.
    begun: (usize, usize),
    /// The parts that ended and are in no other one yet.
    done: Vec<Part>,
}

impl VisitorMut for CollectParts<'_> {
    fn variable(&mut self, _: VarMut<'_>) {
        self.leaves += 1;
    }
    fn array(&mut self, _: &mut Array) {
        self.leaves += 1;
    }
    fn shared(&mut self, _: &dyn SharedNode) {}
    fn module(&mut self, part: &mut dyn AnyTree) {
        let (parts, leaves) = self.begun;
        let statics = Statics::outside_nodes(self.known, &self.path, |v| part.flatten_any(v));
        let part = Part {
            path: self.path.clone(),
            of: part.of(),
            number: self.number,
            leaves: leaves..self.leaves,
            statics: statics.without_metadata(),
            parts: self.done.split_off(parts),
        };
        self.done.push(part);
        self.number += 1;
    }
    fn enter(&mut self, key: KeyRef<'_>) {
        self.path.push(key);
        self.outside.push(std::mem::replace(&mut self.begun, (self.done.len(), self.leaves)));
    }
    fn exit(&mut self) {
        self.path.pop();
        self.begun = self.outside.pop().unwrap_or_default();
    }
}
