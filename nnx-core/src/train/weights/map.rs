//! Which tensor of a file each leaf of a model gets.

use super::tensor::{FileTensor, fill, tensor};
use crate::module::{Filter, Path, PathKey, PathPattern, PatternKey, VarInfo};
use std::sync::Arc;

/// Where the tensors of a file go in a model, for [`load_weights`](super::load_weights).
///
/// Without rules, every leaf gets the tensor with its dotted path as a name (`layers.0.kernel`), as it is: so are the
/// files of [`save_checkpoint`](super::super::save_checkpoint), of which this loads a part. [`torch`](WeightMap::torch)
/// has PyTorch's names and layouts. The rules say what else is different; each names a place of the model by a
/// [`path!`](crate::path), so that the compiler finds a wrong one.
///
/// ```
/// use nnx::nn::Linear;
/// use nnx::random::Rngs;
/// use nnx::train::{WeightMap, load_weights, save_checkpoint, tensor};
/// use nnx::{Array, Param, path, path_contains};
///
/// let file = std::env::temp_dir().join(format!("nnx-map-{}", std::process::id()));
/// let stored = vec![Param::new(Array::from([[1.0_f32, 2.0]]))];
/// save_checkpoint(&file, &stored, &Default::default())?;
///
/// // A kernel under another name, as [outputs, inputs], and no bias.
/// let mut layer = Linear::new(2, 1, &mut Rngs::new(0));
/// let map = WeightMap::new()
///     .leaf(path!(Linear: kernel), tensor("0").transpose())
///     .keep(path_contains("bias"));
/// let done = load_weights(&file, &mut layer, &map)?;
/// assert_eq!(layer.kernel.to_vec::<f32>(), [1.0, 2.0]);
/// assert_eq!((done.loaded, done.kept), (vec!["kernel".to_owned()], vec!["bias".to_owned()]));
/// std::fs::remove_file(file).unwrap();
/// # Ok::<(), nnx::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct WeightMap {
    pub(super) naming: Naming,
    pub(super) trees: Vec<(PathPattern, String)>,
    pub(super) leaves: Vec<(PathPattern, FileTensor)>,
    pub(super) kept: Vec<Arc<dyn Filter>>,
    pub(super) cast: bool,
    pub(super) ignore_unused: bool,
}

/// How leaves are called in a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Naming {
    /// By their dotted paths.
    #[default]
    Paths,
    /// As PyTorch's layers call them.
    Torch,
}

impl WeightMap {
    /// Leaves are called by their dotted paths.
    ///
    /// ```
    /// use nnx::nn::Linear;
    /// use nnx::random::Rngs;
    /// use nnx::train::{WeightMap, load_weights, save_checkpoint};
    ///
    /// let file = std::env::temp_dir().join(format!("nnx-map-new-{}", std::process::id()));
    /// let trained = Linear::new(3, 2, &mut Rngs::new(0));
    /// save_checkpoint(&file, &trained, &Default::default())?;
    ///
    /// let mut layer = Linear::new(3, 2, &mut Rngs::new(1));
    /// load_weights(&file, &mut layer, &WeightMap::new())?;
    /// assert_eq!(layer.kernel.to_vec::<f32>(), trained.kernel.to_vec::<f32>());
    /// std::fs::remove_file(file).unwrap();
    /// # Ok::<(), nnx::Error>(())
    /// ```
    pub fn new() -> Self {
        WeightMap::default()
    }

    /// Leaves are called and laid out as in PyTorch:
    ///
    /// | here | PyTorch |
    /// |---|---|
    /// | `kernel` of `Linear`, `[inputs, outputs]` | `weight`, `[outputs, inputs]` |
    /// | `kernel` of `Conv`, `[space…, inputs, outputs]` | `weight`, `[outputs, inputs, space…]` |
    /// | `embedding`, `scale` | `weight` |
    /// | `mean`, `var` of `BatchNorm` | `running_mean`, `running_var` |
    ///
    /// Other leaves, `bias` among them, have their own names. `num_batches_tracked`, which has no counterpart, is
    /// passed over. Kernels of attention, of transposed convolutions (but those with `transpose_kernel`) and of recurrent
    /// cells are laid out in other ways, which rules for these leaves say.
    ///
    /// ```
    /// use nnx::nn::Linear;
    /// use nnx::random::Rngs;
    /// use nnx::train::{WeightMap, load_weights, save_checkpoint};
    /// use nnx::{Array, Param};
    /// use std::collections::BTreeMap;
    ///
    /// let file = std::env::temp_dir().join(format!("nnx-torch-{}", std::process::id()));
    /// let linear = BTreeMap::from([
    ///     ("weight".to_owned(), Param::new(Array::from([[1.0_f32, 2.0], [3.0, 4.0]]))),
    ///     ("bias".to_owned(), Param::new(Array::from([5.0_f32, 6.0]))),
    /// ]);
    /// save_checkpoint(&file, &linear, &BTreeMap::new())?;
    ///
    /// let mut layer = Linear::new(2, 2, &mut Rngs::new(0));
    /// load_weights(&file, &mut layer, &WeightMap::torch())?;
    /// assert_eq!(layer.kernel.to_vec::<f32>(), [1.0, 3.0, 2.0, 4.0]);
    /// std::fs::remove_file(file).unwrap();
    /// # Ok::<(), nnx::Error>(())
    /// ```
    pub fn torch() -> Self {
        WeightMap { naming: Naming::Torch, ..WeightMap::default() }
    }

    /// The part of the model below a path is called otherwise in the file: `name` takes the place of the path in the
    /// names of its leaves, and each `{}` in it that of a `[*]` or a `*` of the path. An empty name drops the path. The
    /// first rule that leads to a leaf counts.
    ///
    /// ```
    /// use nnx::nn::Linear;
    /// use nnx::path;
    /// use nnx::train::WeightMap;
    ///
    /// #[derive(nnx::Module)]
    /// struct Block {
    ///     linear: Linear,
    /// }
    ///
    /// #[derive(nnx::Module)]
    /// struct Model {
    ///     blocks: Vec<Block>,
    /// }
    ///
    /// // `blocks[3].linear.kernel` is `transformer.h.3.mlp.weight`.
    /// let map = WeightMap::torch().tree(path!(Model: blocks[*].linear), "transformer.h.{}.mlp");
    /// ```
    pub fn tree(mut self, path: PathPattern, name: impl Into<String>) -> Self {
        self.trees.push((path, name.into()));
        self
    }

    /// The leaves at a path are made of this tensor. The first rule that leads to a leaf counts, before the rules for
    /// trees.
    ///
    /// ```
    /// use nnx::train::{WeightMap, tensor};
    /// use nnx::{Param, path};
    ///
    /// #[derive(nnx::Module)]
    /// struct Attention {
    ///     query: Param,
    ///     key: Param,
    /// }
    ///
    /// #[derive(nnx::Module)]
    /// struct Model {
    ///     blocks: Vec<Attention>,
    /// }
    ///
    /// // One tensor `h.3.attn.c_attn.weight` holds query, key and value of block 3, side by side.
    /// let part = |i| tensor("h.{}.attn.c_attn.weight").split(i, 3, 1).reshape();
    /// let map = WeightMap::torch()
    ///     .leaf(path!(Model: blocks[*].query), part(0))
    ///     .leaf(path!(Model: blocks[*].key), part(1));
    /// ```
    pub fn leaf(mut self, path: PathPattern, tensor: FileTensor) -> Self {
        self.leaves.push((path, tensor));
        self
    }

    /// The leaves that a filter takes stay as they are: a new head, optimizer state, random streams.
    ///
    /// ```
    /// use nnx::train::{WeightMap, load_weights, save_checkpoint};
    /// use nnx::{Array, Param, path_contains};
    ///
    /// let file = std::env::temp_dir().join(format!("nnx-keep-{}", std::process::id()));
    /// save_checkpoint(&file, &vec![Param::new(Array::scalar(7.0_f32))], &Default::default())?;
    ///
    /// // The second one is not in the file.
    /// let mut model = [1.0_f32, 1.0].map(|x| Param::new(Array::scalar(x)));
    /// load_weights(&file, &mut model, &WeightMap::new().keep(path_contains(1)))?;
    /// assert_eq!(model.map(|x| x.item::<f32>()), [7.0, 1.0]);
    /// std::fs::remove_file(file).unwrap();
    /// # Ok::<(), nnx::Error>(())
    /// ```
    pub fn keep(mut self, filter: impl Filter + 'static) -> Self {
        self.kept.push(Arc::new(filter));
        self
    }

    /// Tensors are converted to the dtypes of their leaves, as [`astype`](crate::Array::astype) does: floats to floats,
    /// integers to integers, where those that do not fit wrap around. Otherwise another dtype is an error.
    ///
    /// ```
    /// use nnx::train::{WeightMap, load_weights, save_checkpoint};
    /// use nnx::{Array, DType, Param};
    ///
    /// let file = std::env::temp_dir().join(format!("nnx-cast-{}", std::process::id()));
    /// let stored = vec![Param::new(Array::scalar(1.5_f32).astype(DType::BF16))];
    /// save_checkpoint(&file, &stored, &Default::default())?;
    ///
    /// let mut model = vec![Param::new(Array::scalar(0.0_f32))];
    /// assert!(load_weights(&file, &mut model, &WeightMap::new()).is_err());
    /// load_weights(&file, &mut model, &WeightMap::new().cast())?;
    /// assert_eq!((model[0].dtype(), model[0].item::<f32>()), (DType::F32, 1.5));
    /// std::fs::remove_file(file).unwrap();
    /// # Ok::<(), nnx::Error>(())
    /// ```
    pub fn cast(mut self) -> Self {
        self.cast = true;
        self
    }

    /// Tensors of the file that no leaf takes are no error; [`load_weights`](super::load_weights) lists them.
    ///
    /// ```
    /// use nnx::train::{WeightMap, load_weights, save_checkpoint};
    /// use nnx::{Array, Param};
    ///
    /// let file = std::env::temp_dir().join(format!("nnx-unused-{}", std::process::id()));
    /// let stored = [1.0_f32, 2.0].map(|x| Param::new(Array::scalar(x)));
    /// save_checkpoint(&file, &stored, &Default::default())?;
    ///
    /// let mut model = vec![Param::new(Array::scalar(0.0_f32))];
    /// let done = load_weights(&file, &mut model, &WeightMap::new().ignore_unused())?;
    /// assert_eq!((model[0].item::<f32>(), done.unused), (1.0, vec!["1".to_owned()]));
    /// std::fs::remove_file(file).unwrap();
    /// # Ok::<(), nnx::Error>(())
    /// ```
    pub fn ignore_unused(mut self) -> Self {
        self.ignore_unused = true;
        self
    }

    /// The tensor for a leaf with `rank` axes, or none if the leaf stays; and which rule decided.
    pub(super) fn of(
        &self,
        path: &Path,
        info: &VarInfo<'_>,
        rank: usize,
    ) -> Result<Option<(FileTensor, Source)>, String> {
        if self.kept.iter().any(|filter| filter.matches(path, info)) {
            return Ok(None);
        }
        let is_leaf = |pattern: &PathPattern| {
            pattern.keys().len() == path.keys().len() && pattern.covers(path)
        };
        if let Some(i) = self.leaves.iter().position(|(pattern, _)| is_leaf(pattern)) {
            let (pattern, tensor) = &self.leaves[i];
            return Ok(Some((tensor.filled(&words(pattern, path))?, Source::Leaf(i))));
        }
        let tree = self.trees.iter().position(|(pattern, _)| pattern.covers(path));
        let (prefix, below, rule) = match tree {
            Some(i) => {
                let (pattern, name) = &self.trees[i];
                if pattern.keys().len() == path.keys().len() {
                    return Err(format!(
                        "`.tree({pattern}, …)` leads to a leaf, whose layout it does not tell: use `.leaf(…)`"
                    ));
                }
                (fill(name, &words(pattern, path))?, pattern.keys().len(), Source::Tree(i))
            }
            None => (String::new(), 0, Source::Naming),
        };
        let mut names: Vec<String> = Vec::new();
        names.extend((!prefix.is_empty()).then_some(prefix));
        names.extend(path.keys()[below..].iter().map(word));
        Ok(Some((self.naming.tensor(names, rank), rule)))
    }
}

/// The rule that says which tensor a leaf gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    Leaf(usize),
    Tree(usize),
    Naming,
}

fn word(key: &PathKey) -> String {
    match key {
        PathKey::Name(name) => name.to_string(),
        PathKey::Index(index) => index.to_string(),
    }
}

/// The positions and keys of a path that a pattern leaves open.
fn words(pattern: &PathPattern, path: &Path) -> Vec<String> {
    let is_open = |key: &PatternKey| matches!(key, PatternKey::AnyIndex | PatternKey::AnyName);
    let keys = pattern.keys().iter().zip(path.keys());
    keys.filter(|(pattern, _)| is_open(pattern)).map(|(_, key)| word(key)).collect()
}

impl Naming {
    /// The tensor of the leaf at a path of these names.
    fn tensor(self, mut names: Vec<String>, rank: usize) -> FileTensor {
        let (Naming::Torch, Some(last)) = (self, names.last_mut()) else {
            return tensor(names.join("."));
        };
        let is_kernel = last == "kernel";
        let of_torch = match &**last {
            "kernel" | "embedding" | "scale" => "weight",
            "mean" => "running_mean",
            "var" => "running_var",
            other => other,
        };
        *last = of_torch.to_owned();
        let tensor = tensor(names.join("."));
        match rank {
            2 if is_kernel => tensor.transpose(),
            // [outputs, inputs, space…] → [space…, inputs, outputs]
            3.. if is_kernel => tensor.permute((2..rank).chain([1, 0]).collect::<Vec<_>>()),
            _ => tensor,
        }
    }

    /// Whether a tensor has no counterpart here.
    pub(super) fn passes_over(self, name: &str) -> bool {
        self == Naming::Torch && name.rsplit('.').next() == Some("num_batches_tracked")
    }
}
