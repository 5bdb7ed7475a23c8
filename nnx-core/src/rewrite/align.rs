//! Programs with captures brought to common inputs.

use crate::graph::{Array, Closed, Graph, Scope};
use rustc_hash::{FxHashMap, FxHashSet};

/// The graphs as programs of the same inputs: `operands` of their own, then what any of them
/// captured; and the scopes of their traces.
pub(crate) fn align(operands: usize, closed: Vec<Closed>) -> (Vec<Graph>, Vec<Array>, Vec<Scope>) {
    let mut captures: Vec<Array> = Vec::new();
    let mut known = FxHashSet::default();
    for array in closed.iter().flat_map(|closed| &closed.captures) {
        if known.insert(array.identity()) {
            captures.push(array.clone());
        }
    }
    let aligned = closed.into_iter().map(|closed| {
        let mut graph = closed.graph;
        let own = graph.inputs.split_off(operands);
        let mine: FxHashMap<_, _> = closed.captures.iter().map(Array::identity).zip(own).collect();
        for array in &captures {
            let value = match mine.get(&array.identity()) {
                Some(&value) => value,
                None => graph.value(array.aval()),
            };
            graph.inputs.push(value);
        }
        (graph, closed.scope)
    });
    let (graphs, scopes) = aligned.unzip();
    (graphs, captures, scopes)
}
