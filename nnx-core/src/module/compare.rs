//! The static parts of trees, compared: for keys of jitted functions, and for what a function changed.

use super::node::LentNodes;
use super::statics::{describe, is_float};
use super::{
    Arrival, KeyRef, LinkTarget, Metadata, Path, Seen, SharedNode, StaticValue, Structure, VarRef,
    Visitor,
};
use crate::graph::{Array, current_trace};
use rustc_hash::FxHashMap;
use std::hash::{Hash, Hasher};

/// A static part of a tree, kept for comparison.
enum StaticPart {
    Value(Box<dyn StaticValue>),
    Structure(Structure),
    /// The metadata of a Variable, and the Variable's position among the leaves: one without
    /// metadata leaves no trace here.
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

fn same<'s>(
    one: impl ExactSizeIterator<Item = &'s PartAtPath>,
    other: impl ExactSizeIterator<Item = &'s PartAtPath>,
) -> bool {
    one.len() == other.len() && one.zip(other).all(|(a, b)| a.0 == b.0 && a.1.same(&b.1))
}

/// Where two trees differ in their static parts.
pub(crate) struct Difference {
    pub(crate) message: String,
    /// The path, if it is a static value that differs.
    pub(crate) value: Option<String>,
    /// Whether it is about which node a place holds.
    pub(crate) is_node: bool,
}

/// A part of a tree with its path.
type PartAtPath = (Path, StaticPart);

impl Difference {
    /// Between two lists, of which one may have ended. `node` is how a node at a place is called, before or now.
    fn between(
        before: Option<&PartAtPath>,
        now: Option<&PartAtPath>,
        node: &dyn Fn(&Path, Structure, bool) -> Option<String>,
    ) -> Self {
        let (mut value, mut is_node) = (None, false);
        let message = match (before, now) {
            (
                Some((path, StaticPart::Structure(before))),
                Some((_, StaticPart::Structure(now))),
            ) => match (node(path, *before, true), node(path, *now, false)) {
                (Some(before), Some(now)) => {
                    is_node = true;
                    let other = if before == now { "another one" } else { &now };
                    format!("`{path}` was {before}, now it is {other}")
                }
                _ => format!("`{path}` is now {now}, before {before}"),
            },
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
        Difference { message, value, is_node }
    }

    /// Where one of the two has notes on a Variable that the other lacks, or has different ones.
    fn of_metadata(before: Option<&PartAtPath>, now: Option<&PartAtPath>) -> String {
        type Noted<'a> = (&'a Path, usize, &'a Metadata);
        fn noted(part: Option<&PartAtPath>) -> Option<Noted<'_>> {
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

/// The static parts of a tree in order: the part of a jitted function's key that is not shapes. Of
/// shared nodes it holds the pattern of their places, never who they are.
#[derive(Default)]
pub(crate) struct Statics(Vec<PartAtPath>);

impl Statics {
    pub(crate) fn of(flatten: impl FnOnce(&mut CollectStatics<'_>)) -> Self {
        let known = KnownNodes { inside: Seen::default(), outside: Some(Seen::default()) };
        Statics::of_others(&known, flatten)
    }

    /// As [`of`](Statics::of), but the nodes that `known` numbers are not walked through.
    pub(crate) fn of_others(
        known: &KnownNodes,
        flatten: impl FnOnce(&mut CollectStatics<'_>),
    ) -> Self {
        let outside = known.outside.clone();
        Statics::collect(Places::Walk(known.inside.clone()), outside, Path::new(), flatten)
    }

    /// The static parts outside of shared nodes, which have the numbers that `known` gave them, of a part
    /// of a tree at `path`.
    pub(crate) fn outside_nodes(
        known: &KnownNodes,
        path: &Path,
        flatten: impl FnOnce(&mut CollectStatics<'_>),
    ) -> Self {
        let outside = known.outside.clone();
        Statics::collect(Places::Known(&known.inside), outside, path.clone(), flatten)
    }

    fn collect(
        places: Places<'_>,
        mut outside: Option<Seen>,
        path: Path,
        flatten: impl FnOnce(&mut CollectStatics<'_>),
    ) -> Self {
        let links = Vec::new();
        let mut walk = CollectStatics { items: Vec::new(), path, leaves: 0, places, links };
        flatten(&mut walk);
        let CollectStatics { mut items, places, links, .. } = walk;
        for (at, id, is_new) in links {
            let is_known = outside.as_ref().is_some_and(|seen| seen.number(id).is_some());
            let link = match (places.number(id), &mut outside) {
                (Some(number), _) => Structure::Link(LinkTarget::Node(number)),
                (None, _) if is_new && !is_known => Structure::NewNode,
                (None, Some(outside)) => Structure::Link(outside_target(outside, id)),
                (None, None) => continue,
            };
            items[at].1 = StaticPart::Structure(link);
        }
        Statics(items)
    }

    /// Whether `other` has the same parts.
    pub(crate) fn is_same(&self, other: &Statics) -> bool {
        same(self.0.iter(), other.0.iter())
    }

    /// As [`is_same`](Statics::is_same) for parts of trees, whose paths are told from where the parts lie.
    pub(crate) fn is_same_below(&self, path: &Path, other: &Statics, other_path: &Path) -> bool {
        let same = |((path_of_one, one), (path_of_other, two)): (&PartAtPath, &PartAtPath)| {
            let below = path_of_one.keys().get(path.keys().len()..);
            below == path_of_other.keys().get(other_path.keys().len()..) && one.same(two)
        };
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(same)
    }

    /// As [`is_same`](Statics::is_same), but for what is in parts of both trees, which are given in their order.
    pub(crate) fn is_same_but<'s>(
        &'s self,
        parts: impl Iterator<Item = &'s Statics>,
        other: &'s Statics,
        parts_of_other: impl Iterator<Item = &'s Statics>,
    ) -> bool {
        same(self.without(parts).into_iter(), other.without(parts_of_other).into_iter())
    }

    fn without<'s>(&'s self, parts: impl Iterator<Item = &'s Statics>) -> Vec<&'s PartAtPath> {
        let (mut left, mut rest) = (Vec::new(), self.0.as_slice());
        for Statics(part) in parts.filter(|part| !part.0.is_empty()) {
            let starts = |at: &usize| same(rest[*at..].iter().take(part.len()), part.iter());
            let Some(at) = (0..rest.len()).find(starts) else { break };
            left.extend(&rest[..at]);
            rest = &rest[at + part.len()..];
        }
        left.extend(rest);
        left
    }

    /// Without the metadata of Variables.
    pub(crate) fn without_metadata(mut self) -> Self {
        self.0.retain(|(_, part)| !matches!(part, StaticPart::Metadata(..)));
        self
    }

    /// The first place where `other`, the later one, differs, and what is there.
    pub(crate) fn difference(&self, other: &Statics) -> Option<Difference> {
        self.difference_of(other, &|number| {
            let first = |(_, part): &&PartAtPath| {
                matches!(part, StaticPart::Structure(Structure::Node(n)) if *n == number)
            };
            let place = self.0.iter().chain(&other.0).find(first);
            place.map_or_else(|| "another node".into(), |(path, _)| format!("`{path}`"))
        })
    }

    /// As [`difference`](Statics::difference); `name` gives the name of a node by its number.
    pub(crate) fn difference_of(
        &self,
        other: &Statics,
        name: &dyn Fn(usize) -> String,
    ) -> Option<Difference> {
        let node = |path: &Path, structure, is_before| match structure {
            Structure::Node(_) | Structure::NewNode | Structure::Link(LinkTarget::Nothing) => {
                Some(structure.to_string())
            }
            Structure::Ref(number) => Some(name(number)),
            Structure::Link(LinkTarget::Node(number)) => {
                Some(format!("a link to {}", name(number)))
            }
            Structure::Link(LinkTarget::Outside(_)) => {
                let part = StaticPart::Structure(structure);
                let of = if is_before { self } else { other };
                let first = of.0.iter().find(|(_, other)| other.same(&part));
                Some(match first.filter(|(first, _)| first != path) {
                    Some((first, _)) => format!("a link to the node that `{first}` links to"),
                    None => structure.to_string(),
                })
            }
            _ => None,
        };
        let length = self.0.len().max(other.0.len());
        (0..length).map(|i| (self.0.get(i), other.0.get(i))).find_map(|(before, now)| {
            let same = match (before, now) {
                (Some((path, before)), Some((other_path, now))) => {
                    path == other_path && before.same(now)
                }
                _ => false,
            };
            (!same).then(|| Difference::between(before, now, &node))
        })
    }

    /// The first place where `other` has another form: a container that is filled in another way, or a place
    /// that holds another node; and a description of what both have there. Values and links are passed over.
    pub(crate) fn other_form(&self, other: &Statics) -> Option<(Path, [String; 2])> {
        let (mut mine, mut others) = (self.form(), other.form());
        loop {
            let (a, b) = (mine.next(), others.next());
            if a == b {
                a?;
                continue;
            }
            let path = a.or(b)?.0;
            let show = |part: Option<(&Path, Structure)>, of: &Statics| match part {
                Some((at, Structure::Ref(number))) if at == path => {
                    let first = |(_, part): &(&Path, Structure)| *part == Structure::Node(number);
                    let first = of.form().find(first).map(|(path, _)| path.to_string());
                    format!("the node of `{}`", first.unwrap_or_default())
                }
                Some((at, structure)) if at == path => structure.to_string(),
                _ => "nothing".into(),
            };
            return Some((path.clone(), [show(a, self), show(b, other)]));
        }
    }

    fn form(&self) -> impl Iterator<Item = (&Path, Structure)> {
        self.0.iter().filter_map(|(path, part)| match part {
            StaticPart::Structure(Structure::Link(_)) => None,
            StaticPart::Structure(structure) => Some((path, *structure)),
            _ => None,
        })
    }

    /// The floats that differ in `other`, the later one, if nothing else does: each path, the float and the
    /// float before.
    pub(crate) fn floats_that_differ(&self, other: &Statics) -> Option<Vec<(String, String)>> {
        if self.0.len() != other.0.len() {
            return None;
        }
        let mut floats = Vec::new();
        for ((path, before), (other_path, now)) in self.0.iter().zip(&other.0) {
            if path != other_path {
                return None;
            }
            match (before, now) {
                (before, now) if before.same(now) => {}
                (StaticPart::Value(before), StaticPart::Value(now))
                    if is_float(&**before) && is_float(&**now) =>
                {
                    let show = |value: &dyn StaticValue| describe(value).unwrap_or_default();
                    floats.push((
                        path.to_string(),
                        format!("{}, before {}", show(&**now), show(&**before)),
                    ));
                }
                _ => return None,
            }
        }
        (!floats.is_empty()).then_some(floats)
    }

    /// How many parts only one of the two has.
    pub(crate) fn distance(&self, other: &Statics) -> usize {
        let mut unmatched: FxHashMap<&Path, Vec<&StaticPart>> = FxHashMap::default();
        for (path, part) in &self.0 {
            unmatched.entry(path).or_default().push(part);
        }
        let mut matches = 0;
        for (path, part) in &other.0 {
            let Some(parts) = unmatched.get_mut(path) else { continue };
            if let Some(i) = parts.iter().position(|p| p.same(part)) {
                parts.swap_remove(i);
                matches += 1;
            }
        }
        self.0.len() + other.0.len() - 2 * matches
    }

    /// Whether the tree that `flatten` walks has the same static parts. Its nodes are lent to a call,
    /// and numbered by it. Allocates nothing, but for links to many nodes outside of the tree.
    pub(crate) fn matches(
        &self,
        nodes: &LentNodes,
        flatten: impl FnOnce(&mut Matcher<'_>),
    ) -> bool {
        let mut outside = Seen::default();
        let links = Some(Links { nodes, outside: &mut outside });
        let mut matcher = Matcher { links, ..self.matcher() };
        flatten(&mut matcher);
        matcher.is_match()
    }

    /// To compare with a tree without links while it is walked, as [`matches`](Statics::matches) does.
    #[inline]
    pub(crate) fn matcher(&self) -> Matcher<'_> {
        Matcher { rest: self.0.iter(), leaf: 0, nodes: 0, links: None, same: true }
    }

    /// Whether there are links, which can be compared only when all nodes are numbered.
    pub(crate) fn has_links(&self) -> bool {
        self.0.iter().any(|(_, part)| matches!(part, StaticPart::Structure(Structure::Link(_))))
    }
}

impl Hash for Statics {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for (path, part) in &self.0 {
            path.hash(state);
            match part {
                StaticPart::Value(value) => value.hash_static(state),
                StaticPart::Structure(structure) => structure.hash(state),
                StaticPart::Metadata(leaf, metadata) => (leaf, metadata).hash(state),
            }
        }
    }
}

/// The nodes that have numbers before a walk.
#[derive(Default, Clone)]
pub(crate) struct KnownNodes {
    pub(crate) inside: Seen,
    /// Those outside of the tree that links lead to. If there is no list, links to them pass for links to nothing.
    pub(crate) outside: Option<Seen>,
}

/// The target of a link to the node `id`, which is outside of the tree.
fn outside_target(outside: &mut Seen, id: usize) -> LinkTarget {
    let (Arrival::First(number) | Arrival::Again(number)) = outside.arrive_at(id);
    LinkTarget::Outside(number)
}

/// How the places of nodes are told.
enum Places<'m> {
    /// Nodes are walked through, and numbered in the order of their first places.
    Walk(Seen),
    /// Nodes are not walked through, and have numbers already.
    Known(&'m Seen),
}

impl Places<'_> {
    fn number(&self, id: usize) -> Option<usize> {
        match self {
            Places::Walk(seen) => seen.number(id),
            Places::Known(known) => known.number(id),
        }
    }
}

/// Collects static parts while walking.
pub(crate) struct CollectStatics<'m> {
    items: Vec<PartAtPath>,
    path: Path,
    leaves: usize,
    places: Places<'m>,
    /// Links, whose nodes may come later in the walk: the item, the node, and whether it was made by the
    /// running trace.
    links: Vec<(usize, usize, bool)>,
}

impl Visitor for CollectStatics<'_> {
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
    fn shared(&mut self, node: &dyn SharedNode) {
        let place = match &mut self.places {
            Places::Known(known) => {
                known.number(node.id()).map_or(Structure::NewNode, Structure::Ref)
            }
            Places::Walk(seen) => match seen.arrive(node) {
                Arrival::Again(number) => Structure::Ref(number),
                Arrival::First(number) => {
                    self.structure(Structure::Node(number));
                    return node.flatten(self);
                }
            },
        };
        self.structure(place);
    }
    fn link(&mut self, node: Option<&dyn SharedNode>) {
        if let Some(node) = node {
            let is_new = node.home() != 0 && node.home() == current_trace();
            self.links.push((self.items.len(), node.id(), is_new));
        }
        self.structure(Structure::Link(LinkTarget::Nothing));
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
    rest: std::slice::Iter<'s, PartAtPath>,
    leaf: usize,
    /// How many nodes were met.
    nodes: usize,
    links: Option<Links<'s>>,
    same: bool,
}

/// How links are told.
struct Links<'s> {
    /// All nodes of the call, those that come later in the walk too.
    nodes: &'s LentNodes,
    /// The nodes outside of the tree that links led to.
    outside: &'s mut Seen,
}

impl Matcher<'_> {
    /// Whether the tree that was walked has the same static parts.
    #[inline]
    pub(crate) fn is_match(&self) -> bool {
        self.same && self.rest.as_slice().is_empty()
    }
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
    fn shared(&mut self, node: &dyn SharedNode) {
        match node.gate().arrival(&mut self.nodes) {
            Arrival::First(number) => {
                self.structure(Structure::Node(number));
                node.flatten(self);
            }
            Arrival::Again(number) => self.structure(Structure::Ref(number)),
        }
    }
    fn link(&mut self, node: Option<&dyn SharedNode>) {
        let Some(Links { nodes, outside }) = &mut self.links else {
            self.same = false;
            return;
        };
        let target = node.map_or(LinkTarget::Nothing, |node| match nodes.number(node) {
            Some(number) => LinkTarget::Node(number),
            None => outside_target(outside, node.id()),
        });
        self.structure(Structure::Link(target));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::{MetaValue, Module, Param};

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
        let nodes = LentNodes::new();
        assert!(statics(&first).matches(&nodes, |v| first.flatten(v)));
        assert!(!statics(&first).matches(&nodes, |v| second.flatten(v)));
        let message = |a, b| statics(a).difference(&statics(b)).map(|what| what.message);
        let expected = "the metadata of `[0]` is now {}, before {axis: 0}";
        assert_eq!(message(&first, &second).as_deref(), Some(expected));
        let neither = of(false, false);
        let expected = "the metadata of `[2]` is now {axis: 0}, before {}";
        assert_eq!(message(&neither, &second).as_deref(), Some(expected));
    }
}
