//! `Params`: arrays by path, what gradient transformations work on.

use crate::error::{Error, raise};
use crate::graph::Array;
use crate::module::{
    KeyRef, Leaves, Module, OptState, Path, PathKey, Schema, Variable, Visitor, VisitorMut,
};
use crate::value::DType;
use rustc_hash::FxHasher;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The sorted paths of a [`Params`], hashed once: the call path of a jitted function sees one
/// number instead of every name.
pub(super) struct ParamPaths {
    paths: Vec<Path>,
    fingerprint: u64,
}

impl ParamPaths {
    pub(super) fn new(paths: Vec<Path>) -> Arc<Self> {
        let mut hasher = FxHasher::default();
        paths.hash(&mut hasher);
        Arc::new(ParamPaths { paths, fingerprint: hasher.finish() })
    }

    pub(super) fn paths(&self) -> &[Path] {
        &self.paths
    }
}

impl PartialEq for ParamPaths {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
            || (self.fingerprint == other.fingerprint && self.paths == other.paths)
    }
}
impl Eq for ParamPaths {}
impl Hash for ParamPaths {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.fingerprint);
    }
}
impl fmt::Debug for ParamPaths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.paths.iter().map(Path::to_string)).finish()
    }
}

/// Arrays by path, in the order of their paths: parameters, gradients, updates, and what an
/// optimizer remembers about each parameter.
///
/// As a part of an optimizer's state it is a Module whose leaves are Variables of kind
/// [`OptState`] at the parameters' own paths: `mu.linear1.kernel`.
#[derive(Clone)]
pub struct Params {
    layout: Arc<ParamPaths>,
    leaves: Vec<Variable<OptState>>,
}

impl Params {
    /// Arrays at the paths given; sorted here.
    pub fn new(entries: impl IntoIterator<Item = (Path, Array)>) -> Self {
        let mut entries: Vec<_> = entries.into_iter().collect();
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        let (paths, leaves): (Vec<_>, Vec<_>) =
            entries.into_iter().map(|(path, array)| (path, Variable::new(array))).unzip();
        Params { layout: ParamPaths::new(paths), leaves }
    }

    pub(super) fn from_layout(
        layout: &Arc<ParamPaths>,
        arrays: impl IntoIterator<Item = Array>,
    ) -> Self {
        let leaves: Vec<_> = arrays.into_iter().map(Variable::new).collect();
        debug_assert_eq!(leaves.len(), layout.paths.len());
        Params { layout: layout.clone(), leaves }
    }

    pub(super) fn layout(&self) -> &Arc<ParamPaths> {
        &self.layout
    }

    /// How many arrays there are.
    pub fn len(&self) -> usize {
        self.leaves.len()
    }

    /// Whether there is no array.
    pub fn is_empty(&self) -> bool {
        self.leaves.is_empty()
    }

    /// Paths and arrays in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Path, &Array)> {
        self.layout.paths.iter().zip(self.arrays())
    }

    /// The arrays in the order of their paths.
    pub fn arrays(&self) -> impl Iterator<Item = &Array> {
        self.leaves.iter().map(Variable::value)
    }

    /// The array at `path`, written as `layers[0].kernel`.
    pub fn get(&self, path: &str) -> Option<&Array> {
        self.iter().find(|(p, _)| p.to_string() == path).map(|(_, array)| array)
    }

    /// `f` of every array.
    #[track_caller]
    pub fn map(&self, mut f: impl FnMut(&Array) -> Array) -> Params {
        // A loop, not an iterator's closure: mistakes in `f` point at the user's line.
        let mut leaves = Vec::with_capacity(self.leaves.len());
        for leaf in &self.leaves {
            leaves.push(Variable::new(f(leaf)));
        }
        Params { layout: self.layout.clone(), leaves }
    }

    /// `f` of every array and the one at the same path in `other`.
    ///
    /// # Panics
    /// Panics if the paths of both differ.
    #[track_caller]
    pub fn zip(&self, other: &Params, mut f: impl FnMut(&Array, &Array) -> Array) -> Params {
        if self.layout != other.layout {
            raise(Error::Invalid(self.mismatch(other)));
        }
        let mut leaves = Vec::with_capacity(self.leaves.len());
        for (a, b) in self.leaves.iter().zip(&other.leaves) {
            leaves.push(Variable::new(f(a, b)));
        }
        Params { layout: self.layout.clone(), leaves }
    }

    fn mismatch(&self, other: &Params) -> String {
        let only = |a: &Params, b: &Params| {
            let b = b.layout.paths();
            a.layout.paths().iter().find(|path| !b.contains(path)).map(Path::to_string)
        };
        let found = only(self, other).or_else(|| only(other, self)).unwrap_or_default();
        format!(
            "the optimizer's state and the updates hold different parameters: `{found}` is in one \
             of them only. Make the optimizer for the model that it updates"
        )
    }

    /// The arrays for which `first` holds, and the others.
    pub fn partition(&self, mut first: impl FnMut(&Array) -> bool) -> (Params, Params) {
        let entries = self.iter().map(|(path, array)| (path.clone(), array.clone()));
        let (yes, no): (Vec<_>, Vec<_>) = entries.partition(|(_, array)| first(array));
        (Params::new(yes), Params::new(no))
    }

    /// These arrays and those of `other`, which are at other paths.
    pub fn union(self, other: Params) -> Params {
        let entries = |params: Params| {
            let paths = params.layout.paths.clone();
            paths.into_iter().zip(params.leaves.into_iter().map(Variable::into_value))
        };
        Params::new(entries(self).chain(entries(other)))
    }

    /// Zeros in the shapes and dtypes of these arrays.
    pub fn zeros_like(&self) -> Params {
        self.map(Array::zeros_like)
    }

    /// `value` in the shapes and dtypes of these arrays.
    pub fn full_like(&self, value: f64) -> Params {
        self.map(|array| array.full_like(value))
    }

    /// The arrays converted to `dtype`.
    pub fn astype(&self, dtype: DType) -> Params {
        self.map(|array| array.astype(dtype))
    }

    /// √Σx² over all elements of all arrays, an f32 scalar unless the arrays are wider.
    /// `optax.tree.norm`.
    pub fn global_norm(&self) -> Array {
        let squares = self.map(Array::square);
        let mut sum = Array::scalar(0.0_f32);
        for square in squares.arrays() {
            sum += square.sum(..);
        }
        sum.sqrt()
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(path, array)| (path.to_string(), array))).finish()
    }
}

fn key(key: &PathKey) -> KeyRef<'_> {
    match key {
        PathKey::Name(name) => KeyRef::Name(name),
        PathKey::Index(index) => KeyRef::Index(*index),
    }
}

#[diagnostic::do_not_recommend]
impl Module for Params {
    const SCHEMA: &'static Schema = &Schema::Map(<Variable<OptState> as Module>::SCHEMA);

    fn flatten<V: Visitor>(&self, visitor: &mut V) {
        visitor.static_value(&self.layout);
        for (path, leaf) in self.layout.paths.iter().zip(&self.leaves) {
            path.keys().iter().for_each(|k| visitor.enter(key(k)));
            leaf.flatten(visitor);
            path.keys().iter().for_each(|_| visitor.exit());
        }
    }

    fn flatten_mut<V: VisitorMut>(&mut self, visitor: &mut V) {
        for (path, leaf) in self.layout.paths.iter().zip(&mut self.leaves) {
            path.keys().iter().for_each(|k| visitor.enter(key(k)));
            leaf.flatten_mut(visitor);
            path.keys().iter().for_each(|_| visitor.exit());
        }
    }

    fn unflatten<L: Leaves>(&self, leaves: &mut L) -> Self {
        let unflatten = |(path, leaf): (&Path, &Variable<OptState>)| {
            path.keys().iter().for_each(|k| leaves.enter(key(k)));
            let leaf = leaf.unflatten(leaves);
            path.keys().iter().for_each(|_| leaves.exit());
            leaf
        };
        let leaves = self.layout.paths.iter().zip(&self.leaves).map(unflatten).collect();
        Params { layout: self.layout.clone(), leaves }
    }
}
