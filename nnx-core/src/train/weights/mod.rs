//! Weights from elsewhere: the tensors of safetensors files, under other names and in other layouts.

mod fit;
mod map;
mod tensor;

pub use map::WeightMap;
pub use tensor::{FileTensor, tensor};

use super::checkpoint::{Files, broken, dtype};
use crate::error::Result;
use crate::graph::Array;
use crate::module::Module;
use crate::module::held::hold;
use crate::module::walk::{collect_leaves, for_each_leaf, replace_leaves};
use fit::Fit;
use std::collections::BTreeMap;
use std::path::Path;

/// The fate of the leaves of a model and of the tensors of a file, by [`load_weights`].
///
/// ```
/// use nnx::train::{LoadedWeights, WeightMap, load_weights, save_checkpoint};
/// use nnx::{Array, Param, path_contains};
///
/// let file = std::env::temp_dir().join(format!("nnx-loaded-{}", std::process::id()));
/// let two = |x: f32| [x, x + 1.0].map(|x| Param::new(Array::scalar(x)));
/// save_checkpoint(&file, &two(1.0), &Default::default())?;
///
/// let map = WeightMap::new().keep(path_contains(1)).ignore_unused();
/// let done: LoadedWeights = load_weights(&file, &mut two(5.0), &map)?;
/// assert_eq!((&*done.loaded, &*done.kept), (&["[0]".to_owned()][..], &["[1]".to_owned()][..]));
/// // The tensor for what was kept.
/// assert_eq!(done.unused, ["1"]);
/// std::fs::remove_file(file).unwrap();
/// # Ok::<(), nnx::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadedWeights {
    /// The paths of the leaves that got a tensor.
    pub loaded: Vec<String>,
    /// The paths of the leaves that stayed as they were.
    pub kept: Vec<String>,
    /// The names of the tensors that no leaf took.
    pub unused: Vec<String>,
}

/// Loads weights that another library wrote, or a part of a checkpoint, into a model.
///
/// `path` is a safetensors file, an index of several (`model.safetensors.index.json`), or a folder with one of these
/// under the names of Hugging Face. `map` says which tensor each leaf gets, and what is done with it on the way. A
/// shared node is loaded once, for its first path.
///
/// ```
/// use nnx::nn::Linear;
/// use nnx::random::Rngs;
/// use nnx::train::{WeightMap, load_weights, save_checkpoint};
/// use nnx::{DType, Param, array, path, path_contains};
/// use std::collections::BTreeMap;
///
/// #[derive(nnx::Module)]
/// struct Model {
///     body: Linear,
///     head: Linear,
/// }
///
/// // A file with `encoder.weight` and `encoder.bias`, as PyTorch has them.
/// let file = std::env::temp_dir().join(format!("nnx-load-weights-{}", std::process::id()));
/// let ones = |shape: &[usize]| Param::new(array::ones(shape, DType::F32));
/// let linear = [("weight".to_owned(), ones(&[5, 3])), ("bias".to_owned(), ones(&[5]))];
/// let stored = BTreeMap::from([("encoder".to_owned(), BTreeMap::from(linear))]);
/// save_checkpoint(&file, &stored, &BTreeMap::new())?;
///
/// let mut rngs = Rngs::new(0);
/// let (body, head) = (Linear::new(3, 5, &mut rngs), Linear::new(5, 2, &mut rngs));
/// let mut model = Model { body, head };
/// // All but the head.
/// let map = WeightMap::torch()
///     .tree(path!(Model: body), "encoder")
///     .keep(path_contains("head"))
///     .ignore_unused();
/// let done = load_weights(&file, &mut model, &map)?;
/// assert_eq!(done.loaded, ["body.kernel", "body.bias"]);
/// assert_eq!(model.body.kernel.to_vec::<f32>(), [1.0; 15]);
/// std::fs::remove_file(file).unwrap();
/// # Ok::<(), nnx::Error>(())
/// ```
///
/// # Errors
/// Returns an error if a file cannot be read or is damaged, a leaf that is not kept has no tensor, or one of another
/// shape or dtype, a tensor is left over, a rule leads to no leaf, or this thread holds a guard of a shared node; the
/// message lists all of these. The model is left as it was.
pub fn load_weights<M: Module>(
    path: impl AsRef<Path>,
    model: &mut M,
    map: &WeightMap,
) -> Result<LoadedWeights> {
    let path = path.as_ref();
    let files = Files::read(path, "weights")?;
    let parsed = files.parse()?;
    let (tensors, aliases) = (parsed.tensors, parsed.aliases.unwrap_or_default());
    let _held = hold(&|mut v| model.flatten(&mut v), &|_| {}).map_err(|why| broken(path, why))?;

    let mut fit = Fit::new(map, &tensors, &aliases);
    for_each_leaf(model, |path, info| {
        let aval = info.value.try_aval().ok();
        let rank = aval.map_or(0, |aval| aval.rank());
        let rule = map.of(path, &info, rank);
        fit.add(path.to_string(), aval, rule);
    });
    let (made, done) = fit.finish().map_err(|why| broken(path, why))?;

    let read = |name: &str| {
        let view = &tensors[aliases.get(name).map_or(name, String::as_str)];
        let Some(dtype) = dtype(view.dtype()) else {
            unreachable!("no leaf fits a tensor of a dtype that there is not here")
        };
        Array::from_bytes(view.data(), dtype, view.shape())
    };
    let mut arrays = Vec::new();
    for leaf in made {
        arrays.push(match leaf {
            Some((aval, tensor)) => {
                let mut parts = BTreeMap::new();
                for name in tensor.names() {
                    parts.insert(name, read(name)?);
                }
                let array = tensor.array(aval.shape(), &|name| parts[name].clone());
                Some(array.astype(aval.dtype()))
            }
            None => None,
        });
    }
    for (new, old) in arrays.iter_mut().zip(collect_leaves(model)) {
        if let Some(array) = new.take() {
            *new = Some(array.moved_to_place_of(&old.array)?);
        }
    }
    replace_leaves(model, |i, array| {
        if let Some(new) = &arrays[i] {
            *array = new.clone();
        }
    });
    Ok(done)
}
