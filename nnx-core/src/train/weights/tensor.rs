//! A tensor of a file, and the steps that make a leaf of it.

use crate::array::concatenate;
use crate::graph::Array;
use std::fmt;

/// A tensor of a file by its name, and what is done with it before a leaf gets it; made by [`tensor`].
///
/// ```
/// use nnx::train::{FileTensor, tensor};
///
/// // A part of a fused tensor, and another one behind it.
/// let kernel: FileTensor = tensor("attn.qkv.weight").split(0, 3, 0).transpose();
/// let both = kernel.concatenate(tensor("attn.out.weight"), 1);
/// assert!(format!("{both:?}").contains("attn.qkv.weight"));
/// ```
#[derive(Debug, Clone)]
pub struct FileTensor {
    name: String,
    steps: Vec<Step>,
}

/// A change of a tensor.
#[derive(Debug, Clone)]
enum Step {
    Permute(Vec<usize>),
    Transpose,
    Reshape,
    Split { part: usize, parts: usize, axis: usize },
    Reorder { axis: usize, blocks: Vec<usize> },
    Concatenate { axis: usize, other: FileTensor },
    Add(FileTensor),
}

/// The tensor of a file with this name. Each `{}` in the name stands for what a `[*]` or a `*` of the leaf's path is
/// there, in their order: [`WeightMap::leaf`](super::WeightMap::leaf) has an example.
///
/// ```
/// use nnx::nn::Embed;
/// use nnx::random::Rngs;
/// use nnx::train::{WeightMap, load_weights, save_checkpoint, tensor};
/// use nnx::{Array, Param, path};
///
/// let file = std::env::temp_dir().join(format!("nnx-tensor-{}", std::process::id()));
/// let stored = vec![Param::new(Array::from([[1.0_f32, 2.0], [3.0, 4.0]]))];
/// save_checkpoint(&file, &stored, &Default::default())?;
///
/// let mut embed = Embed::new(2, 2, &mut Rngs::new(0));
/// // The first tensor of the file is called `0`, as its path is.
/// let map = WeightMap::new().leaf(path!(Embed: embedding), tensor("0"));
/// load_weights(&file, &mut embed, &map)?;
/// assert_eq!(embed.embedding.to_vec::<f32>(), [1.0, 2.0, 3.0, 4.0]);
/// std::fs::remove_file(file).unwrap();
/// # Ok::<(), nnx::Error>(())
/// ```
pub fn tensor(name: impl Into<String>) -> FileTensor {
    FileTensor { name: name.into(), steps: Vec::new() }
}

impl FileTensor {
    fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// With its axes in the reverse order: a kernel of PyTorch's `Linear` is `[outputs, inputs]`.
    ///
    /// ```
    /// use nnx::nn::Embed;
    /// use nnx::random::Rngs;
    /// use nnx::train::{WeightMap, load_weights, save_checkpoint, tensor};
    /// use nnx::{Array, Param, path};
    ///
    /// let file = std::env::temp_dir().join(format!("nnx-transpose-{}", std::process::id()));
    /// let stored = vec![Param::new(Array::from([[1.0_f32, 2.0], [3.0, 4.0]]))];
    /// save_checkpoint(&file, &stored, &Default::default())?;
    ///
    /// let mut embed = Embed::new(2, 2, &mut Rngs::new(0));
    /// let map = WeightMap::new().leaf(path!(Embed: embedding), tensor("0").transpose());
    /// load_weights(&file, &mut embed, &map)?;
    /// assert_eq!(embed.embedding.to_vec::<f32>(), [1.0, 3.0, 2.0, 4.0]);
    /// std::fs::remove_file(file).unwrap();
    /// # Ok::<(), nnx::Error>(())
    /// ```
    pub fn transpose(self) -> Self {
        self.then(Step::Transpose)
    }

    /// With its axes in this order.
    ///
    /// ```
    /// use nnx::nn::Embed;
    /// use nnx::random::Rngs;
    /// use nnx::train::{WeightMap, load_weights, save_checkpoint, tensor};
    /// use nnx::{Array, Param, path};
    ///
    /// let file = std::env::temp_dir().join(format!("nnx-permute-{}", std::process::id()));
    /// let stored = vec![Param::new(Array::from([[1.0_f32, 2.0], [3.0, 4.0]]))];
    /// save_checkpoint(&file, &stored, &Default::default())?;
    ///
    /// let mut embed = Embed::new(2, 2, &mut Rngs::new(0));
    /// let map = WeightMap::new().leaf(path!(Embed: embedding), tensor("0").permute([1, 0]));
    /// load_weights(&file, &mut embed, &map)?;
    /// assert_eq!(embed.embedding.to_vec::<f32>(), [1.0, 3.0, 2.0, 4.0]);
    /// std::fs::remove_file(file).unwrap();
    /// # Ok::<(), nnx::Error>(())
    /// ```
    pub fn permute(self, axes: impl Into<Vec<usize>>) -> Self {
        self.then(Step::Permute(axes.into()))
    }

    /// In the shape of the leaf, with the same elements in the same order.
    ///
    /// ```
    /// use nnx::nn::Embed;
    /// use nnx::random::Rngs;
    /// use nnx::train::{WeightMap, load_weights, save_checkpoint, tensor};
    /// use nnx::{Array, Param, path};
    ///
    /// let file = std::env::temp_dir().join(format!("nnx-reshape-{}", std::process::id()));
    /// let stored = vec![Param::new(Array::from([1.0_f32, 2.0, 3.0, 4.0]))];
    /// save_checkpoint(&file, &stored, &Default::default())?;
    ///
    /// let mut embed = Embed::new(2, 2, &mut Rngs::new(0));
    /// let map = WeightMap::new().leaf(path!(Embed: embedding), tensor("0").reshape());
    /// load_weights(&file, &mut embed, &map)?;
    /// assert_eq!(embed.embedding.to_vec::<f32>(), [1.0, 2.0, 3.0, 4.0]);
    /// std::fs::remove_file(file).unwrap();
    /// # Ok::<(), nnx::Error>(())
    /// ```
    pub fn reshape(self) -> Self {
        self.then(Step::Reshape)
    }

    /// The part `part` of `parts` equal ones along an axis: the query, key and value of one fused tensor are
    /// `split(0, 3, axis)` to `split(2, 3, axis)`.
    ///
    /// ```
    /// use nnx::nn::Embed;
    /// use nnx::random::Rngs;
    /// use nnx::train::{WeightMap, load_weights, save_checkpoint, tensor};
    /// use nnx::{Array, Param, path};
    ///
    /// let file = std::env::temp_dir().join(format!("nnx-split-{}", std::process::id()));
    /// let stored = vec![Param::new(Array::from([[1.0_f32, 2.0], [3.0, 4.0], [5.0, 6.0]]))];
    /// save_checkpoint(&file, &stored, &Default::default())?;
    ///
    /// let mut embed = Embed::new(1, 2, &mut Rngs::new(0));
    /// let map = WeightMap::new().leaf(path!(Embed: embedding), tensor("0").split(2, 3, 0));
    /// load_weights(&file, &mut embed, &map)?;
    /// assert_eq!(embed.embedding.to_vec::<f32>(), [5.0, 6.0]);
    /// std::fs::remove_file(file).unwrap();
    /// # Ok::<(), nnx::Error>(())
    /// ```
    pub fn split(self, part: usize, parts: usize, axis: usize) -> Self {
        self.then(Step::Split { part, parts, axis })
    }

    /// With equal blocks along an axis in another order: block `i` is the block `blocks[i]` of the file. Other libraries
    /// have the gates of recurrent cells in other orders.
    ///
    /// ```
    /// use nnx::nn::Embed;
    /// use nnx::random::Rngs;
    /// use nnx::train::{WeightMap, load_weights, save_checkpoint, tensor};
    /// use nnx::{Array, Param, path};
    ///
    /// let file = std::env::temp_dir().join(format!("nnx-reorder-{}", std::process::id()));
    /// let stored = vec![Param::new(Array::from([[1.0_f32, 2.0], [3.0, 4.0], [5.0, 6.0]]))];
    /// save_checkpoint(&file, &stored, &Default::default())?;
    ///
    /// let mut embed = Embed::new(3, 2, &mut Rngs::new(0));
    /// let map = WeightMap::new().leaf(path!(Embed: embedding), tensor("0").reorder(0, [2, 0, 1]));
    /// load_weights(&file, &mut embed, &map)?;
    /// assert_eq!(embed.embedding.to_vec::<f32>(), [5.0, 6.0, 1.0, 2.0, 3.0, 4.0]);
    /// std::fs::remove_file(file).unwrap();
    /// # Ok::<(), nnx::Error>(())
    /// ```
    pub fn reorder(self, axis: usize, blocks: impl Into<Vec<usize>>) -> Self {
        self.then(Step::Reorder { axis, blocks: blocks.into() })
    }

    /// With another tensor behind it along an axis.
    ///
    /// ```
    /// use nnx::nn::Embed;
    /// use nnx::random::Rngs;
    /// use nnx::train::{WeightMap, load_weights, save_checkpoint, tensor};
    /// use nnx::{Array, Param, path};
    ///
    /// let file = std::env::temp_dir().join(format!("nnx-concatenate-{}", std::process::id()));
    /// let stored = [Array::from([[1.0_f32, 2.0]]), Array::from([[3.0_f32, 4.0]])].map(Param::new);
    /// save_checkpoint(&file, &stored, &Default::default())?;
    ///
    /// let mut embed = Embed::new(2, 2, &mut Rngs::new(0));
    /// let both = tensor("0").concatenate(tensor("1"), 0);
    /// let map = WeightMap::new().leaf(path!(Embed: embedding), both);
    /// load_weights(&file, &mut embed, &map)?;
    /// assert_eq!(embed.embedding.to_vec::<f32>(), [1.0, 2.0, 3.0, 4.0]);
    /// std::fs::remove_file(file).unwrap();
    /// # Ok::<(), nnx::Error>(())
    /// ```
    pub fn concatenate(self, other: FileTensor, axis: usize) -> Self {
        self.then(Step::Concatenate { axis, other })
    }

    /// Plus another tensor of the same shape: PyTorch's recurrent cells have two biases.
    ///
    /// ```
    /// use nnx::nn::Embed;
    /// use nnx::random::Rngs;
    /// use nnx::train::{WeightMap, load_weights, save_checkpoint, tensor};
    /// use nnx::{Array, Param, path};
    ///
    /// let file = std::env::temp_dir().join(format!("nnx-plus-{}", std::process::id()));
    /// let stored = [Array::from([[1.0_f32, 2.0]]), Array::from([[3.0_f32, 4.0]])].map(Param::new);
    /// save_checkpoint(&file, &stored, &Default::default())?;
    ///
    /// let mut embed = Embed::new(1, 2, &mut Rngs::new(0));
    /// let map = WeightMap::new().leaf(path!(Embed: embedding), tensor("0").plus(tensor("1")));
    /// load_weights(&file, &mut embed, &map)?;
    /// assert_eq!(embed.embedding.to_vec::<f32>(), [4.0, 6.0]);
    /// std::fs::remove_file(file).unwrap();
    /// # Ok::<(), nnx::Error>(())
    /// ```
    pub fn plus(self, other: FileTensor) -> Self {
        self.then(Step::Add(other))
    }

    /// With each `{}` in the names replaced by a word, in their order.
    pub(super) fn filled(&self, words: &[String]) -> Result<FileTensor, String> {
        let filled = |step: &Step| {
            Ok(match step {
                Step::Concatenate { axis, other } => {
                    Step::Concatenate { axis: *axis, other: other.filled(words)? }
                }
                Step::Add(other) => Step::Add(other.filled(words)?),
                step => step.clone(),
            })
        };
        let steps = self.steps.iter().map(filled).collect::<Result<_, String>>()?;
        Ok(FileTensor { name: fill(&self.name, words)?, steps })
    }

    /// The names of all tensors that it is made of.
    pub(super) fn names(&self) -> Vec<&str> {
        let others = self.steps.iter().flat_map(|step| match step {
            Step::Concatenate { other, .. } | Step::Add(other) => other.names(),
            _ => Vec::new(),
        });
        std::iter::once(&*self.name).chain(others).collect()
    }

    /// The shape of the leaf that is made of it, whose own is `like`; `shape_of` gives the shapes of the file, which has
    /// all names.
    pub(super) fn shape(
        &self,
        like: &[usize],
        shape_of: &dyn Fn(&str) -> Vec<usize>,
    ) -> Result<Vec<usize>, String> {
        let mut shape = shape_of(&self.name);
        for step in &self.steps {
            let given = shape.clone();
            shape = step
                .shape(shape, like, shape_of)
                .map_err(|why| format!("`{}` of shape {given:?}: {step}: {why}", self.name))?;
        }
        Ok(shape)
    }

    /// The leaf, of steps whose shapes were checked.
    pub(super) fn array(&self, like: &[usize], read: &dyn Fn(&str) -> Array) -> Array {
        self.steps.iter().fold(read(&self.name), |x, step| match step {
            Step::Permute(axes) => x.transpose(&axes[..]),
            Step::Transpose => x.t(),
            Step::Reshape => x.reshape(like),
            Step::Split { part, parts, axis } => block(&x, *part, *parts, *axis),
            Step::Reorder { axis, blocks } => {
                let blocks: Vec<Array> =
                    blocks.iter().map(|&i| block(&x, i, blocks.len(), *axis)).collect();
                concatenate(&blocks, *axis as isize)
            }
            Step::Concatenate { axis, other } => {
                concatenate([&x, &other.array(like, read)], *axis as isize)
            }
            Step::Add(other) => x + other.array(like, read),
        })
    }
}

/// One of `blocks` equal parts along an axis.
fn block(x: &Array, i: usize, blocks: usize, axis: usize) -> Array {
    x.split(blocks, axis as isize).swap_remove(i)
}

impl Step {
    fn shape(
        &self,
        mut shape: Vec<usize>,
        like: &[usize],
        shape_of: &dyn Fn(&str) -> Vec<usize>,
    ) -> Result<Vec<usize>, String> {
        let has = |axis: usize, shape: &[usize]| match shape.get(axis) {
            Some(_) => Ok(()),
            None => Err(format!("there is no axis {axis}")),
        };
        let blocks_of = |shape: &[usize], axis: usize, blocks: usize| match shape[axis] {
            size if blocks > 0 && size % blocks == 0 => Ok(()),
            size => Err(format!("{size} along axis {axis} is not {blocks} equal parts")),
        };
        match self {
            Step::Transpose => shape.reverse(),
            Step::Permute(axes) => {
                let mut sorted = axes.clone();
                sorted.sort_unstable();
                if !sorted.iter().copied().eq(0..shape.len()) {
                    return Err(format!("{axes:?} is no order of its {} axes", shape.len()));
                }
                shape = axes.iter().map(|&axis| shape[axis]).collect();
            }
            Step::Reshape => {
                let size =
                    |shape: &[usize]| shape.iter().try_fold(1_usize, |n, &d| n.checked_mul(d));
                if size(&shape) != size(like) {
                    return Err(format!(
                        "the leaf of shape {like:?} has another number of elements"
                    ));
                }
                shape = like.to_vec();
            }
            Step::Split { part, parts, axis } => {
                has(*axis, &shape)?;
                blocks_of(&shape, *axis, *parts)?;
                if part >= parts {
                    return Err(format!("there is no part {part} of {parts}"));
                }
                shape[*axis] /= parts;
            }
            Step::Reorder { axis, blocks } => {
                has(*axis, &shape)?;
                blocks_of(&shape, *axis, blocks.len())?;
                let mut sorted = blocks.clone();
                sorted.sort_unstable();
                if !sorted.iter().copied().eq(0..blocks.len()) {
                    return Err(format!("{blocks:?} is no order of {} blocks", blocks.len()));
                }
            }
            Step::Concatenate { axis, other } => {
                let other_shape = other.shape(like, shape_of)?;
                has(*axis, &shape)?;
                let fits = other_shape.len() == shape.len()
                    && (0..shape.len()).all(|i| i == *axis || shape[i] == other_shape[i]);
                if !fits {
                    return Err(format!("`{}` is of shape {other_shape:?}", other.name));
                }
                shape[*axis] += other_shape[*axis];
            }
            Step::Add(other) => {
                let other_shape = other.shape(like, shape_of)?;
                if other_shape != shape {
                    return Err(format!("`{}` is of shape {other_shape:?}", other.name));
                }
            }
        }
        Ok(shape)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Permute(axes) => write!(f, "permute({axes:?})"),
            Step::Transpose => f.write_str("transpose()"),
            Step::Reshape => f.write_str("reshape()"),
            Step::Split { part, parts, axis } => write!(f, "split({part}, {parts}, {axis})"),
            Step::Reorder { axis, blocks } => write!(f, "reorder({axis}, {blocks:?})"),
            Step::Concatenate { axis, other } => {
                write!(f, "concatenate(`{}`, {axis})", other.name)
            }
            Step::Add(other) => write!(f, "plus(`{}`)", other.name),
        }
    }
}

/// A name with each `{}` replaced by a word, in their order.
pub(super) fn fill(name: &str, words: &[String]) -> Result<String, String> {
    let places = name.matches("{}").count();
    if places != words.len() {
        return Err(format!(
            "the name `{name}` has {places} `{{}}`, and the path {} places that stand for any position or key",
            words.len()
        ));
    }
    let mut words = words.iter();
    let parts = name.split("{}").enumerate();
    Ok(parts.fold(String::new(), |filled, (i, part)| {
        let word = if i == 0 { "" } else { words.next().map_or("", String::as_str) };
        filled + word + part
    }))
}
