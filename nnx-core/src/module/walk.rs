//! Walks over Modules that several rooms share.

use super::statics::describe;
use super::{
    KeyRef, Kind, Leaves, Metadata, Module, Path, StaticValue, Structure, VarInfo, VarMut, VarRef,
    Visitor, VisitorMut,
};
use crate::graph::Array;
use rustc_hash::FxHashMap;
use std::hash::{Hash, Hasher};

/// A leaf of a tree.
#[derive(Clone)]
pub(crate) struct Leaf {
    pub(crate) array: Array,
    /// The kind of a Variable; plain arrays have none.
    pub(crate) kind: Option<&'static Kind>,
}

/// All leaves in order.
pub(crate) fn collect_leaves<M: Module>(module: &M) -> Vec<Leaf> {
    leaves_of(|visitor| module.flatten(visitor))
}

/// The leaves that a walk meets, of one tree or several.
pub(crate) fn leaves_of(flatten: impl FnOnce(&mut CollectLeaves)) -> Vec<Leaf> {
    let mut leaves = CollectLeaves(Vec::new());
    flatten(&mut leaves);
    leaves.0
}

pub(crate) struct CollectLeaves(Vec<Leaf>);

impl Visitor for CollectLeaves {
    fn variable(&mut self, v: VarRef<'_>) {
        self.0.push(Leaf { array: v.value.clone(), kind: Some(v.kind) });
    }
    fn array(&mut self, array: &Array) {
        self.0.push(Leaf { array: array.clone(), kind: None });
    }
    fn static_value(&mut self, _: &dyn StaticValue) {}
    fn structure(&mut self, _: Structure) {}
}

/// A tree of the structure of `module` whose leaf `i` is `leaf(i, old)`.
pub(crate) fn rebuild<M: Module>(module: &M, leaf: impl FnMut(usize, &Array) -> Array) -> M {
    module.unflatten(&mut Rebuild { at: 0, leaf })
}

/// Leaves given by a function of their position and old value.
pub(crate) struct Rebuild<F> {
    pub(crate) at: usize,
    pub(crate) leaf: F,
}

impl<F: FnMut(usize, &Array) -> Array> Leaves for Rebuild<F> {
    fn variable(&mut self, v: VarRef<'_>) -> Array {
        self.array(v.value)
    }
    fn array(&mut self, array: &Array) -> Array {
        self.at += 1;
        (self.leaf)(self.at - 1, array)
    }
}

/// Calls `f` with the position and value of every leaf, to replace it.
pub(crate) fn replace_leaves<M: Module>(module: &mut M, f: impl FnMut(usize, &mut Array)) {
    module.flatten_mut(&mut Replace { at: 0, f });
}

/// Visits leaves with their position.
pub(crate) struct Replace<F> {
    pub(crate) at: usize,
    pub(crate) f: F,
}

impl<F: FnMut(usize, &mut Array)> VisitorMut for Replace<F> {
    #[inline]
    fn variable(&mut self, v: VarMut<'_>) {
        self.array(v.value);
    }
    #[inline]
    fn array(&mut self, array: &mut Array) {
        (self.f)(self.at, array);
        self.at += 1;
    }
}

/// A static part of a tree, kept for comparison.
enum StaticPart {
    Value(Box<dyn StaticValue>),
    Structure(Structure),
    /// What is noted on a Variable, and its position among the leaves: one without notes leaves no
    /// trace here.
    Metadata(usize, Metadata),
}

impl StaticPart {
    fn same(&self, other: &StaticPart) -> bool {
        match (self, other) {
            (StaticPart::Value(a), StaticPart::Value(b)) => a.eq_static(&**b),
            (StaticPart::Structure(a), StaticPart::Structure(b)) => a == b,
            (StaticPart::Metadata(i, a), StaticPart::Metadata(j, b)) => i == j && a == b,
            _ => false,
        }
    }
}

/// Where two trees differ in their static parts.
pub(crate) struct Difference {
    pub(crate) message: String,
    /// The path, if it is a static value that differs.
    pub(crate) value: Option<String>,
}

impl Difference {
    /// Between two lists, of which one may have ended.
    fn between(before: Option<&(Path, StaticPart)>, now: Option<&(Path, StaticPart)>) -> Self {
        let mut value = None;
        let message = match (before, now) {
            (
                Some((path, StaticPart::Structure(before))),
                Some((_, StaticPart::Structure(now))),
            ) => {
                format!("`{path}` is now {now}, before {before}")
            }
            (Some((path, StaticPart::Value(before))), Some((_, StaticPart::Value(now)))) => {
                value = Some(path.to_string());
                match (describe(&**before), describe(&**now)) {
                    (Some(before), Some(now)) => {
                        format!("the static value `{path}` is now {now}, before {before}")
                    }
                    _ => format!("the static value `{path}` ({}) differs", before.type_name()),
                }
            }
            _ => Self::of_metadata(before, now),
        };
        Difference { message, value }
    }

    /// Where one of the two has notes on a Variable that the other lacks, or has different ones.
    fn of_metadata(
        before: Option<&(Path, StaticPart)>,
        now: Option<&(Path, StaticPart)>,
    ) -> String {
        type Noted<'a> = (&'a Path, usize, &'a Metadata);
        fn noted(part: Option<&(Path, StaticPart)>) -> Option<Noted<'_>> {
            match part {
                Some((path, StaticPart::Metadata(leaf, metadata))) => Some((path, *leaf, metadata)),
                _ => None,
            }
        }
        let (path, before, now) = match (noted(before), noted(now)) {
            (Some((path, i, before)), Some((_, j, now))) if i == j => (path, before, now),
            (Some((path, i, before)), other) if other.is_none_or(|(_, j, _)| i < j) => {
                (path, before, &Metadata::EMPTY)
            }
            (_, Some((path, _, now))) => (path, &Metadata::EMPTY, now),
            _ => return "the number of static parts differs".into(),
        };
        format!("the metadata of `{path}` is now {now}, before {before}")
    }
}

/// The static parts of a tree in order: the part of a jitted function's key that is not shapes.
#[derive(Default)]
pub(crate) struct Statics {
    items: Vec<(Path, StaticPart)>,
    path: Path,
    leaves: usize,
}

impl Statics {
    pub(crate) fn of(flatten: impl FnOnce(&mut Statics)) -> Self {
        let mut statics = Statics::default();
        flatten(&mut statics);
        statics
    }

    /// The first place where `other`, the later one, differs, and what is there.
    pub(crate) fn difference(&self, other: &Statics) -> Option<Difference> {
        let length = self.items.len().max(other.items.len());
        (0..length).map(|i| (self.items.get(i), other.items.get(i))).find_map(|(before, now)| {
            let same = match (before, now) {
                (Some((path, before)), Some((other_path, now))) => {
                    path == other_path && before.same(now)
                }
                _ => false,
            };
            (!same).then(|| Difference::between(before, now))
        })
    }

    /// How many parts only one of the two has.
    pub(crate) fn distance(&self, other: &Statics) -> usize {
        let mut unmatched: FxHashMap<&Path, Vec<&StaticPart>> = FxHashMap::default();
        for (path, part) in &self.items {
            unmatched.entry(path).or_default().push(part);
        }
        let mut matches = 0;
        for (path, part) in &other.items {
            let Some(parts) = unmatched.get_mut(path) else { continue };
            if let Some(i) = parts.iter().position(|p| p.same(part)) {
                parts.swap_remove(i);
                matches += 1;
            }
        }
        self.items.len() + other.items.len() - 2 * matches
    }

    /// Whether the tree that `flatten` walks has the same static parts. Allocates nothing.
    pub(crate) fn matches(&self, flatten: impl FnOnce(&mut Matcher<'_>)) -> bool {
        let mut matcher = Matcher { rest: self.items.iter(), leaf: 0, same: true };
        flatten(&mut matcher);
        matcher.same && matcher.rest.next().is_none()
    }
}

impl Hash for Statics {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for (path, part) in &self.items {
            path.hash(state);
            match part {
                StaticPart::Value(value) => value.hash_static(state),
                StaticPart::Structure(structure) => structure.hash(state),
                StaticPart::Metadata(leaf, metadata) => (leaf, metadata).hash(state),
            }
        }
    }
}

impl Visitor for Statics {
    fn variable(&mut self, v: VarRef<'_>) {
        if !v.metadata.is_empty() {
            let metadata = StaticPart::Metadata(self.leaves, v.metadata.clone());
            self.items.push((self.path.clone(), metadata));
        }
        self.leaves += 1;
    }
    fn array(&mut self, _: &Array) {
        self.leaves += 1;
    }
    fn static_value(&mut self, value: &dyn StaticValue) {
        self.items.push((self.path.clone(), StaticPart::Value(value.clone_static())));
    }
    fn structure(&mut self, structure: Structure) {
        self.items.push((self.path.clone(), StaticPart::Structure(structure)));
    }
    fn enter(&mut self, key: KeyRef<'_>) {
        self.path.push(key);
    }
    fn exit(&mut self) {
        self.path.pop();
    }
}

/// Compares static parts while walking.
pub(crate) struct Matcher<'s> {
    rest: std::slice::Iter<'s, (Path, StaticPart)>,
    leaf: usize,
    same: bool,
}

impl Visitor for Matcher<'_> {
    #[inline]
    fn variable(&mut self, v: VarRef<'_>) {
        if !v.metadata.is_empty() {
            let next = self.rest.next();
            self.same &= matches!(
                next,
                Some((_, StaticPart::Metadata(leaf, m))) if *leaf == self.leaf && m == v.metadata
            );
        }
        self.leaf += 1;
    }
    #[inline]
    fn array(&mut self, _: &Array) {
        self.leaf += 1;
    }
    #[inline]
    fn static_value(&mut self, value: &dyn StaticValue) {
        let next = self.rest.next();
        self.same &= matches!(next, Some((_, StaticPart::Value(v))) if v.eq_static(value));
    }
    #[inline]
    fn structure(&mut self, structure: Structure) {
        let next = self.rest.next();
        self.same &= matches!(next, Some((_, StaticPart::Structure(s))) if *s == structure);
    }
}

/// The path of every leaf, in order.
pub(crate) fn paths(flatten: impl FnOnce(&mut Paths)) -> Vec<Path> {
    let mut paths = Paths::default();
    flatten(&mut paths);
    paths.all
}

/// Collects the paths of leaves.
#[derive(Default)]
pub(crate) struct Paths {
    path: Path,
    all: Vec<Path>,
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
    fn enter(&mut self, key: KeyRef<'_>) {
        self.path.push(key);
    }
    fn exit(&mut self) {
        self.path.pop();
    }
}

/// Calls `f` with the path of every leaf and what is known of it.
pub(crate) fn for_each_leaf<M: Module>(module: &M, f: impl FnMut(&Path, VarInfo<'_>)) {
    for_each_leaf_of(|v| module.flatten(v), f);
}

/// [`for_each_leaf`] of the leaves that a walk meets.
pub(crate) fn for_each_leaf_of<F: FnMut(&Path, VarInfo<'_>)>(
    flatten: impl FnOnce(&mut EachLeaf<F>),
    f: F,
) {
    flatten(&mut EachLeaf(Path::new(), f));
}

pub(crate) struct EachLeaf<F>(Path, F);

impl<F: FnMut(&Path, VarInfo<'_>)> Visitor for EachLeaf<F> {
    fn variable(&mut self, v: VarRef<'_>) {
        (self.1)(&self.0, v.into());
    }
    fn array(&mut self, array: &Array) {
        (self.1)(&self.0, VarInfo::of_array(array));
    }
    fn static_value(&mut self, _: &dyn StaticValue) {}
    fn structure(&mut self, _: Structure) {}
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
    /// What is noted on a Variable.
    pub(crate) metadata: Option<&'a mut Metadata>,
}

impl LeafMut<'_> {
    pub(crate) fn info(&self) -> VarInfo<'_> {
        let metadata = self.metadata.as_deref().unwrap_or(&Metadata::EMPTY);
        VarInfo { value: self.value, kind: self.kind, metadata }
    }
}

/// Calls `f` with the path of every leaf and the leaf, to change it.
pub(crate) fn for_each_leaf_mut<M: Module>(module: &mut M, f: impl FnMut(&Path, LeafMut<'_>)) {
    struct Each<F>(Path, F);
    impl<F: FnMut(&Path, LeafMut<'_>)> VisitorMut for Each<F> {
        fn variable(&mut self, v: VarMut<'_>) {
            let leaf = LeafMut { value: v.value, kind: Some(v.kind), metadata: Some(v.metadata) };
            (self.1)(&self.0, leaf);
        }
        fn array(&mut self, value: &mut Array) {
            (self.1)(&self.0, LeafMut { value, kind: None, metadata: None });
        }
        fn enter(&mut self, key: KeyRef<'_>) {
            self.0.push(key);
        }
        fn exit(&mut self) {
            self.0.pop();
        }
    }
    module.flatten_mut(&mut Each(Path::new(), f));
}

/// A tree of the structure of `module` with the values `f(path, leaf)`.
pub(crate) fn map_leaves<M: Module>(module: &M, f: impl FnMut(&Path, VarInfo<'_>) -> Array) -> M {
    struct Map<F>(Path, F);
    impl<F: FnMut(&Path, VarInfo<'_>) -> Array> Leaves for Map<F> {
        fn variable(&mut self, v: VarRef<'_>) -> Array {
            (self.1)(&self.0, v.into())
        }
        fn array(&mut self, array: &Array) -> Array {
            (self.1)(&self.0, VarInfo::of_array(array))
        }
        fn enter(&mut self, key: KeyRef<'_>) {
            self.0.push(key);
        }
        fn exit(&mut self) {
            self.0.pop();
        }
    }
    module.unflatten(&mut Map(Path::new(), f))
}

/// A tree with the same leaves, whose buffers are shared.
pub(crate) fn copy<M: Module>(module: &M) -> M {
    let mut same: &mut dyn Leaves =
        &mut Rebuild { at: 0, leaf: |_: usize, old: &Array| old.clone() };
    module.unflatten(&mut same)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Array;
    use crate::module::{MetaValue, Param};

    fn param(noted: bool) -> Param {
        let mut param = Param::new(Array::absent("no value"));
        if noted {
            param.metadata_mut().set("axis", MetaValue::Int(0));
        }
        param
    }

    /// A hash of both might be the same by chance, so the comparison has to tell them apart.
    #[test]
    fn metadata_on_another_leaf_does_not_match() {
        let of = |first, second| (param(first), Array::absent("data"), param(second));
        let (first, second) = (of(true, false), of(false, true));
        let statics = |m: &(Param, Array, Param)| Statics::of(|v| m.flatten(v));
        assert!(statics(&first).matches(|v| first.flatten(v)));
        assert!(!statics(&first).matches(|v| second.flatten(v)));
        let message = |a, b| statics(a).difference(&statics(b)).map(|what| what.message);
        let expected = "the metadata of `[0]` is now {}, before {axis: 0}";
        assert_eq!(message(&first, &second).as_deref(), Some(expected));
        let neither = of(false, false);
        let expected = "the metadata of `[2]` is now {axis: 0}, before {}";
        assert_eq!(message(&neither, &second).as_deref(), Some(expected));
    }
}
