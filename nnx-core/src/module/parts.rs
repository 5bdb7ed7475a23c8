//! The parts of a tree that got another structure, so that a change is handed back without the rest.
//!
//! A part is what [`VisitorMut::module`] is called with, and has a number in the order of these calls: parts come
//! before what holds them, and the tree itself comes last.

use super::compare::{KnownNodes, Statics};
use super::{AnyList, AnyTree, KeyRef, Leaves, Path, SharedNode, VarMut, VisitorMut};
use crate::graph::Array;
use std::any::TypeId;
use std::ops::Range;

/// Which part of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PartKey {
    number: usize,
    /// Of a list that grew or shrank at its end, how many items are as before: the part is the rest.
    kept: Option<usize>,
}

/// A part of a tree before a change and after it.
pub(crate) struct ChangedPart {
    pub(crate) path: Path,
    /// Which one it was before.
    pub(crate) before: PartKey,
    /// Which one it is after.
    pub(crate) after: PartKey,
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
        copies(&mut *after, changed.iter().map(|part| part.after), &mut *leaves())
    };
    let parts = new(&changed);
    put(before, changed.iter().map(|part| part.before).zip(new(&changed)));
    // Which part a static value belongs to is told by paths, and a walk written by hand may have its own.
    if Part::of(before, path, known).statics.is_same(&whole_after.statics) {
        return changed.into_iter().zip(parts).collect();
    }
    changed = vec![whole.changed(&whole_after, None)];
    let parts = new(&changed);
    changed.into_iter().zip(parts).collect()
}

/// Copies of these parts of a tree, whose numbers rise.
pub(crate) fn copies(
    tree: PartsWalk<'_>,
    keys: impl Iterator<Item = PartKey>,
    leaves: &mut dyn Leaves,
) -> Vec<Box<dyn AnyTree>> {
    let (mut keys, mut copies) = (keys.peekable(), Vec::new());
    tree(&mut EachPart::new(|part| {
        if let Some(key) = keys.next_if(|key| part.is(key)) {
            copies.push(part.copy(&key, leaves));
        }
    }));
    copies
}

/// Replaces these parts of a tree, whose numbers rise.
pub(crate) fn put(tree: PartsWalk<'_>, parts: impl Iterator<Item = (PartKey, Box<dyn AnyTree>)>) {
    let mut parts = parts.peekable();
    tree(&mut EachPart::new(|part| {
        if let Some((key, new)) = parts.next_if(|(key, _)| part.is(key)) {
            part.put(&key, new);
        }
    }));
}

/// The part of a number.
struct PartMut<'p> {
    number: usize,
    of: OfPart<'p>,
}

enum OfPart<'p> {
    Tree(&'p mut dyn AnyTree),
    /// A list, right before the visit of it as a tree.
    List(&'p mut dyn AnyList),
}

impl PartMut<'_> {
    fn is(&self, key: &PartKey) -> bool {
        self.number == key.number && matches!(self.of, OfPart::List(_)) == key.kept.is_some()
    }

    fn copy(&self, key: &PartKey, leaves: &mut dyn Leaves) -> Box<dyn AnyTree> {
        match &self.of {
            OfPart::Tree(tree) => tree.copy(leaves),
            OfPart::List(list) => list.copy_rest(key.kept.unwrap_or(0), leaves),
        }
    }

    fn put(self, key: &PartKey, new: Box<dyn AnyTree>) {
        match self.of {
            OfPart::Tree(tree) => tree.put(new),
            OfPart::List(list) => list.put_rest(key.kept.unwrap_or(0), new),
        }
    }
}

/// Visits parts with their numbers.
struct EachPart<F> {
    number: usize,
    f: F,
}

impl<F: FnMut(PartMut<'_>)> EachPart<F> {
    fn new(f: F) -> Self {
        EachPart { number: 0, f }
    }
}

impl<F: FnMut(PartMut<'_>)> VisitorMut for EachPart<F> {
    fn variable(&mut self, _: VarMut<'_>) {}
    fn array(&mut self, _: &mut Array) {}
    // The parts in nodes are not those of the tree.
    fn shared(&mut self, _: &dyn SharedNode) {}
    fn module(&mut self, part: &mut dyn AnyTree) {
        (self.f)(PartMut { number: self.number, of: OfPart::Tree(part) });
        self.number += 1;
    }
    fn list(&mut self, list: &mut dyn AnyList) {
        (self.f)(PartMut { number: self.number, of: OfPart::List(list) });
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
    /// Whether it is a list, and the parts in it are its items.
    is_list: bool,
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
            list: None,
            done: Vec::new(),
        };
        tree(&mut parts);
        match parts.done.pop() {
            Some(whole) => whole,
            None => unreachable!("the walk ends with the tree itself"),
        }
    }

    /// The part before and after, or, of a list, the items but the first `kept` ones.
    fn changed(&self, after: &Part, kept: Option<usize>) -> ChangedPart {
        let key = |part: &Part| PartKey { number: part.number, kept };
        let leaves = |part: &Part| {
            let last_kept = part.parts[..kept.unwrap_or(0)].last();
            last_kept.map_or(part.leaves.start, |item| item.leaves.end)..part.leaves.end
        };
        ChangedPart {
            path: self.path.clone(),
            before: key(self),
            after: key(after),
            leaves: leaves(self),
            leaves_after: leaves(after),
        }
    }

    /// How many items are as before, if it is a list that grew or shrank at its end.
    fn kept(&self, after: &Part) -> Option<usize> {
        let (len, len_after) = (self.parts.len(), after.parts.len());
        let is_kept = |(before, after): (&Part, &Part)| {
            before.of == after.of && before.statics.is_same(&after.statics)
        };
        let are_kept = || self.parts.iter().zip(&after.parts).all(is_kept);
        (self.is_list && after.is_list && len != len_after && are_kept())
            .then_some(len.min(len_after))
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
            changed.push(self.changed(after, self.kept(after)));
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
    /// The length of the list that is the next part.
    list: Option<usize>,
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
        let inside = self.done.split_off(parts);
        // A walk written by hand may visit a list among other things.
        let of_items = inside.first().map_or(leaves, |item| item.leaves.start)
            ..inside.last().map_or(leaves, |item| item.leaves.end);
        let is_list = self.list.take() == Some(inside.len()) && of_items == (leaves..self.leaves);
        let part = Part {
            path: self.path.clone(),
            of: part.of(),
            number: self.number,
            leaves: leaves..self.leaves,
            statics: statics.without_metadata(),
            parts: inside,
            is_list,
        };
        self.done.push(part);
        self.number += 1;
    }
    fn list(&mut self, list: &mut dyn AnyList) {
        self.list = Some(list.len());
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
