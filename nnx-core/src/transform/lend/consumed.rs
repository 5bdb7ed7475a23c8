//! The nodes that a call consumes: those that arguments by value alone hold.

use super::erased::AnyArgument;
use super::record::{NodePlaces, node_places};
use crate::module::node::LentNodes;
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

/// A node that nobody can reach after a call if its handles are those that the call met.
pub(crate) struct Consumable {
    pub(crate) number: usize,
    /// How many handles the call meets.
    handles: usize,
    /// The nodes that hold some of them, by their positions in the list: they must be consumed too.
    holders: Vec<usize>,
}

/// The nodes of an argument that a call may consume, each after those that hold it, so without the nodes of
/// a cycle, which keep themselves alive. `kept` are those that outlive the call in its result or in another
/// argument.
pub(crate) fn consumable(argument: &dyn AnyArgument, kept: &[usize]) -> Vec<Consumable> {
    let mut left: Vec<(usize, NodePlaces)> =
        node_places(argument).into_iter().enumerate().collect();
    let kept: FxHashSet<usize> = kept.iter().copied().collect();
    left.retain(|(number, places)| !places.elsewhere && !kept.contains(number));
    let mut all: Vec<Consumable> = Vec::new();
    let mut positions: FxHashMap<usize, usize> = FxHashMap::default();
    loop {
        let before = all.len();
        left.retain(|(number, places)| {
            let position = |holder: &usize| positions.get(holder).copied();
            let Some(holders) = places.in_nodes.iter().map(position).collect() else { return true };
            let handles = places.by_value + places.in_nodes.len();
            positions.insert(*number, all.len());
            all.push(Consumable { number: *number, handles, holders });
            false
        });
        if all.len() == before {
            return all;
        }
    }
}

/// Which of these nodes this call consumes.
pub(crate) fn consumed(consumable: &[Consumable], nodes: &LentNodes) -> SmallVec<[bool; 32]> {
    let mut consumed = SmallVec::new();
    for node in consumable {
        let all_met = nodes.handles(node.number) == Some(node.handles);
        consumed.push(all_met && node.holders.iter().all(|&holder| consumed[holder]));
    }
    consumed
}
