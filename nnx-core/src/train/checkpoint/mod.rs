//! Checkpoints: every leaf of a tree in safetensors files.

mod compare;
mod files;
mod format;

pub(super) use files::Files;
pub(super) use format::{Tensors, dtype};

use crate::error::{Error, Result};
use crate::graph::Array;
use crate::module::held::hold;
use crate::module::walk::{Leaf, collect_leaves, paths, replace_leaves};
use crate::module::{Module, Path as LeafPath, other_places};
use crate::value::Aval;
use compare::{Differences, Sharing};
use format::{Parsed, safe_dtype};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Writes every leaf of `tree` to the safetensors file `path`: parameters, batch statistics,
/// optimizer state, random streams, metrics and plain arrays, named by their dotted paths
/// (`opt.opt_state.0.mu.conv1.kernel`). `metadata` is for data other than arrays, such as the epoch. A shared node
/// is written once, at its first place, with a table of its other places.
///
/// The file is written under another name in the same folder, flushed to the disk and renamed, so
/// that `path` always holds either the old or the new checkpoint whole. Missing folders are made.
///
/// ```
/// use nnx::optim::{Optimizer, adam};
/// use nnx::train::{load_checkpoint, save_checkpoint};
/// use nnx::{Array, Param};
///
/// let path = std::env::temp_dir().join(format!("nnx-save-{}", std::process::id()));
/// let model = vec![Param::new(Array::from([1.0_f32, 2.0]))];
/// let opt = Optimizer::new(&model, adam(0.1));
/// // A model and its optimizer are one tree.
/// let mut state = (model, opt);
/// save_checkpoint(&path, &state, &[("epoch".into(), "3".into())].into())?;
///
/// state.0[0].set(Array::from([0.0_f32, 0.0]));
/// let metadata = load_checkpoint(&path, &mut state)?;
/// assert_eq!(metadata["epoch"], "3");
/// assert_eq!(state.0[0].to_vec::<f32>(), [1.0, 2.0]);
/// std::fs::remove_file(path).unwrap();
/// # Ok::<(), nnx::Error>(())
/// ```
///
/// # Errors
/// Returns an error if the file cannot be written, a leaf has no value, or this thread holds a shared node for
/// writing. The old file is then left as it was.
pub fn save_checkpoint<M: Module>(
    path: impl AsRef<Path>,
    tree: &M,
    metadata: &BTreeMap<String, String>,
) -> Result<()> {
    let path = path.as_ref();
    Snapshot::take(path, tree, metadata)?.write_file(path).map(|_| ())
}

/// Writes every leaf of `tree` into `folder`, as [`save_checkpoint`] does, but to several files where one would have
/// more than `max_shard_size` bytes of tensors: `model-00001-of-00003.safetensors` and so on, with the index
/// `model.safetensors.index.json`, the layout of large models on Hugging Face. A tree that fits in one file is
/// `model.safetensors`. A leaf is never cut: one that is larger has a file to itself.
///
/// Every file is written under another name and renamed, and the index is the last of them: until it is there, the
/// folder holds the checkpoint before, and from then on the new one, whose earlier files are then removed. One process at
/// a time may save into a folder. The index has the checksums of the files, so that those of two saves cannot be mixed.
///
/// [`load_checkpoint`] and [`load_weights`](super::load_weights) read the folder.
///
/// ```
/// use nnx::train::{load_checkpoint, save_sharded_checkpoint};
/// use nnx::{Array, Param};
///
/// let folder = std::env::temp_dir().join(format!("nnx-sharded-{}", std::process::id()));
/// let mut model = [1.0_f32, 2.0, 3.0].map(|x| Param::new(Array::from([x, x])));
/// // At most two of the parameters, of 8 bytes each, in a file.
/// save_sharded_checkpoint(&folder, &model, &Default::default(), 16)?;
/// assert!(folder.join("model.safetensors.index.json").exists());
/// assert!(folder.join("model-00002-of-00002.safetensors").exists());
///
/// model[2].set(Array::from([0.0_f32, 0.0]));
/// load_checkpoint(&folder, &mut model)?;
/// assert_eq!(model[2].to_vec::<f32>(), [3.0, 3.0]);
/// std::fs::remove_dir_all(folder).unwrap();
/// # Ok::<(), nnx::Error>(())
/// ```
///
/// # Errors
/// Returns an error if a file cannot be written, a leaf has no value, or this thread holds a shared node for
/// writing. The folder then holds the checkpoint before.
pub fn save_sharded_checkpoint<M: Module>(
    folder: impl AsRef<Path>,
    tree: &M,
    metadata: &BTreeMap<String, String>,
    max_shard_size: u64,
) -> Result<()> {
    let folder = folder.as_ref();
    Snapshot::take(folder, tree, metadata)?.write_folder(folder, max_shard_size)
}

/// The values of a tree at one moment, in the memory of the host, with all that a checkpoint has besides.
pub(super) struct Snapshot {
    leaves: SavedLeaves,
    metadata: BTreeMap<String, String>,
    /// The further places of shared nodes, with the first ones.
    aliases: BTreeMap<String, String>,
}

impl Snapshot {
    /// Copies the values of a tree; errors name `path`, where they are to be saved.
    pub(super) fn take<M: Module>(
        path: &Path,
        tree: &M,
        metadata: &BTreeMap<String, String>,
    ) -> Result<Snapshot> {
        // The leaves keep their buffers: the nodes are free before the first is read.
        let held = hold(&|_| {}, &|mut v| tree.flatten(&mut v)).map_err(|why| broken(path, why))?;
        let leaves = paths(|v| tree.flatten(v)).into_iter().zip(collect_leaves(tree));
        let aliases = aliases(tree);
        drop(held);
        Ok(Snapshot { leaves: tensors(path, leaves)?, metadata: metadata.clone(), aliases })
    }
}

/// The dotted paths of the further places of leaves in shared nodes, and those of the first places, at
/// which the file has them.
fn aliases<M: Module>(tree: &M) -> BTreeMap<String, String> {
    other_places(tree).into_iter().map(|(path, first)| (path.dotted(), first.dotted())).collect()
}

/// Leaves by their dotted paths.
type SavedLeaves = BTreeMap<String, (Aval, Vec<u8>)>;

/// Dotted paths with the shape, dtype and bytes of every leaf.
fn tensors(path: &Path, leaves: impl Iterator<Item = (LeafPath, Leaf)>) -> Result<SavedLeaves> {
    let mut tensors = SavedLeaves::new();
    for (leaf_path, leaf) in leaves {
        let read = || Ok((leaf.array.try_aval()?.clone(), leaf.array.to_bytes()?));
        let tensor = read()
            .map_err(|why: Error| broken(path, format!("`{leaf_path}` cannot be saved: {why}")))?;
        if safe_dtype(tensor.0.dtype()).is_none() {
            let why = format!("`{leaf_path}` is {}, which safetensors files don't hold", tensor.0);
            return Err(broken(path, format!("{why}; save its `.real()` and `.imag()`")));
        }
        if tensors.insert(leaf_path.dotted(), tensor).is_some() {
            let name = leaf_path.dotted();
            return Err(broken(path, format!("two leaves have the name `{name}`; rename one")));
        }
    }
    Ok(tensors)
}

/// Reads the leaves of `tree` back from a file that [`save_checkpoint`] wrote, or from a folder of
/// [`save_sharded_checkpoint`]; gives its metadata.
///
/// The tree decides what is expected: its structure, shapes and dtypes must be those of the file, and so
/// must its sharing: which places are one node, in whatever order. Equal tensors for all places of a node can be
/// read too, as they are in a file of a tree without shared nodes. Each leaf comes to lie where it lay before, on its device
/// or over its mesh.
///
/// ```
/// use nnx::train::{load_checkpoint, save_checkpoint};
/// use nnx::{Array, Param};
///
/// let path = std::env::temp_dir().join(format!("nnx-load-{}", std::process::id()));
/// let mut model = vec![Param::new(Array::from([1.0_f32, 2.0]))];
/// save_checkpoint(&path, &model, &Default::default())?;
/// // A model with another parameter.
/// model.push(Param::new(Array::scalar(3.0_f32)));
/// let error = load_checkpoint(&path, &mut model).unwrap_err();
/// assert!(error.to_string().contains("missing in the file: 1"));
/// std::fs::remove_file(path).unwrap();
/// # Ok::<(), nnx::Error>(())
/// ```
///
/// # Errors
/// Returns an error if a file is missing, cannot be read, is truncated or corrupt, belongs to another save than the
/// index of its folder or to another tree, or if this thread holds a guard of a shared node; the message names all leaves that are missing, extra or
/// different. The tree is left as it was.
pub fn load_checkpoint<M: Module>(
    path: impl AsRef<Path>,
    tree: &mut M,
) -> Result<BTreeMap<String, String>> {
    let path = path.as_ref();
    let files = Files::read(path, "checkpoint")?;
    let Parsed { tensors: found, metadata, aliases: there, .. } = files.parse()?;

    let _held = hold(&|mut v| tree.flatten(&mut v), &|_| {}).map_err(|why| broken(path, why))?;
    let sharing = Sharing { here: aliases(tree), there };
    let mut differences = Differences::default();
    let mut views = Vec::new();
    let mut used = BTreeSet::new();
    for (leaf_path, leaf) in paths(|v| tree.flatten(v)).iter().zip(collect_leaves(tree)) {
        let name = leaf_path.dotted();
        let want = leaf.array.try_aval()?.clone();
        // The file may have another one of the node's places first.
        let Some((stored, view)) = found.get_key_value(sharing.first_there(&name)) else {
            differences.missing.push(name);
            continue;
        };
        used.insert(stored.clone());
        if dtype(view.dtype()) != Some(want.dtype()) || view.shape() != want.shape() {
            let got = dtype(view.dtype())
                .map_or_else(|| format!("{:?}", view.dtype()), |dtype| dtype.to_string());
            let shape = view.shape();
            differences.different.push(format!("{name} (file {got}{shape:?}, model {want})"));
        }
        views.push((want, view, leaf.array));
    }
    sharing.compare(&found, &mut used, &mut differences);
    differences.extra = found.keys().filter(|name| !used.contains(*name)).cloned().collect();
    differences.check(path)?;

    let arrays = views
        .iter()
        .map(|(aval, view, old)| {
            Array::from_bytes(view.data(), aval.dtype(), aval.shape())?.moved_to_place_of(old)
        })
        .collect::<Result<Vec<_>>>()?;
    replace_leaves(tree, |i, array| *array = arrays[i].clone());
    Ok(metadata)
}

pub(super) fn broken(path: &Path, message: String) -> Error {
    Error::Checkpoint { path: path.into(), message }
}
