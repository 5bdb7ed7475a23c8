//! Random streams of a whole tree, split for `vmap` and `scan`.

use super::key::{fold, raw_split};
use crate::error::or_raise;
use crate::graph::Array;
use crate::module::walk::{for_each_leaf, for_each_leaf_mut};
use crate::module::{Filter, Module, Path, RngCount, RngKey, VariableKind};
use crate::run::staged;
use crate::value::DType;
use std::collections::BTreeMap;

/// The state of random streams before they were split; made by [`split_rngs`] and [`fork_rngs`].
#[derive(Debug, Clone)]
#[must_use = "`restore` gives the streams back their state"]
pub struct RngBackup(BTreeMap<Path, Array>);

impl RngBackup {
    /// Gives the streams of `tree` back the state that they had, one key further, so that the next
    /// split gives other keys.
    ///
    /// `tree` must be the one that was split. Streams are found by their paths; a stream in a shared node
    /// by the node's first place.
    ///
    /// # Panics
    /// Panics if a stream is no longer where it was.
    #[track_caller]
    pub fn restore<M: Module>(self, tree: &mut M) {
        if let Some(path) = put(self.0, tree) {
            let message = format!(
                "there is no random stream at `{path}`, where one was split: restore the tree that was \
                 split"
            );
            crate::array::invalid("restore", message);
        }
    }
}

/// Replaces the random streams of `tree` whose key `filter` matches by `splits` streams each, stacked
/// along axis 0, for a [`vmap`](crate::transform::vmap) or [`scan`](crate::transform::scan()) over them.
/// `flax.nnx.split_rngs`.
///
/// Each stream starts from a part of the old one's next key; counts start at 0. The result restores
/// the streams as they were, one key further.
///
/// ```
/// use nnx_core::module::{Everything, RngKey, of_type};
/// use nnx_core::random::{Rngs, normal, split_rngs};
/// use nnx_core::{DType, vmap};
///
/// let mut rngs = Rngs::new(0);
/// let before = split_rngs(&mut rngs, Everything, 3);
/// let x = vmap(|rngs: &mut Rngs| normal(&rngs.params(), [2], DType::F32), &mut rngs, 0);
/// before.restore(&mut rngs);
/// assert_eq!(x.shape(), [3, 2]);
/// ```
///
/// # Panics
/// Panics if a stream is split already.
#[track_caller]
pub fn split_rngs<M: Module>(tree: &mut M, filter: impl Filter, splits: usize) -> RngBackup {
    renew("split_rngs", tree, &filter, Some(splits))
}

/// Replaces the random streams of `tree` whose key `filter` matches by new ones that start from the
/// next key, so that what is done with them leaves the old ones as they are.
/// `flax.nnx.fork_rngs`.
///
/// The result restores the streams as they were, one key further.
///
/// # Panics
/// Panics if a stream is split.
#[track_caller]
pub fn fork_rngs<M: Module>(tree: &mut M, filter: impl Filter) -> RngBackup {
    renew("fork_rngs", tree, &filter, None)
}

/// Sets the leaves at these paths; gives one that is not there.
fn put<M: Module>(mut values: BTreeMap<Path, Array>, tree: &mut M) -> Option<Path> {
    for_each_leaf_mut(tree, |path, leaf| {
        if let Some(value) = values.remove(path) {
            *leaf.value = value;
        }
    });
    values.into_keys().next()
}

#[track_caller]
fn renew<M: Module>(
    function: &str,
    tree: &mut M,
    filter: &dyn Filter,
    splits: Option<usize>,
) -> RngBackup {
    // A stream is its key, directly followed by its count.
    let (mut streams, mut last) = (Vec::new(), None);
    for_each_leaf(tree, |path, leaf| {
        let is = |kind| leaf.kind.is_some_and(|found| found.is(kind));
        if is(RngCount::KIND)
            && let Some((key_path, key)) = last.take()
        {
            streams.push(([key_path, path.clone()], key, leaf.value.clone()));
        }
        let is_chosen = is(RngKey::KIND) && filter.matches(path, &leaf);
        last = is_chosen.then(|| (path.clone(), leaf.value.clone()));
    });
    let mut values: Vec<Array> = Vec::new();
    for (_, key, count) in &streams {
        if key.shape() != [2] {
            let message = format!("a random stream is split already: its key is {}", key.aval());
            crate::array::invalid(function, message);
        }
        values.extend([key.clone(), count.clone()]);
    }
    // For each stream: the new key and count, and the old count moved on.
    let outs = or_raise(staged(function, &values, |args| {
        let of = |pair: &[Array]| {
            let next = fold(&pair[0], &pair[1]);
            let (key, counts) = match splits {
                Some(n) => (raw_split(&next, &[n]), vec![n]),
                None => (next, vec![]),
            };
            [key, crate::array::zeros(counts, DType::U32), &pair[1] + 1_u32]
        };
        args.chunks(2).flat_map(of).collect()
    }));
    let (mut new, mut saved) = (BTreeMap::new(), BTreeMap::new());
    for (([key_path, count_path], key, _), outs) in streams.into_iter().zip(outs.chunks(3)) {
        new.extend([(key_path.clone(), outs[0].clone()), (count_path.clone(), outs[1].clone())]);
        saved.extend([(key_path, key), (count_path, outs[2].clone())]);
    }
    put(new, tree);
    RngBackup(saved)
}
