//! Trees of arrays, leaf by leaf.

use crate::error::{Error, raise};
use crate::graph::Array;
use crate::module::Module;
use crate::module::compare::{CollectStatics, KnownNodes, Statics};
use crate::module::walk::{
    Leaf, collect_leaves, leaves_of_others, paths, paths_of_others, rebuild,
};
use crate::value::{Aval, DType};
use std::panic::Location;

/// The leaves of a tree.
pub(crate) fn leaves<M: Module>(tree: &M) -> Vec<Array> {
    collect_leaves(tree).into_iter().map(|leaf| leaf.array).collect()
}

/// A tree of the structure of `tree` with these leaves.
pub(crate) fn with_leaves<M: Module>(tree: &M, leaves: &[Array]) -> M {
    rebuild(tree, |i, old| leaves.get(i).unwrap_or(old).clone())
}

/// The gap in a tree of derivatives where an array of `dtype`, `what`, has none.
pub(crate) fn no_derivative(kind: &str, what: &str, dtype: DType) -> Array {
    Array::absent(format!(
        "there is no {kind} here: {what} is {dtype}, which is not a float or complex dtype"
    ))
}

/// A message about the first place where `given` has another form than `like`: other lengths, options or
/// variants, or other places that hold one node. Then its leaves are not those of the same places.
pub(crate) fn difference_in_form(
    like: impl FnOnce(&mut CollectStatics<'_>),
    given: impl FnOnce(&mut CollectStatics<'_>),
) -> Option<String> {
    let (path, [like, given]) = Statics::of(like).other_form(&Statics::of(given))?;
    Some(format!("`{path}` is {given}, where {like} is needed"))
}

/// Raises an error about the arguments of `op`.
#[track_caller]
pub(crate) fn invalid(op: &str, message: String, location: &'static Location<'static>) -> ! {
    raise(Error::Op { op: op.into(), message, location })
}

/// A tree as it was before a function that may only read it, and has handles by which it can change nodes.
pub(super) struct OnlyRead {
    statics: Statics,
    leaves: Vec<Leaf>,
}

impl OnlyRead {
    pub(super) fn of<M: Module>(tree: &M) -> Self {
        OnlyRead { statics: Statics::of(|v| tree.flatten(v)), leaves: collect_leaves(tree) }
    }

    /// The change of the tree since, and `why` the function may not make it, as in "changes `path`, which …".
    pub(super) fn change<M: Module>(&self, tree: &M, why: &str) -> Option<String> {
        let now = OnlyRead::of(tree);
        if let Some(difference) = self.statics.difference(&now.statics) {
            return Some(format!("changes its argument, {why}: {}", difference.message));
        }
        // Of one structure, they have as many leaves.
        let mut pairs = self.leaves.iter().zip(&now.leaves);
        let i = pairs.position(|(old, new)| !old.array.is_same_value(&new.array))?;
        Some(match paths(|v| tree.flatten(v))[i].to_string() {
            path if path.is_empty() => format!("changes its argument, {why}"),
            path => format!("changes `{path}`, {why}"),
        })
    }
}

/// A tree that has to be like another one, called `place`, as in "the carry".
pub(crate) struct Compared<'a, M> {
    pub(crate) tree: &'a M,
    pub(crate) place: &'a str,
    /// Equal numbers stand for one node.
    pub(crate) nodes: KnownNodes,
}

/// [`difference`] of trees whose nodes have nothing to do with each other.
pub(crate) fn difference_of<M: Module, N: Module>(
    before: &M,
    after: &N,
    [old, new]: [&str; 2],
) -> Option<String> {
    let before = Compared { tree: before, place: old, nodes: KnownNodes::default() };
    let after = Compared { tree: after, place: new, nodes: KnownNodes::default() };
    difference(&before, &after, &|number| format!("shared node {number}"))
}

/// A message about the first difference between two trees that have to be alike; `name` gives the
/// name of a node by its number.
pub(crate) fn difference<M: Module, N: Module>(
    before: &Compared<'_, M>,
    after: &Compared<'_, N>,
    name: &dyn Fn(usize) -> String,
) -> Option<String> {
    let statics = Statics::of_others(&before.nodes, |v| before.tree.flatten(v));
    let now = Statics::of_others(&after.nodes, |v| after.tree.flatten(v));
    if let Some(difference) = statics.difference_of(&now, name) {
        return Some(format!("{}: {}", after.place, difference.message));
    }
    let paths = paths_of_others(&before.nodes.inside, |v| before.tree.flatten(v));
    let old = leaves_of_others(before.nodes.inside.clone(), |v| before.tree.flatten(v));
    let new = leaves_of_others(after.nodes.inside.clone(), |v| after.tree.flatten(v));
    for ((a, b), path) in old.into_iter().zip(new).zip(paths) {
        let (a, b) = (a.array.try_aval().ok(), b.array.try_aval().ok());
        if a != b {
            let path = path.to_string();
            let place = if path.is_empty() { String::new() } else { format!("`{path}` is ") };
            let show = |aval: Option<&Aval>| aval.map_or("without a value".into(), Aval::to_string);
            let (a, b) = (show(a), show(b));
            return Some(format!("{place}{a} in {}, {b} in {}", before.place, after.place));
        }
    }
    None
}
