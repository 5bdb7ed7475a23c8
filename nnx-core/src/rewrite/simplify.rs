//! A program with less in it that computes the same.

use crate::graph::{Graph, Node, Value};
use rustc_hash::{FxHashMap, FxHasher};
use smallvec::SmallVec;
use std::hash::{Hash, Hasher};

/// Computes once what the program computes several times: operations that are equal, of the same values. Those with an
/// effect stay, and so do barriers, which are there to keep the compiler from doing this: what is computed again to
/// save memory lies behind one.
///
/// Only for a program that is written down next: operations that differ in the rules of their derivatives are equal.
pub(crate) fn share_equal(graph: &mut Graph) {
    let mut now: Vec<Value> = (0..graph.avals.len() as u32).map(Value).collect();
    let mut known: FxHashMap<u64, SmallVec<[usize; 1]>> = FxHashMap::default();
    let mut nodes = Vec::with_capacity(graph.nodes.len());
    for mut node in std::mem::take(&mut graph.nodes) {
        node.ins.iter_mut().for_each(|v| *v = now[v.index()]);
        if node.op.is_barrier() || node.has_effect() {
            nodes.push(node);
            continue;
        }
        let mut hasher = FxHasher::default();
        node.op.hash_op(&mut hasher);
        node.ins.hash(&mut hasher);
        let alike = known.entry(hasher.finish()).or_default();
        let equal = alike
            .iter()
            .map(|&at| &nodes[at])
            .find(|other: &&Node| other.ins == node.ins && other.op.eq_op(&*node.op));
        match equal {
            Some(other) => {
                for (gone, stays) in node.outs.iter().zip(&other.outs) {
                    now[gone.index()] = *stays;
                }
            }
            None => {
                alike.push(nodes.len());
                nodes.push(node);
            }
        }
    }
    graph.nodes = nodes;
    graph.outputs.iter_mut().for_each(|v| *v = now[v.index()]);
}
