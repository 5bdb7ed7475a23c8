//! The parts of a tree that got another structure, so that a change is handed back without the rest.
//!
//! A part is what [`VisitorMut::module`] is called with, and has a number in the order of these calls: parts come
//! before what holds them, and the tree itself comes last.

use super::compare::{KnownNodes, Statics};
use super::walk::skipped_in;
use super::{AnyList, AnyTree, KeyRef, Leaves, Path, PathKey, SharedNode, VarMut, VisitorMut};
use crate::graph::Array;
use std::any::{Any, TypeId};
use std::ops::Range;

/// Which part of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PartKey {
    number: usize,
    /// Of a list, the items that are as before: the part is what lies between them.
    kept: Option<KeptItems>,
}

/// Items of a list at both of its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct KeptItems {
    first: usize,
    last: usize,
    /// The type of the list: several lists may have one number, in a walk written by hand.
    of: TypeId,
}

impl KeptItems {
    /// The items between them in a list of this length.
    fn between(self, len: usize) -> Range<usize> {
        self.first..len.saturating_sub(self.last)
    }
}

impl PartKey {
    /// The items of a list of this length that are the part.
    fn items(&self, len: usize) -> Range<usize> {
        self.kept.map_or(0..len, |kept| kept.between(len))
    }
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

/// Whether a leaf, by its number before, holds the value of another leaf after.
pub(crate) type IsMoved<'m> = &'m dyn Fn(usize, &Array) -> bool;

/// The smallest parts of a tree that have to be replaced to make it like `after`, and copies of them with `leaves`.
/// Both trees hold the nodes that `known` numbers, and lie at `path`. The first one is changed.
pub(crate) fn changed_parts(
    before: PartsWalk<'_>,
    after: PartsWalk<'_>,
    path: &Path,
    known: &KnownNodes,
    leaves: &dyn Fn() -> Box<dyn Leaves>,
    is_moved: IsMoved<'_>,
) -> Vec<(ChangedPart, Box<dyn AnyTree>)> {
    let (whole, _) = Part::of(before, path, known);
    let (whole_after, leaves_after) = Part::of(after, path, known);
    let is_moved = |leaf: usize, after: usize| is_moved(leaf, &leaves_after[after]);
    let mut changed = Vec::new();
    whole.add_changed(&whole_after, &is_moved, &mut changed);
    let mut new = |changed: &[ChangedPart]| {
        copies(&mut *after, changed.iter().map(|part| part.after), &mut *leaves())
    };
    let parts = new(&changed);
    put(before, changed.iter().map(|part| part.before).zip(new(&changed)));
    // Which part a static value belongs to is told by paths, and a walk written by hand may have its own.
    if Part::of(before, path, known).0.statics.is_same(&whole_after.statics) {
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
        let list = match &self.of {
            OfPart::Tree(_) => None,
            OfPart::List(list) => Some(Any::type_id(&**list)),
        };
        self.number == key.number && list == key.kept.map(|kept| kept.of)
    }

    fn copy(&self, key: &PartKey, leaves: &mut dyn Leaves) -> Box<dyn AnyTree> {
        match &self.of {
            OfPart::Tree(tree) => tree.copy(leaves),
            OfPart::List(list) => list.copy_items(key.items(list.len()), leaves),
        }
    }

    fn put(self, key: &PartKey, new: Box<dyn AnyTree>) {
        match self.of {
            OfPart::Tree(tree) => tree.put(new),
            OfPart::List(list) => list.put_items(key.items(list.len()), new),
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
    /// The type of the list that it is, if the parts in it are its items, and there is no field in them that walks
    /// pass over: which items are the same ones cannot be told then.
    list: Option<TypeId>,
}

impl Part {
    /// A whole tree at `path`, which holds nodes that `known` numbers, and its leaves.
    fn of(tree: PartsWalk<'_>, path: &Path, known: &KnownNodes) -> (Part, Vec<Array>) {
        let mut parts = CollectParts {
            known,
            path: path.clone(),
            number: 0,
            leaves: Vec::new(),
            outside: Vec::new(),
            begun: (0, 0),
            list: None,
            done: Vec::new(),
        };
        tree(&mut parts);
        match parts.done.pop() {
            Some(whole) => (whole, parts.leaves),
            None => unreachable!("the walk ends with the tree itself"),
        }
    }

    /// The part before and after, or, of a list, the items but those that are kept.
    fn changed(&self, after: &Part, kept: Option<KeptItems>) -> ChangedPart {
        let key = |part: &Part| PartKey { number: part.number, kept };
        let leaves = |part: &Part| match kept {
            Some(kept) => part.leaves_of(kept.between(part.parts.len())),
            None => part.leaves.clone(),
        };
        ChangedPart {
            path: self.path.clone(),
            before: key(self),
            after: key(after),
            leaves: leaves(self),
            leaves_after: leaves(after),
        }
    }

    /// The leaves of these of the parts in it.
    fn leaves_of(&self, parts: Range<usize>) -> Range<usize> {
        let end_of = |part: usize| match part.checked_sub(1) {
            Some(last) => self.parts[last].leaves.end,
            None => self.leaves.start,
        };
        end_of(parts.start)..end_of(parts.end)
    }

    /// Of a list, the items that are as before. Where items moved among those that stay, their values would have to
    /// be copied: new items take them as they are.
    fn kept(&self, after: &Part, is_moved: &dyn Fn(usize, usize) -> bool) -> Option<KeptItems> {
        let of = self.list.filter(|_| self.list == after.list)?;
        let stays = |(item, now): &(&Part, &Part)| {
            item.is_same_item(now)
                && !item.leaves.clone().zip(now.leaves.clone()).any(|(a, b)| is_moved(a, b))
        };
        let pairs = self.parts.iter().zip(&after.parts);
        let first = pairs.take_while(stays).count();
        let rest = |list: &Part| list.parts.len() - first;
        let pairs = self.parts.iter().rev().zip(after.parts.iter().rev());
        let last = pairs.take(rest(self).min(rest(after))).take_while(stays).count();
        (first + last > 0).then_some(KeptItems { first, last, of })
    }

    /// Whether an item of a list has the same structure as one of another, where their places may differ, or as one
    /// of the same key of a map.
    fn is_same_item(&self, other: &Part) -> bool {
        let place = |item: &Part| match item.path.keys().last() {
            Some(PathKey::Name(key)) => Some(key.clone()),
            Some(PathKey::Index(_)) | None => None,
        };
        self.of == other.of
            && place(self) == place(other)
            && self.statics.is_same_below(&self.path, &other.statics, &other.path)
    }

    fn add_changed(
        &self,
        after: &Part,
        is_moved: &dyn Fn(usize, usize) -> bool,
        changed: &mut Vec<ChangedPart>,
    ) {
        if self.statics.is_same(&after.statics) {
            return;
        }
        let pairs = || self.parts.iter().zip(&after.parts);
        if self.parts.len() == after.parts.len()
            && pairs().all(|(before, after)| before.of == after.of && before.path == after.path)
            && self.statics.is_same_but(self.inside(), &after.statics, after.inside())
        {
            pairs().for_each(|(before, after)| before.add_changed(after, is_moved, changed));
        } else {
            changed.push(self.changed(after, self.kept(after, is_moved)));
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
    leaves: Vec<Array>,
    /// Where the walk is: how many parts had ended and how many leaves were met when it entered each key, but the
    /// last one.
    outside: Vec<(usize, usize)>,
    /// The same of the last one.
    begun: (usize, usize),
    /// The parts that ended and are in no other one yet.
    done: Vec<Part>,
    /// The length and the type of the list that is the next part.
    list: Option<(usize, TypeId)>,
}

impl VisitorMut for CollectParts<'_> {
    fn variable(&mut self, v: VarMut<'_>) {
        self.leaves.push(v.value.clone());
    }
    fn array(&mut self, array: &mut Array) {
        self.leaves.push(array.clone());
    }
    fn shared(&mut self, _: &dyn SharedNode) {}
    fn module(&mut self, part: &mut dyn AnyTree) {
        let (parts, leaves) = self.begun;
        let statics = Statics::outside_nodes(self.known, &self.path, |v| part.flatten_any(v));
        let inside = self.done.split_off(parts);
        // A walk written by hand may visit a list among other things.
        let of_items = inside.first().map_or(leaves, |item| item.leaves.start)
            ..inside.last().map_or(leaves, |item| item.leaves.end);
        let all = leaves..self.leaves.len();
        let is_plain = |(len, _): &(usize, TypeId)| {
            *len == inside.len()
                && of_items == all
                && skipped_in(|mut v| part.flatten_any(&mut v)).is_none()
        };
        let list = self.list.take().filter(is_plain).map(|(_, of)| of);
        let part = Part {
            path: self.path.clone(),
            of: part.of(),
            number: self.number,
            leaves: all,
            statics: statics.without_metadata(),
            parts: inside,
            list,
        };
        self.done.push(part);
        self.number += 1;
    }
    fn list(&mut self, list: &mut dyn AnyList) {
        self.list = Some((list.len(), Any::type_id(list)));
    }
    fn enter(&mut self, key: KeyRef<'_>) {
        self.path.push(key);
        self.list = None;
        self.outside.push(std::mem::replace(&mut self.begun, (self.done.len(), self.leaves.len())));
    }
    fn exit(&mut self) {
        self.path.pop();
        self.list = None;
        self.begun = self.outside.pop().unwrap_or_default();
    }
}
