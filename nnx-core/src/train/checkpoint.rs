//! Checkpoints: every leaf of a tree in one safetensors file.

use super::replace::replace_file;
use crate::error::{Error, Result};
use crate::graph::Array;
use crate::module::held::hold;
use crate::module::walk::{Leaf, collect_leaves, paths, replace_leaves};
use crate::module::{Module, Path as LeafPath, other_places};
use crate::value::{Aval, DType};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The key of the whole file's checksum in its metadata.
const CHECKSUM: &str = "nnx.checksum";
/// The placeholder there while the checksum is computed.
const NO_CHECKSUM: &str = "00000000";
/// A key that shows that the file was written here, so that it has a checksum: damage to the name of one of the two
/// leaves the other intact.
const WRITER: &str = "nnx.format";
/// The key of the further places of shared nodes there, with their first ones, as a JSON object.
const ALIASES: &str = "nnx.aliases";

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
    // The leaves keep their buffers: the nodes are free before the first is read.
    let held = hold(&|_| {}, &|mut v| tree.flatten(&mut v)).map_err(|why| broken(path, why))?;
    let leaves = paths(|v| tree.flatten(v)).into_iter().zip(collect_leaves(tree));
    let aliases = aliases(tree);
    drop(held);
    let tensors = tensors(path, leaves)?;
    let mut metadata = metadata.clone();
    metadata.insert(CHECKSUM.into(), NO_CHECKSUM.into());
    metadata.insert(WRITER.into(), "1".into());
    if !aliases.is_empty() {
        metadata.insert(ALIASES.into(), serde_json::json!(aliases).to_string());
    }
    let mut file = encode(&tensors, &metadata);
    if let Some(at) = checksum_at(&file) {
        let checksum = checksum(&file, at);
        file[at..at + NO_CHECKSUM.len()].copy_from_slice(checksum.as_bytes());
    }
    replace_file(path, &file)
}

/// Where the digits of the checksum are. In a text of the header the quotes around its name would have
/// backslashes before them.
fn checksum_at(file: &[u8]) -> Option<usize> {
    let name = format!("\"{CHECKSUM}\":\"");
    let at = memchr::memmem::find(file, name.as_bytes())? + name.len();
    (at + NO_CHECKSUM.len() <= file.len()).then_some(at)
}

/// The checksum of a file whose checksum is `at` there.
fn checksum(file: &[u8], at: usize) -> String {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&file[..at]);
    hasher.update(NO_CHECKSUM.as_bytes());
    hasher.update(&file[at + NO_CHECKSUM.len()..]);
    format!("{:08x}", hasher.finalize())
}

/// A safetensors file: the size of the header, the header, the tensors. Equal trees give equal
/// bytes, which the encoder of the safetensors crate does not promise.
fn encode(tensors: &SavedLeaves, metadata: &BTreeMap<String, String>) -> Vec<u8> {
    let mut order: Vec<_> = tensors.iter().collect();
    // Wide dtypes first, so that every tensor is aligned.
    order.sort_by_key(|(_, (aval, _))| std::cmp::Reverse(aval.dtype().size()));
    let mut header = serde_json::Map::new();
    header.insert("__metadata__".into(), serde_json::json!(metadata));
    let mut end = 0;
    for &(name, (aval, bytes)) in &order {
        let start = end;
        end += bytes.len();
        let entry = serde_json::json!({
            "dtype": safe_dtype(aval.dtype()),
            "shape": aval.shape(),
            "data_offsets": [start, end],
        });
        header.insert(name.clone(), entry);
    }
    let mut header = serde_json::Value::Object(header).to_string().into_bytes();
    header.resize(header.len().next_multiple_of(8), b' ');
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.reserve(header.len() + end);
    file.extend(header);
    order.iter().for_each(|(_, (_, bytes))| file.extend(bytes));
    file
}

/// The dotted paths of the further places of leaves in shared nodes, and those of the first places, at
/// which the file has them.
fn aliases<M: Module>(tree: &M) -> BTreeMap<String, String> {
    other_places(tree).into_iter().map(|(path, first)| (path.dotted(), first.dotted())).collect()
}

/// Leaves by their dotted paths.
type SavedLeaves = BTreeMap<String, (Aval, Vec<u8>)>;
/// The tensors of a file, by their names.
pub(super) type Tensors<'f> = BTreeMap<String, TensorView<'f>>;

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

/// Reads the leaves of `tree` back from a file that [`save_checkpoint`] wrote; gives its metadata.
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
/// Returns an error if the file cannot be read, is truncated or corrupt, or belongs to another
/// tree, or if this thread holds a guard of a shared node; the message names all leaves that are missing, extra or
/// different. The tree is left as it was.
pub fn load_checkpoint<M: Module>(
    path: impl AsRef<Path>,
    tree: &mut M,
) -> Result<BTreeMap<String, String>> {
    let path = path.as_ref();
    let bytes = fs::read(path).map_err(|e| Error::io(path, "the checkpoint cannot be read", &e))?;
    let Parsed { tensors: found, metadata, aliases: there } = parse(path, &bytes)?;

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

/// The contents of a safetensors file.
pub(super) struct Parsed<'f> {
    pub(super) tensors: Tensors<'f>,
    pub(super) metadata: BTreeMap<String, String>,
    /// The further places of shared nodes, with the first ones, if the file tells.
    pub(super) aliases: Option<BTreeMap<String, String>>,
}

/// Reads a file, whose checksum has to fit if it has one.
pub(super) fn parse<'f>(path: &Path, bytes: &'f [u8]) -> Result<Parsed<'f>> {
    let corrupt = |why: String| {
        broken(
            path,
            format!("this is not a complete safetensors file, but truncated or corrupt: {why}"),
        )
    };
    let file = SafeTensors::deserialize(bytes).map_err(|e| corrupt(e.to_string()))?;
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| corrupt(e.to_string()))?;
    let mut metadata: BTreeMap<String, String> =
        header.metadata().iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect();
    let (given, ours) = (metadata.remove(CHECKSUM), metadata.remove(WRITER));
    if given.is_some() || ours.is_some() {
        let found = checksum_at(bytes).map(|at| checksum(bytes, at));
        if given.is_none() || ours.is_none() || given != found {
            return Err(corrupt("its checksum does not fit".into()));
        }
    }
    let aliases = match metadata.remove(ALIASES) {
        Some(text) => {
            Some(serde_json::from_str(&text).map_err(|e| corrupt(format!("{ALIASES}: {e}")))?)
        }
        None => None,
    };
    Ok(Parsed { tensors: file.tensors().into_iter().collect(), metadata, aliases })
}

/// The further places of nodes, with the first ones: those of a tree, and those of a file that tells.
struct Sharing {
    here: BTreeMap<String, String>,
    there: Option<BTreeMap<String, String>>,
}

impl Sharing {
    /// The name under which the file has a place.
    fn first_there<'n>(&'n self, name: &'n str) -> &'n str {
        self.there.as_ref().and_then(|there| there.get(name)).map_or(name, String::as_str)
    }

    fn first_here<'n>(&'n self, name: &'n str) -> &'n str {
        self.here.get(name).map_or(name, String::as_str)
    }

    /// Notes where the two differ, and which of the file's tensors belong to further places here.
    fn compare(
        &self,
        found: &Tensors<'_>,
        used: &mut BTreeSet<String>,
        differences: &mut Differences,
    ) {
        for (alias, first) in self.there.iter().flatten() {
            if self.first_here(alias) != self.first_here(first) {
                differences.shared_there.push(format!("{alias} is {first}"));
            }
        }
        for (alias, first) in &self.here {
            let [alias_there, first_there] = [alias, first].map(|name| self.first_there(name));
            if alias_there == first_there {
                continue;
            }
            match (found.get(alias_there), found.get(first_there)) {
                // A file of a tree without nodes, that has less of it.
                (None, _) if self.there.is_none() => {}
                (None, _) => differences.missing.push(alias.clone()),
                (Some(a), b) => {
                    used.insert(alias_there.to_owned());
                    // Of a tree without nodes: a tensor for every place, equal ones for one node.
                    if b.is_none_or(|b| !same(a, b)) {
                        differences.shared_here.push(format!("{alias} is {first}"));
                    }
                }
            }
        }
    }
}

/// How a file and a tree differ.
#[derive(Default)]
struct Differences {
    missing: Vec<String>,
    extra: Vec<String>,
    different: Vec<String>,
    shared_there: Vec<String>,
    shared_here: Vec<String>,
}

/// Whether two tensors are equal to the bit.
fn same(a: &TensorView<'_>, b: &TensorView<'_>) -> bool {
    (a.dtype(), a.shape(), a.data()) == (b.dtype(), b.shape(), b.data())
}

const TIE: &str = "\n  fix: tie them before loading, by a handle to one node in both places, and untie them after it \
                   if they should be two";
const UNTIE: &str = "\n  fix: untie them before loading, by a node for each place, and tie them after it by a handle \
                     to the one whose value counts";

impl Differences {
    fn check(&self, path: &Path) -> Result<()> {
        let mut message = String::from("this checkpoint belongs to another model");
        let mut fits = true;
        for (what, names, fix) in [
            ("missing in the file", &self.missing, ""),
            ("extra in the file", &self.extra, ""),
            ("different shape or dtype", &self.different, ""),
            ("one shared node in the file, not here", &self.shared_there, TIE),
            ("one shared node here, not in the file", &self.shared_here, UNTIE),
        ] {
            if !names.is_empty() {
                fits = false;
                message += &format!("\n  {what}: {}{fix}", names.join(", "));
            }
        }
        if fits { Ok(()) } else { Err(broken(path, message)) }
    }
}

pub(super) fn broken(path: &Path, message: String) -> Error {
    Error::Checkpoint { path: path.into(), message }
}

/// The format's name for a dtype; it has none for c128 and some floats of 8 bits.
fn safe_dtype(dtype: DType) -> Option<Dtype> {
    Some(match dtype {
        DType::Bool => Dtype::BOOL,
        DType::I8 => Dtype::I8,
        DType::I16 => Dtype::I16,
        DType::I32 => Dtype::I32,
        DType::I64 => Dtype::I64,
        DType::U8 => Dtype::U8,
        DType::U16 => Dtype::U16,
        DType::U32 => Dtype::U32,
        DType::U64 => Dtype::U64,
        DType::F16 => Dtype::F16,
        DType::BF16 => Dtype::BF16,
        DType::F32 => Dtype::F32,
        DType::F64 => Dtype::F64,
        DType::C64 => Dtype::C64,
        DType::F8E4M3FN => Dtype::F8_E4M3,
        DType::F8E5M2 => Dtype::F8_E5M2,
        DType::F8E4M3FNUZ => Dtype::F8_E4M3FNUZ,
        DType::F8E5M2FNUZ => Dtype::F8_E5M2FNUZ,
        DType::F8E8M0FNU => Dtype::F8_E8M0,
        DType::C128 | DType::F8E4M3B11FNUZ | DType::F8E3M4 | DType::F8E4M3 => return None,
    })
}

pub(super) fn dtype(safe: Dtype) -> Option<DType> {
    DType::ALL.into_iter().chain(DType::SMALL).find(|&dtype| safe_dtype(dtype) == Some(safe))
}
