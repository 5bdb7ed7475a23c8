//! A twin after its function ran, compared with the argument.

use super::erased::AnyBody;
use super::record::{Allowed, Changes, Lent, Place, RebuiltPart, Twins, Update, held, updated};
use crate::graph::{Array, Identity, current_trace};
use crate::module::check::skipped_field;
use crate::module::compare::{KnownNodes, Statics};
use crate::module::node::Made;
use crate::module::parts::{ChangedPart, changed_parts};
use crate::module::walk::{
    CollectLeaves, Rebuild, leaves_outside_nodes, links_of, nodes_of, paths, skipped_in,
};
use crate::module::{AnyTree, Leaves, Nodes, Path, Seen, SharedNode, Visitor};
use rustc_hash::FxHashSet;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

/// The outputs of a program; for every leaf of its result and of rebuilt parts, which output it is; what
/// became of the argument.
type Outcome = (Vec<Array>, Vec<Option<usize>>, Changes);

pub(super) struct Comparison<'a> {
    body: &'a dyn AnyBody,
    lent: &'a [Lent],
    inputs: &'a [Option<&'a Array>],
    twins: &'a Twins,
    allowed: Allowed,
    /// The paths of the argument's nodes.
    paths: Vec<Path>,
    /// The nodes of the argument and those that its links lead to, and their twins.
    old: KnownNodes,
    new: KnownNodes,
}

/// A part of the argument, before and after.
struct PartPair<'p> {
    place: Place,
    path: Path,
    of: PairOf<'p>,
}

#[derive(Clone, Copy)]
enum PairOf<'p> {
    Tree([&'p dyn AnyTree; 2]),
    Node(&'p Made),
}

impl PartPair<'_> {
    fn before(&self, visitor: &mut dyn Visitor) {
        match self.of {
            PairOf::Tree([before, _]) => before.flatten_any(visitor),
            PairOf::Node(made) => made.old.flatten(visitor),
        }
    }

    fn after(&self, visitor: &mut dyn Visitor) {
        match self.of {
            PairOf::Tree([_, after]) => after.flatten_any(visitor),
            PairOf::Node(made) => made.new.flatten(visitor),
        }
    }
}

/// Collects outputs.
struct Recording {
    outputs: Vec<Array>,
    results: Vec<Option<usize>>,
    /// The nodes whose leaves are among them, or are not part of the result.
    seen: Seen,
}

impl Recording {
    /// Adds the leaves of a result, or of a part that is rebuilt.
    fn add(&mut self, flatten: impl FnOnce(&mut CollectLeaves)) {
        let mut leaves = CollectLeaves::of_others(std::mem::take(&mut self.seen));
        flatten(&mut leaves);
        let (leaves, seen) = leaves.into_parts();
        self.seen = seen;
        for leaf in leaves {
            let output = leaf.array.try_aval().is_ok().then(|| {
                self.outputs.push(leaf.array);
                self.outputs.len() - 1
            });
            self.results.push(output);
        }
    }
}

impl<'a> Comparison<'a> {
    pub(super) fn new(
        body: &'a dyn AnyBody,
        lent: &'a [Lent],
        inputs: &'a [Option<&'a Array>],
        twins: &'a Twins,
        allowed: Allowed,
    ) -> Self {
        let paths = nodes_of(|v| body.argument().flatten(v)).into_iter().map(|(path, _)| path);
        let (paths, old, new) = (paths.collect(), twins.originals(), twins.known());
        Comparison { body, lent, inputs, twins, allowed, paths, old, new }
    }

    /// The outputs, results and changes of the function, or a message if it did what it may not do.
    pub(super) fn outcome(&self) -> Result<Outcome, String> {
        let (body, twins) = (self.body, self.twins);
        let seen = self.new.inside.clone();
        let mut recording = Recording { outputs: Vec::new(), results: Vec::new(), seen };
        self.check_nodes("the result holds", nodes_of(|mut v| body.flatten_result(&mut v)))?;
        self.check_links("the result links to", links_of(|mut v| body.flatten_result(&mut v)))?;
        recording.add(|mut v| body.flatten_result(&mut v));

        let kept = vec![Update::Kept; self.lent.len()];
        let mut changes = Changes { updates: kept, metadata: Vec::new(), rebuilt: Vec::new() };
        let mut leaves = updated(self.lent).into_iter().peekable();
        let mut compare = |part: PartPair<'_>| {
            let next = || leaves.next_if(|&i| self.lent[i].is_at(part.place));
            let leaves = std::iter::from_fn(next).collect();
            self.part(&part, leaves, &mut changes, &mut recording)
        };
        let mut before: Vec<(Path, &dyn AnyTree)> = Vec::new();
        let mut after: Vec<&dyn AnyTree> = Vec::new();
        body.argument().updated(&mut |path, tree| before.push((path.clone(), tree)));
        body.updated_twin(&mut |tree| after.push(tree));
        for (i, ((path, before), after)) in before.into_iter().zip(after).enumerate() {
            let of = PairOf::Tree([before, after]);
            compare(PartPair { place: Place::Tree(i), path, of })?;
        }
        for (i, made) in twins.made().iter().enumerate() {
            let (path, of) = (self.paths[i].clone(), PairOf::Node(made));
            compare(PartPair { place: Place::Node(i), path, of })?;
        }
        Ok((recording.outputs, recording.results, changes))
    }

    /// Returns an error if a node is neither of the argument nor made by the function.
    fn check_nodes(
        &self,
        holds: &str,
        nodes: Vec<(Path, Arc<dyn SharedNode>)>,
    ) -> Result<(), String> {
        let captured = |node: &dyn SharedNode| {
            self.new.inside.number(node.id()).is_none() && node.home() != current_trace()
        };
        let by_link =
            |node: &dyn SharedNode| self.new.inside.number(node.id()).is_none() && node.is_empty();
        for (path, node) in &nodes {
            // A captured one may be in other hands.
            let how = if captured(&**node) {
                "the function captured, which is not a node of this trace"
            } else if by_link(&**node) {
                "a link led to, and that no argument holds"
            } else {
                continue;
            };
            let path = path.to_string();
            let at = if path.is_empty() { String::new() } else { format!(" at `{path}`") };
            return Err(format!(
                "{holds} a shared node{at} that {how}\nfix: pass what holds the node in an argument"
            ));
        }
        Ok(())
    }

    /// As [`check_nodes`](Comparison::check_nodes), of nodes that links lead to: they may be outside of the argument,
    /// if a link in it led there.
    fn check_links(
        &self,
        holds: &str,
        mut nodes: Vec<(Path, Arc<dyn SharedNode>)>,
    ) -> Result<(), String> {
        let is_outside = |node: &dyn SharedNode| {
            self.new.outside.as_ref().is_some_and(|outside| outside.number(node.id()).is_some())
        };
        nodes.retain(|(_, node)| !is_outside(&**node));
        self.check_nodes(holds, nodes)
    }

    /// The changes of a part; `leaves` are its own, not those of nodes in it.
    fn part(
        &self,
        part: &PartPair<'_>,
        leaves: Vec<usize>,
        changes: &mut Changes,
        recording: &mut Recording,
    ) -> Result<(), String> {
        let PartPair { place, path, .. } = part;
        let structure = self.allowed == Allowed::Structure;
        // Metadata of the Variables of a part that stays as it is can be handed back by itself.
        let statics = |nodes, flatten: &dyn Fn(&mut dyn Visitor)| {
            Statics::outside_nodes(nodes, path, |mut v| flatten(&mut v)).without_metadata()
        };
        let before = statics(&self.old, &|v| part.before(v));
        let after = statics(&self.new, &|v| part.after(v));
        let name = |number: usize| format!("`{}`", self.paths[number]);
        let mut rebuilt = Vec::new();
        if let Some(what) = before.difference_of(&after, &name) {
            if !structure {
                let changed = match what.is_node {
                    true => "which node a place of an argument holds",
                    false => "a static part of an argument",
                };
                return Err(format!(
                    "the function changed {changed}, and only Variables are handed back to the \
                     caller: {}\n\
                     fixes:\n  \
                     1. change it outside of the function\n  \
                     2. make it a Variable\n  \
                     3. return it",
                    what.message
                ));
            }
            let parts = self.changed_parts(part, &leaves);
            // The first difference is that of the first part.
            let mut what = Some(&*what.message).into_iter();
            let (mut in_node, mut held_in_node) = (Vec::new(), Vec::new());
            for (changed, new) in parts {
                self.rebuild(&changed.path, &*new, what.next(), recording)?;
                let held = held(&|v| new.flatten_any(v));
                match *place {
                    Place::Tree(tree) => {
                        let (key, part) = (changed.before, Rc::from(new));
                        changes.rebuilt.push(RebuiltPart::Tree { tree, key, part, held });
                    }
                    Place::Node(_) => {
                        in_node.push((changed.before, changed.after));
                        held_in_node.extend(held);
                    }
                }
                rebuilt.push(changed);
            }
            if let Place::Node(node) = *place {
                let (parts, held) = (in_node, held_in_node);
                changes.rebuilt.push(RebuiltPart::Node { node, parts, held });
            }
        }
        let (was, is) = (
            |part: &ChangedPart| part.leaves.clone(),
            |part: &ChangedPart| part.leaves_after.clone(),
        );
        let before = leaves_outside_nodes(|mut v| part.before(&mut v)).into_iter().zip(leaves);
        let before = outside(before, rebuilt.iter().map(was));
        let after = leaves_outside_nodes(|mut v| part.after(&mut v));
        let after = outside(after.into_iter(), rebuilt.iter().map(is));
        for ((before, i), after) in before.zip(after) {
            if before.metadata != after.metadata {
                changes.metadata.push((i, after.metadata));
            }
            let same = match self.inputs[i] {
                Some(input) => input.is_same_value(&after.array),
                None => after.array.is_absent(),
            };
            if same {
                continue;
            }
            if after.kind.is_none() && !self.lent[i].is_bare() && !structure {
                let path = paths(|v| self.body.argument().flatten(v)).swap_remove(i);
                return Err(format!(
                    "the function changed the plain array `{path}`, and only Variables are handed \
                     back to the caller\n\
                     fixes:\n  \
                     1. make the field a Variable\n  \
                     2. return the new array"
                ));
            }
            changes.updates[i] = if after.array.is_absent() {
                Update::Emptied(after.array)
            } else {
                recording.outputs.push(after.array);
                Update::Set(recording.outputs.len() - 1)
            };
        }
        Ok(())
    }

    /// The parts that make what was before like what is after, made of the twin's.
    /// `of_argument` says which leaves of the argument its own are.
    fn changed_parts(
        &self,
        part: &PartPair<'_>,
        of_argument: &[usize],
    ) -> Vec<(ChangedPart, Box<dyn AnyTree>)> {
        let leaves = |nodes| Rebuild::with_nodes(nodes, |_: usize, old: &Array| old.clone());
        let kept = || Box::new(leaves(Nodes::kept())) as Box<dyn Leaves>;
        let mut there = leaves(self.twins.there());
        let values: FxHashSet<Identity> =
            self.inputs.iter().flatten().map(|input| input.identity()).collect();
        let is_moved = |leaf: usize, after: &Array| {
            let own = self.inputs[of_argument[leaf]].map(Array::identity);
            own != Some(after.identity()) && values.contains(&after.identity())
        };
        let changed =
            |before, after| changed_parts(before, after, &part.path, &self.new, &kept, &is_moved);
        match part.of {
            PairOf::Tree([before, after]) => {
                let (mut before, mut after) = (before.copy(&mut there), after.copy(&mut *kept()));
                changed(&mut |v| before.flatten_mut_any(v), &mut |v| after.flatten_mut_any(v))
            }
            PairOf::Node(Made { old, new }) => {
                let before = old.another(&mut there);
                changed(&mut |v| before.flatten_own(v), &mut |v| new.flatten_own(v))
            }
        }
    }

    /// Adds the leaves of a part that got another structure. `what` may say what changed.
    fn rebuild(
        &self,
        path: &Path,
        part: &dyn AnyTree,
        what: Option<&str>,
        recording: &mut Recording,
    ) -> Result<(), String> {
        let flatten = |v: &mut dyn Visitor| part.flatten_any(v);
        let in_tree = || skipped_in(|mut v| flatten(&mut v)).map(|path| path.to_string());
        if let Some(field) = skipped_field(part.schema()).or_else(in_tree) {
            let what = what.map_or_else(String::new, |what| format!(": {what}"));
            return Err(format!(
                "the function changed the structure of `{path}`, which is then rebuilt, and the \
                 field `{field}` in it is skipped, so that it would be lost{what}\n\
                 fixes:\n  \
                 1. make the change outside of the function\n  \
                 2. keep `{field}` in a part that does not change"
            ));
        }
        let holds = format!("the function put into `{path}`");
        self.check_nodes(&holds, nodes_of(|mut v| flatten(&mut v)))?;
        let links = format!("the function put into `{path}` a link to");
        self.check_links(&links, links_of(|mut v| flatten(&mut v)))?;
        recording.add(|mut v| flatten(&mut v));
        Ok(())
    }
}

/// The leaves of a tree but those of some parts, which are given in their order.
fn outside<T>(
    leaves: impl Iterator<Item = T>,
    parts: impl Iterator<Item = Range<usize>>,
) -> impl Iterator<Item = T> {
    let mut parts = parts.peekable();
    let is_outside = move |(at, leaf)| {
        while parts.next_if(|part| part.end <= at).is_some() {}
        parts.peek().is_none_or(|part| at < part.start).then_some(leaf)
    };
    leaves.enumerate().filter_map(is_outside)
}
