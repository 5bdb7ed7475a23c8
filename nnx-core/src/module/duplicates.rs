//! Arrays that are in a tree more than once.

use super::walk::for_each_leaf;
use super::{Module, Path};
use crate::graph::Identity;
use std::collections::HashMap;

/// The paths of leaves that share one buffer, a list for each such buffer.
///
/// Clones of an array share its buffer. That is allowed, but a shared buffer is never updated in
/// place, and the copies go their own ways once one of them is set: parameters that were meant to
/// be tied are not. (Nodes that are shared on purpose, [`Shared`](super::Shared), do not compile
/// here: the walk would pass over them.)
///
/// ```no_run
/// use nnx_core::module::find_duplicates;
/// use nnx_core::{Array, Param};
///
/// let table = Param::new(Array::scalar(1.0_f32));
/// let model = (table.clone(), Param::new(Array::scalar(1.0_f32)), table);
/// let duplicates = find_duplicates(&model);
/// assert_eq!(duplicates.len(), 1);
/// assert_eq!(duplicates[0].iter().map(|path| path.to_string()).collect::<Vec<_>>(), ["[0]", "[2]"]);
/// ```
pub fn find_duplicates<M: Module>(module: &M) -> Vec<Vec<Path>> {
    const { super::check::tree::<M>("find_duplicates") };
    let mut groups: Vec<Vec<Path>> = Vec::new();
    let mut seen: HashMap<Identity, usize> = HashMap::new();
    for_each_leaf(module, |path, leaf| {
        let identity = leaf.value.identity();
        if identity == Identity::Absent {
            return;
        }
        let group = *seen.entry(identity).or_insert(groups.len());
        if group == groups.len() {
            groups.push(Vec::new());
        }
        groups[group].push(path.clone());
    });
    groups.retain(|paths| paths.len() > 1);
    groups
}
