//! Random streams of a whole tree, split for `vmap` and `scan`.

use super::key::{Key, fold, raw_split};
use super::rngs::{RngStream, TAG};
use crate::array::{IntoShape, shape_of};
use crate::error::or_raise;
use crate::graph::Array;
use crate::module::held::hold_to_write;
use crate::module::walk::{for_each_leaf, for_each_leaf_mut};
use crate::module::{
    Filter, Kind, MetaValue, Metadata, Module, Path, RngCount, RngKey, VarInfo, VariableKind,
    Visitor, check_places,
};
use crate::run::staged;
use crate::value::{Aval, DType};
use std::collections::{BTreeMap, BTreeSet};

/// The state of random streams before they were split; made by [`split_rngs`], [`broadcast_rngs`] and [`fork_rngs`].
///
/// ```
/// use nnx::module::Everything;
/// use nnx::random::{RngBackup, Rngs, split_rngs};
///
/// let mut rngs = Rngs::new(0);
/// let before: RngBackup = split_rngs(&mut rngs, Everything, 3);
/// assert_eq!(rngs.stream("default").key.shape(), [3, 2]);
/// before.restore(&mut rngs);
/// assert_eq!(rngs.stream("default").key.shape(), [2]);
/// ```
#[derive(Debug, Clone)]
#[must_use = "`restore` gives the streams back their state"]
pub struct RngBackup(BTreeMap<Path, Saved>);

/// A leaf of a stream that was split.
#[derive(Debug, Clone)]
struct Saved {
    /// The value that `restore` puts back.
    value: Array,
    kind: &'static Kind,
    /// Shape and dtype after the split.
    split: Aval,
}

impl RngBackup {
    /// Gives the streams of `tree` back the state that they had, one key further, so that the next
    /// split gives other keys.
    ///
    /// `tree` must be the one that was split. Streams are found by their paths; a stream in a shared node
    /// by the node's first place.
    ///
    /// ```
    /// use nnx::module::Everything;
    /// use nnx::random::{Rngs, split_rngs};
    ///
    /// let mut rngs = Rngs::new(0);
    /// let before = split_rngs(&mut rngs, Everything, 3);
    /// let first = rngs.stream("default").key.to_vec::<u32>();
    /// before.restore(&mut rngs);
    /// let before = split_rngs(&mut rngs, Everything, 3); // other keys than the first time
    /// assert_ne!(rngs.stream("default").key.to_vec::<u32>(), first);
    /// before.restore(&mut rngs);
    /// assert_eq!(rngs.stream("default").count.item::<u32>(), 2);
    /// ```
    ///
    /// # Panics
    /// Panics, and changes nothing, if a stream is no longer where it was: if there is nothing at its
    /// path, something that is not a random stream, or a stream that is split otherwise; or if this thread holds a
    /// guard of a shared node.
    #[track_caller]
    pub fn restore<M: Module>(mut self, tree: &mut M) {
        let _held = or_raise(hold_to_write("restore", tree));
        if let Err(what) = self.check(tree) {
            let message = format!("{what}: restore the tree that was split");
            crate::array::invalid("restore", message);
        }
        for_each_leaf_mut(tree, |path, leaf| {
            if let Some(saved) = self.0.remove(path) {
                *leaf.value = saved.value;
            }
        });
    }

    /// Returns what is not where it was.
    fn check<M: Module>(&self, tree: &M) -> Result<(), String> {
        let mut missing: BTreeMap<&Path, &Saved> = self.0.iter().collect();
        let mut other = None;
        for_each_leaf(tree, |path, leaf| {
            let Some(saved) = missing.remove(path) else { return };
            let kind = saved.kind.name;
            if !leaf.kind.is_some_and(|found| found.is(saved.kind)) {
                let found = leaf.kind.map_or("plain array", |kind| kind.name);
                other.get_or_insert(format!("the {kind} at `{path}` is now a {found}"));
                return;
            }
            let now = match leaf.value.try_aval() {
                Ok(aval) if *aval == saved.split => return,
                Ok(aval) => aval.to_string(),
                Err(why) => why.to_string(),
            };
            let was = format!("the {kind} at `{path}` became {} when it was split", saved.split);
            other.get_or_insert(format!("{was}, and is now {now}"));
        });
        match (other, missing.into_keys().next()) {
            (Some(text), _) => Err(text),
            (None, Some(path)) => {
                Err(format!("there is no random stream at `{path}`, where one was split"))
            }
            (None, None) => Ok(()),
        }
    }
}

/// Replaces the random streams of `tree` whose key `filter` matches by `splits` streams each, stacked
/// along axis 0, for a [`vmap`](crate::transform::vmap) or [`scan`](crate::transform::scan()) over them; or by streams
/// of a shape, as `[2, 5]`, for one in another. `flax.nnx.split_rngs`.
///
/// Each stream starts from a part of the old one's next key; counts start at 0. The result restores
/// the streams as they were, one key further.
///
/// ```
/// use nnx::module::Everything;
/// use nnx::random::{Rngs, normal, split_rngs};
/// use nnx::{DType, vmap};
///
/// let mut rngs = Rngs::new(0);
/// let before = split_rngs(&mut rngs, Everything, 3);
/// let x = vmap(|rngs: &mut Rngs| normal(&rngs.params(), [2], DType::F32), &mut rngs, 0);
/// before.restore(&mut rngs);
/// assert_eq!(x.shape(), [3, 2]);
/// assert_ne!(x.at(0).get().to_vec::<f32>(), x.at(1).get().to_vec::<f32>());
/// ```
///
/// # Panics
/// Panics if a stream is split already, there are more parts than an array can hold, if the filter takes none of the streams that there are, or takes a
/// shared one at one of its places and not at another, or if this thread holds a guard of a shared node.
#[track_caller]
pub fn split_rngs<M: Module>(
    tree: &mut M,
    filter: impl Filter,
    splits: impl IntoShape,
) -> RngBackup {
    let shape = shape_of("split_rngs", splits);
    renew("split_rngs", tree, &filter, Renewal::Split(shape))
}

/// Replaces the random streams of `tree` whose key `filter` matches by equal ones in a shape, as [`split_rngs`] does by
/// different ones: elements of a [`vmap`](crate::transform::vmap), or steps of a [`scan`](crate::transform::scan()), that
/// draw the same numbers. `flax.nnx.Rngs.broadcast`.
///
/// ```
/// use nnx::module::with_tag;
/// use nnx::random::{Rngs, broadcast_rngs};
///
/// let mut rngs = Rngs::new(0).with("dropout", 1);
/// let before = broadcast_rngs(&mut rngs, with_tag("dropout"), 3);
/// let key = rngs.stream("dropout").key.to_vec::<u32>();
/// assert_eq!((&key[..2], key.len()), (&key[4..], 6));
/// before.restore(&mut rngs);
/// ```
///
/// # Panics
/// As [`split_rngs`].
#[track_caller]
pub fn broadcast_rngs<M: Module>(
    tree: &mut M,
    filter: impl Filter,
    shape: impl IntoShape,
) -> RngBackup {
    let shape = shape_of("broadcast_rngs", shape);
    renew("broadcast_rngs", tree, &filter, Renewal::Broadcast(shape))
}

/// Replaces the random streams of `tree` whose key `filter` matches by new ones that start from the
/// next key, so that what is done with them leaves the old ones as they are.
/// `flax.nnx.fork_rngs`.
///
/// The result restores the streams as they were, one key further.
///
/// ```
/// use nnx::module::Everything;
/// use nnx::nn::Dropout;
/// use nnx::random::{Rngs, fork_rngs};
/// use nnx::{DType, array};
///
/// let mut layer = Dropout::new(0.5, &mut Rngs::new(0));
/// let before = fork_rngs(&mut layer, Everything);
/// for _ in 0..5 {
///     layer.forward(&array::ones([8], DType::F32)); // draws from the new stream
/// }
/// let count = |layer: &Dropout| layer.rngs.as_ref().unwrap().count.item::<u32>();
/// assert_eq!(count(&layer), 5);
/// before.restore(&mut layer);
/// assert_eq!(count(&layer), 1); // the old one, one key further
/// ```
///
/// # Panics
/// Panics if a stream is split, if the filter takes none of the streams that there are, or takes a shared one
/// at one of its places and not at another, or if this thread holds a guard of a shared node.
#[track_caller]
pub fn fork_rngs<M: Module>(tree: &mut M, filter: impl Filter) -> RngBackup {
    renew("fork_rngs", tree, &filter, Renewal::Fork)
}

/// The streams in the place of one.
enum Renewal {
    Split(Vec<usize>),
    Broadcast(Vec<usize>),
    Fork,
}

impl Renewal {
    fn shape(&self) -> &[usize] {
        match self {
            Renewal::Split(shape) | Renewal::Broadcast(shape) => shape,
            Renewal::Fork => &[],
        }
    }
}

/// [`split_rngs`] into one stream each, without an axis, in the name of `function`: streams for one call of a layer.
#[track_caller]
pub(crate) fn streams_of_a_call<M: Module>(
    function: &str,
    tree: &mut M,
    filter: &dyn Filter,
) -> RngBackup {
    renew(function, tree, filter, Renewal::Split(vec![]))
}

#[track_caller]
fn renew<M: Module>(
    function: &str,
    tree: &mut M,
    filter: &dyn Filter,
    renewal: Renewal,
) -> RngBackup {
    let _held = or_raise(hold_to_write(function, tree));
    let takes = |path: &Path, leaf: &VarInfo<'_>| {
        leaf.kind.is_some_and(|kind| kind.is(RngKey::KIND)) && filter.matches(path, leaf)
    };
    let show = |takes: &bool| if *takes { "taken" } else { "not taken" }.to_owned();
    let flatten = |mut visitor: &mut dyn Visitor| tree.flatten(&mut visitor);
    let places = check_places(flatten, "answers of the filter", Path::to_string, takes, show);
    if let Err(message) = places {
        crate::array::invalid(function, message);
    }
    // A stream is its key, directly followed by its count.
    let (mut streams, mut others, mut last) = (Vec::new(), Vec::new(), None);
    for_each_leaf(tree, |path, leaf| {
        let is = |kind| leaf.kind.is_some_and(|found| found.is(kind));
        if is(RngCount::KIND)
            && let Some((key_path, key)) = last.take()
        {
            streams.push(([key_path, path.clone()], key, leaf.value.clone()));
        }
        let (is_key, is_chosen) = (is(RngKey::KIND), filter.matches(path, &leaf));
        if is_key && !is_chosen {
            let tag = leaf.metadata.get("tag").map_or_else(String::new, |t| format!(" (tag {t})"));
            others.push(format!("`{path}`{tag}"));
        }
        last = (is_key && is_chosen).then(|| (path.clone(), leaf.value.clone()));
    });
    if streams.is_empty() && !others.is_empty() {
        let message = format!(
            "the filter takes none of the random streams, whose keys are {}: choose them by name, as with \
             `with_tag(\"dropout\")`, by path, or all of them with `Everything`",
            others.join(", ")
        );
        crate::array::invalid(function, message);
    }
    let shape = renewal.shape();
    let keys: Vec<usize> = shape.iter().copied().chain([2]).collect();
    if let Err(message) = Aval::new(DType::U32, &keys).check_size() {
        crate::array::invalid(function, format!("the keys of {shape:?} streams: {message}"));
    }
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
            let key = match &renewal {
                Renewal::Split(shape) => raw_split(&next, shape),
                Renewal::Broadcast(_) => next.broadcast_to(&keys),
                Renewal::Fork => next,
            };
            [key, crate::array::zeros(shape, DType::U32), &pair[1] + 1_u32]
        };
        args.chunks(2).flat_map(of).collect()
    }));
    let (mut new, mut saved) = (BTreeMap::new(), BTreeMap::new());
    for (([key_path, count_path], key, _), outs) in streams.into_iter().zip(outs.chunks(3)) {
        let both = [
            (key_path, RngKey::KIND, &outs[0], key),
            (count_path, RngCount::KIND, &outs[1], outs[2].clone()),
        ];
        for (path, kind, now, value) in both {
            new.insert(path.clone(), now.clone());
            saved.insert(path, Saved { value, kind, split: now.aval().clone() });
        }
    }
    for_each_leaf_mut(tree, |path, leaf| {
        if let Some(value) = new.remove(path) {
            *leaf.value = value;
        }
    });
    RngBackup(saved)
}

/// Gives the streams with the name `stream` in a tree new keys, in the order of the tree the next ones of a stream that
/// starts from a seed or a key, and the count 0. `flax.nnx.reseed`.
///
/// ```
/// use nnx::random::{Rngs, reseed};
/// use nnx::{array, nn::Dropout, DType};
///
/// let mut layer = Dropout::new(0.5, &mut Rngs::new(0).with("dropout", 42));
/// reseed(&mut layer, "dropout", 42);
/// let x = array::ones([8], DType::F32);
/// let first = layer.forward(&x).to_vec::<f32>();
/// reseed(&mut layer, "dropout", 42);
/// assert_eq!(layer.forward(&x).to_vec::<f32>(), first);
/// ```
///
/// # Panics
/// Panics if there is no stream of this name or one is split, or if this thread holds a guard of a shared node.
#[track_caller]
pub fn reseed<M: Module>(tree: &mut M, stream: &str, key: impl Into<Key>) {
    let _held = or_raise(hold_to_write("reseed", tree));
    let mut source = RngStream::new(key, stream);
    if source.key.shape() != [2] {
        crate::array::invalid("reseed", format!("one key is needed, got {}", source.key.aval()));
    }
    let tag_of = |metadata: &Metadata| match metadata.get(TAG) {
        Some(MetaValue::Text(tag)) => tag.clone(),
        _ => String::new(),
    };
    let (mut found, mut names, mut wrong) = (false, BTreeSet::new(), None);
    for_each_leaf(tree, |path, leaf| {
        if leaf.kind.is_some_and(|kind| kind.is(RngKey::KIND)) {
            let name = tag_of(leaf.metadata);
            if name == stream {
                found = true;
                let why = match leaf.value.try_aval() {
                    Ok(aval) if aval.shape() == [2] => None,
                    Ok(aval) => Some(format!("`{path}` is split: its key is {aval}")),
                    Err(why) => Some(format!("`{path}` has no value: {why}")),
                };
                wrong = wrong.take().or(why);
            }
            names.insert(name);
        }
    });
    if let Some(message) = wrong {
        crate::array::invalid("reseed", message);
    }
    if !found {
        let names = names.into_iter().collect::<Vec<_>>().join("`, `");
        let message = format!("there is no stream `{stream}`; the streams are `{names}`");
        crate::array::invalid("reseed", message);
    }
    for_each_leaf_mut(tree, |_, leaf| {
        let is = |kind| leaf.kind.is_some_and(|found: &Kind| found.is(kind));
        let of_stream = leaf.metadata.as_deref().is_some_and(|metadata| tag_of(metadata) == stream);
        if of_stream && is(RngKey::KIND) {
            *leaf.value = source.next_key().into_data();
        } else if of_stream && is(RngCount::KIND) {
            *leaf.value = crate::array::zeros((), DType::U32);
        }
    });
}
