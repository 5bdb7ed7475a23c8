//! `Params`: arrays by path, what gradient transformations work on.

use crate::error::{Error, raise};
use crate::graph::Array;
use crate::module::walk::for_each_leaf;
use crate::module::{
    Filter, HasKind, KeyRef, Kind, Leaves, Metadata, Module, OptState, Param, Path, PathKey,
    Schema, VarInfo, Variable, Visitor, VisitorMut,
};
use crate::value::DType;
use rustc_hash::FxHasher;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

/// Values hashed once: the call path of a jitted function sees one number instead of every name.
pub(super) struct Hashed<V> {
    fingerprint: u64,
    all: Vec<V>,
}

impl<V: Hash> Hashed<V> {
    pub(super) fn new(all: Vec<V>) -> Arc<Self> {
        let mut hasher = FxHasher::default();
        all.hash(&mut hasher);
        Arc::new(Hashed { fingerprint: hasher.finish(), all })
    }
}

impl<V> Deref for Hashed<V> {
    type Target = [V];
    fn deref(&self) -> &[V] {
        &self.all
    }
}

impl<V: PartialEq> PartialEq for Hashed<V> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
            || (self.fingerprint == other.fingerprint && self.all == other.all)
    }
}
impl<V: Eq> Eq for Hashed<V> {}
impl<V> Hash for Hashed<V> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.fingerprint);
    }
}
impl<V: fmt::Debug> fmt::Debug for Hashed<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.all.fmt(f)
    }
}

/// Where a parameter is, and what a filter sees of it besides its value.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct ParamPlace {
    pub(super) path: Path,
    /// None of a plain array.
    pub(super) kind: Option<&'static Kind>,
    pub(super) metadata: Metadata,
}

impl ParamPlace {
    /// A moment of the parameter, with its notes on how it lies over a mesh.
    fn leaf(&self, array: Array) -> Variable<OptState> {
        let leaf = Variable::new(array);
        match self.metadata.optimizer_sharding() {
            Some(spec) => leaf.with_out_sharding(spec),
            None => leaf,
        }
    }
}

impl fmt::Debug for ParamPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.path, f)
    }
}

/// The places of a [`Params`], in the order of their paths.
pub(super) type ParamLayout = Hashed<ParamPlace>;

/// Arrays by path, in the order of their paths: parameters, gradients, updates, and what an
/// optimizer remembers about each parameter.
///
/// As a part of an optimizer's state it is a Module whose leaves are Variables of kind
/// [`OptState`] at the parameters' own paths: `mu.linear1.kernel`.
///
/// ```
/// use nnx::optim::Params;
/// use nnx::{Array, Everything, Param};
///
/// let model = [Array::from([3.0_f32, 4.0]), Array::scalar(12.0_f32)].map(Param::new);
/// let params = Params::of(&model, &Everything);
/// assert_eq!((params.len(), params.is_empty()), (2, false));
/// assert_eq!(params.get("[1]").unwrap().item::<f32>(), 12.0);
/// assert!((params.global_norm().item::<f32>() - 13.0).abs() < 1e-5);
/// ```
#[derive(Clone)]
pub struct Params {
    layout: Arc<ParamLayout>,
    leaves: Vec<Variable<OptState>>,
}

impl Params {
    /// Arrays at the paths given, as of Params; sorted here.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::optim::Params;
    ///
    /// let named = |path: &str, x: f32| (path.parse().unwrap(), Array::scalar(x));
    /// let params = Params::new([named("layer.kernel", 1.0), named("layer.bias", 2.0)]);
    /// // In the order of paths.
    /// let paths: Vec<String> = params.iter().map(|(path, _)| path.to_string()).collect();
    /// assert_eq!(paths, ["layer.bias", "layer.kernel"]);
    /// assert_eq!(params.get("layer.kernel").unwrap().item::<f32>(), 1.0);
    /// ```
    pub fn new(entries: impl IntoIterator<Item = (Path, Array)>) -> Self {
        let place =
            |path| ParamPlace { path, kind: Some(Param::VARIABLE_KIND), metadata: Metadata::EMPTY };
        Params::at(entries.into_iter().map(|(path, array)| (place(path), array)).collect())
    }

    /// The values of the Variables and plain arrays of `module` that `filter` takes and that hold floats or complex numbers.
    ///
    /// ```
    /// use nnx::nn::BatchNorm;
    /// use nnx::optim::Params;
    /// use nnx::random::Rngs;
    /// use nnx::{Everything, Param, of_type};
    ///
    /// let norm = BatchNorm::new(3, &mut Rngs::new(0));
    /// // The running statistics are not of the type Param.
    /// assert_eq!(Params::of(&norm, &of_type::<Param>()).len(), 2);
    /// assert!(Params::of(&norm, &Everything).get("mean").is_some());
    /// ```
    pub fn of<M: Module>(module: &M, filter: &dyn Filter) -> Self {
        let found = parameters(module, |path, leaf| filter.matches(path, leaf));
        Params::at(found.into_iter().map(|found| (found.place, found.array)).collect())
    }

    /// Arrays at these places; sorted here.
    pub(super) fn at(mut entries: Vec<(ParamPlace, Array)>) -> Self {
        entries.sort_by(|(a, _), (b, _)| a.path.cmp(&b.path));
        let (places, leaves): (Vec<_>, Vec<_>) = entries
            .into_iter()
            .map(|(place, array)| {
                let leaf = place.leaf(array);
                (place, leaf)
            })
            .unzip();
        Params { layout: Hashed::new(places), leaves }
    }

    pub(super) fn from_layout(
        layout: &Arc<ParamLayout>,
        arrays: impl IntoIterator<Item = Array>,
    ) -> Self {
        let leaves: Vec<_> =
            arrays.into_iter().zip(layout.iter()).map(|(array, place)| place.leaf(array)).collect();
        debug_assert_eq!(leaves.len(), layout.len());
        Params { layout: layout.clone(), leaves }
    }

    pub(super) fn layout(&self) -> &Arc<ParamLayout> {
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
    ///
    /// ```
    /// use nnx::nn::Linear;
    /// use nnx::optim::Params;
    /// use nnx::random::Rngs;
    /// use nnx::Everything;
    ///
    /// let params = Params::of(&Linear::new(3, 4, &mut Rngs::new(0)), &Everything);
    /// let shapes: Vec<String> =
    ///     params.iter().map(|(path, array)| format!("{path} {:?}", array.shape())).collect();
    /// assert_eq!(shapes, ["bias [4]", "kernel [3, 4]"]);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (&Path, &Array)> {
        self.layout.iter().map(|place| &place.path).zip(self.arrays())
    }

    /// Places and arrays in order.
    fn entries(&self) -> impl Iterator<Item = (ParamPlace, Array)> {
        self.layout.iter().cloned().zip(self.arrays().cloned())
    }

    /// The arrays in the order of their paths.
    ///
    /// ```
    /// use nnx::nn::Linear;
    /// use nnx::optim::Params;
    /// use nnx::random::Rngs;
    /// use nnx::{Array, Everything};
    ///
    /// let params = Params::of(&Linear::new(3, 4, &mut Rngs::new(0)), &Everything);
    /// // 4 + 3 · 4
    /// assert_eq!(params.arrays().map(Array::size).sum::<usize>(), 16);
    /// ```
    pub fn arrays(&self) -> impl Iterator<Item = &Array> {
        self.leaves.iter().map(Variable::value)
    }

    /// The array at `path`, written as `layers[0].kernel`.
    ///
    /// ```
    /// use nnx::optim::Params;
    /// use nnx::{Array, Everything, Param};
    ///
    /// let model = [Array::from([3.0_f32, 4.0]), Array::scalar(12.0_f32)].map(Param::new);
    /// let params = Params::of(&model, &Everything);
    /// assert_eq!(params.get("[0]").unwrap().to_vec::<f32>(), [3.0, 4.0]);
    /// assert!(params.get("[2]").is_none());
    /// ```
    pub fn get(&self, path: &str) -> Option<&Array> {
        self.iter().find(|(p, _)| p.to_string() == path).map(|(_, array)| array)
    }

    /// `f` of every array.
    ///
    /// ```
    /// use nnx::optim::Params;
    /// use nnx::{Array, Everything, Param};
    ///
    /// let params = Params::of(&Param::new(Array::from([1.0_f32, 2.0])), &Everything);
    /// let negative = params.map(|x| -x);
    /// assert_eq!(negative.get("").unwrap().to_vec::<f32>(), [-1.0, -2.0]);
    /// ```
    #[track_caller]
    pub fn map(&self, mut f: impl FnMut(&Array) -> Array) -> Params {
        // A loop, not an iterator's closure: mistakes in `f` point at the user's line.
        let mut leaves = Vec::with_capacity(self.leaves.len());
        for (leaf, place) in self.leaves.iter().zip(self.layout.iter()) {
            leaves.push(place.leaf(f(leaf)));
        }
        Params { layout: self.layout.clone(), leaves }
    }

    /// `f` of every array and the one at the same path in `other`.
    ///
    /// ```
    /// use nnx::optim::Params;
    /// use nnx::{Array, Everything, Param};
    ///
    /// let params = Params::of(&Param::new(Array::from([1.0_f32, 2.0])), &Everything);
    /// let gradients = params.full_like(2.0);
    /// let after = params.zip(&gradients, |p, g| p - g * 0.25);
    /// assert_eq!(after.get("").unwrap().to_vec::<f32>(), [0.5, 1.5]);
    /// ```
    ///
    /// # Panics
    /// Panics if the paths of both differ.
    #[track_caller]
    pub fn zip(&self, other: &Params, mut f: impl FnMut(&Array, &Array) -> Array) -> Params {
        if self.layout != other.layout {
            raise(Error::Invalid(self.mismatch(other)));
        }
        let mut leaves = Vec::with_capacity(self.leaves.len());
        for ((a, b), place) in self.leaves.iter().zip(&other.leaves).zip(self.layout.iter()) {
            leaves.push(place.leaf(f(a, b)));
        }
        Params { layout: self.layout.clone(), leaves }
    }

    fn mismatch(&self, other: &Params) -> String {
        let only = |a: &Params, b: &Params| {
            let found = a.layout.iter().find(|place| !b.layout.contains(place));
            found.map(|place| place.path.to_string())
        };
        let found = only(self, other).or_else(|| only(other, self)).unwrap_or_default();
        format!(
            "the optimizer's state and the updates hold different parameters: `{found}` is in one \
             of them only. Make the optimizer for the model that it updates"
        )
    }

    /// The arrays for which `first` holds, and the others.
    ///
    /// ```
    /// use nnx::optim::Params;
    /// use nnx::{Array, Everything, Param};
    ///
    /// let model = [Array::from([3.0_f32, 4.0]), Array::scalar(12.0_f32)].map(Param::new);
    /// let params = Params::of(&model, &Everything);
    /// let (vectors, others) = params.partition(|x| x.rank() == 1);
    /// assert_eq!(vectors.get("[0]").unwrap().to_vec::<f32>(), [3.0, 4.0]);
    /// assert_eq!((vectors.len(), others.len()), (1, 1));
    /// ```
    pub fn partition(&self, mut first: impl FnMut(&Array) -> bool) -> (Params, Params) {
        let (yes, no): (Vec<_>, Vec<_>) = self.entries().partition(|(_, array)| first(array));
        (Params::at(yes), Params::at(no))
    }

    /// Those that `filter` takes, and the others. The filter sees path, kind, metadata and the array here.
    ///
    /// ```
    /// use nnx::nn::Linear;
    /// use nnx::optim::Params;
    /// use nnx::random::Rngs;
    /// use nnx::{Everything, path_contains};
    ///
    /// let params = Params::of(&Linear::new(3, 4, &mut Rngs::new(0)), &Everything);
    /// let (biases, others) = params.split(&path_contains("bias"));
    /// assert!(biases.get("bias").is_some() && biases.len() == 1);
    /// assert!(others.get("kernel").is_some() && others.len() == 1);
    /// ```
    pub fn split(&self, filter: &dyn Filter) -> (Params, Params) {
        let taken = |(place, array): &(ParamPlace, Array)| {
            let ParamPlace { path, kind, metadata } = place;
            filter.matches(path, &VarInfo { value: array, kind: *kind, metadata })
        };
        let (yes, no): (Vec<_>, Vec<_>) = self.entries().partition(taken);
        (Params::at(yes), Params::at(no))
    }

    /// The arrays at the paths of `other`, and the rest.
    pub(super) fn split_like(&self, other: &Params) -> (Params, Params) {
        if self.layout == other.layout {
            return (self.clone(), Params::new([]));
        }
        let is_there = |place: &ParamPlace| {
            other.layout.binary_search_by(|other| other.path.cmp(&place.path)).is_ok()
        };
        let (yes, no): (Vec<_>, Vec<_>) = self.entries().partition(|(place, _)| is_there(place));
        (Params::at(yes), Params::at(no))
    }

    /// The arrays that are not at the paths of `other`.
    pub(super) fn without(&self, other: &Params) -> Params {
        self.split_like(other).1
    }

    /// These arrays and those of `other`, which are at other paths.
    ///
    /// ```
    /// use nnx::optim::Params;
    /// use nnx::{Array, Everything, Param};
    ///
    /// let model = [Array::from([3.0_f32, 4.0]), Array::scalar(12.0_f32)].map(Param::new);
    /// let params = Params::of(&model, &Everything);
    /// let (vectors, others) = params.partition(|x| x.rank() == 1);
    /// let all = others.union(vectors.map(|x| x * 2.0));
    /// assert_eq!(all.get("[0]").unwrap().to_vec::<f32>(), [6.0, 8.0]);
    /// assert_eq!(all.get("[1]").unwrap().item::<f32>(), 12.0);
    /// ```
    pub fn union(self, other: Params) -> Params {
        if other.is_empty() {
            return self;
        }
        Params::at(self.entries().chain(other.entries()).collect())
    }

    /// Zeros in the shapes and dtypes of these arrays.
    ///
    /// ```
    /// use nnx::optim::Params;
    /// use nnx::{Array, Everything, Param};
    ///
    /// let params = Params::of(&Param::new(Array::from([1.0_f32, 2.0])), &Everything);
    /// assert_eq!(params.zeros_like().get("").unwrap().to_vec::<f32>(), [0.0, 0.0]);
    /// ```
    pub fn zeros_like(&self) -> Params {
        self.map(Array::zeros_like)
    }

    /// `value` in the shapes and dtypes of these arrays.
    ///
    /// ```
    /// use nnx::optim::Params;
    /// use nnx::{Array, Everything, Param};
    ///
    /// let params = Params::of(&Param::new(Array::from([1.0_f32, 2.0])), &Everything);
    /// assert_eq!(params.full_like(0.5).get("").unwrap().to_vec::<f32>(), [0.5, 0.5]);
    /// ```
    pub fn full_like(&self, value: f64) -> Params {
        self.map(|array| array.full_like(value))
    }

    /// The arrays converted to `dtype`.
    ///
    /// ```
    /// use nnx::optim::Params;
    /// use nnx::{Array, DType, Everything, Param};
    ///
    /// let params = Params::of(&Param::new(Array::from([1.0_f32, 2.0])), &Everything);
    /// let short = params.astype(DType::BF16);
    /// assert_eq!(short.get("").unwrap().dtype(), DType::BF16);
    /// ```
    pub fn astype(&self, dtype: DType) -> Params {
        self.map(|array| array.astype(dtype))
    }

    /// The arrays converted to `dtype`, if there is one.
    pub(super) fn kept_in(self, dtype: Option<DType>) -> Params {
        match dtype {
            Some(dtype) => self.astype(dtype),
            None => self,
        }
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
        for (ParamPlace { path, .. }, leaf) in self.layout.iter().zip(&self.leaves) {
            path.keys().iter().for_each(|k| visitor.enter(key(k)));
            leaf.flatten(visitor);
            path.keys().iter().for_each(|_| visitor.exit());
        }
    }

    fn flatten_mut<V: VisitorMut>(&mut self, visitor: &mut V) {
        for (ParamPlace { path, .. }, leaf) in self.layout.iter().zip(&mut self.leaves) {
            path.keys().iter().for_each(|k| visitor.enter(key(k)));
            leaf.flatten_mut(visitor);
            path.keys().iter().for_each(|_| visitor.exit());
        }
    }

    fn unflatten<L: Leaves>(&self, leaves: &mut L) -> Self {
        let unflatten = |(ParamPlace { path, .. }, leaf): (&ParamPlace, &Variable<OptState>)| {
            path.keys().iter().for_each(|k| leaves.enter(key(k)));
            let leaf = leaf.unflatten(leaves);
            path.keys().iter().for_each(|_| leaves.exit());
            leaf
        };
        let leaves = self.layout.iter().zip(&self.leaves).map(unflatten).collect();
        Params { layout: self.layout.clone(), leaves }
    }
}

/// A Variable or plain array of a model that holds real or complex floats.
pub(super) struct FloatVariable {
    pub(super) place: ParamPlace,
    /// Its number among the leaves.
    pub(super) position: usize,
    pub(super) array: Array,
}

/// The Variables and plain arrays that `take` holds for, if they hold floats.
pub(super) fn parameters<M: Module>(
    model: &M,
    mut take: impl FnMut(&Path, &VarInfo<'_>) -> bool,
) -> Vec<FloatVariable> {
    let (mut found, mut position) = (Vec::new(), 0);
    for_each_leaf(model, |path, leaf| {
        let is_float = leaf.value.try_aval().is_ok_and(|aval| aval.dtype().is_inexact());
        if is_float && take(path, &leaf) {
            let (kind, metadata) = (leaf.kind, leaf.metadata.clone());
            let place = ParamPlace { path: path.clone(), kind, metadata };
            found.push(FloatVariable { place, position, array: leaf.value.clone() });
        }
        position += 1;
    });
    found
}
