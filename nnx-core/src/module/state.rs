//! [`State`]: the leaves of a tree by their paths.

use super::held::hold_to_read;
use super::walk::for_each_leaf;
use super::{
    Filter, Filters, Kind, Leaves, Metadata, Module, Path, Schema, Structure, VarInfo, VarMut,
    VarRef, Visitor, VisitorMut,
};
use crate::error::{Error, Result};
use crate::graph::Array;
use std::collections::btree_map::{self, BTreeMap, Entry};
use std::fmt;

/// A leaf of a tree: a Variable, or a plain array.
///
/// ```
/// use nnx::module::StateLeaf;
/// use nnx::{nn::Linear, random::Rngs, state};
///
/// let leaves = state(&Linear::new(3, 4, &mut Rngs::new(0)));
/// let kernel: &StateLeaf = &leaves["kernel"];
/// assert_eq!((kernel.value.shape(), kernel.kind.unwrap().name), (&[3, 4][..], "Param"));
/// ```
#[derive(Debug, Clone)]
pub struct StateLeaf {
    /// Its value. Cloning it shares the buffer.
    pub value: Array,
    /// Its kind; a plain array has none.
    pub kind: Option<&'static Kind>,
    /// Its metadata.
    pub metadata: Metadata,
}

impl StateLeaf {
    /// The properties of this leaf that filters see.
    ///
    /// ```
    /// use nnx::module::{Filter, of_type};
    /// use nnx::{Param, nn::Linear, random::Rngs, state};
    ///
    /// let leaves = state(&Linear::new(3, 4, &mut Rngs::new(0)));
    /// assert!(leaves.iter().all(|(path, leaf)| of_type::<Param>().matches(path, &leaf.info())));
    /// ```
    pub fn info(&self) -> VarInfo<'_> {
        VarInfo { value: &self.value, kind: self.kind, metadata: &self.metadata }
    }
}

impl From<VarInfo<'_>> for StateLeaf {
    fn from(leaf: VarInfo<'_>) -> Self {
        StateLeaf { value: leaf.value.clone(), kind: leaf.kind, metadata: leaf.metadata.clone() }
    }
}

/// The leaves of a tree, ordered by their paths: what can be saved, averaged, filtered, and put
/// back.
///
/// ```
/// use nnx::module::{of_type, state, update};
/// use nnx::{Array, Param};
///
/// let mut model = vec![Param::new(Array::absent("first")), Param::new(Array::absent("second"))];
/// let mut params = state(&model).filter(of_type::<Param>());
/// params["[1]"].value = Array::absent("another");
/// update(&mut model, params)?;
/// assert_eq!(format!("{:?}", model[1]), "Param(Absent(another))");
/// # Ok::<(), nnx::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct State(BTreeMap<Path, StateLeaf>);

/// All leaves of `module`: Variables and plain arrays. The values are shared, not copied.
///
/// ```
/// use nnx::{Array, Param, state};
///
/// let model = (Param::new(Array::scalar(1.0_f32)), vec![Array::scalar(2.0_f32)], "static");
/// let leaves = state(&model);
/// let paths: Vec<String> = leaves.paths().map(|path| path.to_string()).collect();
/// assert_eq!(paths, ["[0]", "[1][0]"]);
/// assert_eq!(leaves["[1][0]"].value.item::<f32>(), 2.0);
/// ```
///
/// # Panics
/// Panics if this thread holds a shared node for writing.
#[track_caller]
pub fn state<M: Module>(module: &M) -> State {
    let _held = hold_to_read("state", module);
    all_leaves(module)
}

pub(super) fn all_leaves<M: Module>(module: &M) -> State {
    let mut state = State::new();
    for_each_leaf(module, |path, leaf| {
        state.0.insert(path.clone(), leaf.into());
    });
    state
}

impl State {
    /// A state without leaves.
    ///
    /// ```
    /// use nnx::State;
    ///
    /// assert!(State::new().is_empty());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of leaves.
    ///
    /// ```
    /// use nnx::{nn::Linear, random::Rngs, state};
    ///
    /// assert_eq!(state(&Linear::new(3, 4, &mut Rngs::new(0))).len(), 2); // kernel and bias
    /// ```
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no leaves.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The leaf at `path`.
    ///
    /// ```
    /// use nnx::{nn::Linear, random::Rngs, state};
    ///
    /// let leaves = state(&Linear::new(3, 4, &mut Rngs::new(0)));
    /// assert!(leaves.get(&"kernel".parse().unwrap()).is_some());
    /// assert!(leaves.get(&"scale".parse().unwrap()).is_none()); // `leaves["scale"]` panics
    /// ```
    pub fn get(&self, path: &Path) -> Option<&StateLeaf> {
        self.0.get(path)
    }

    /// The leaf at `path`, to change it.
    ///
    /// ```
    /// use nnx::{Array, Param, state};
    ///
    /// let mut leaves = state(&vec![Param::new(Array::scalar(1.0_f32))]);
    /// leaves.get_mut(&"[0]".parse().unwrap()).unwrap().value = Array::scalar(2.0_f32);
    /// assert_eq!(leaves["[0]"].value.item::<f32>(), 2.0);
    /// ```
    pub fn get_mut(&mut self, path: &Path) -> Option<&mut StateLeaf> {
        self.0.get_mut(path)
    }

    /// Puts a leaf at `path` and gives the one that was there.
    ///
    /// ```
    /// use nnx::{Array, Param, State, state};
    ///
    /// let leaves = state(&vec![Param::new(Array::scalar(1.0_f32))]);
    /// let mut renamed = State::new();
    /// renamed.insert("layers[0]".parse().unwrap(), leaves["[0]"].clone());
    /// assert_eq!(renamed["layers[0]"].value.item::<f32>(), 1.0);
    /// ```
    pub fn insert(&mut self, path: Path, leaf: StateLeaf) -> Option<StateLeaf> {
        self.0.insert(path, leaf)
    }

    /// Takes the leaf at `path` out.
    ///
    /// ```
    /// use nnx::{nn::Linear, random::Rngs, state};
    ///
    /// let mut leaves = state(&Linear::new(3, 4, &mut Rngs::new(0)));
    /// assert_eq!(leaves.remove(&"bias".parse().unwrap()).unwrap().value.shape(), [4]);
    /// assert_eq!(leaves.len(), 1);
    /// ```
    pub fn remove(&mut self, path: &Path) -> Option<StateLeaf> {
        self.0.remove(path)
    }

    /// The leaves in the order of their paths.
    ///
    /// ```
    /// use nnx::{nn::Linear, random::Rngs, state};
    ///
    /// let leaves = state(&Linear::new(3, 4, &mut Rngs::new(0)));
    /// let sizes: usize = leaves.iter().map(|(_, leaf)| leaf.value.size()).sum();
    /// assert_eq!(sizes, 16);
    /// ```
    pub fn iter(&self) -> btree_map::Iter<'_, Path, StateLeaf> {
        self.0.iter()
    }

    /// The leaves in the order of their paths, to change them.
    ///
    /// ```
    /// use nnx::{Array, Param, state};
    ///
    /// let mut leaves = state(&vec![Param::new(Array::scalar(3.0_f32))]);
    /// for (_, leaf) in leaves.iter_mut() {
    ///     leaf.value = &leaf.value * 2.0;
    /// }
    /// assert_eq!(leaves["[0]"].value.item::<f32>(), 6.0);
    /// ```
    pub fn iter_mut(&mut self) -> btree_map::IterMut<'_, Path, StateLeaf> {
        self.0.iter_mut()
    }

    /// The paths in order.
    ///
    /// ```
    /// use nnx::{nn::Linear, random::Rngs, state};
    ///
    /// let leaves = state(&vec![Linear::new(3, 4, &mut Rngs::new(0))]);
    /// let paths: Vec<String> = leaves.paths().map(|path| path.to_string()).collect();
    /// assert_eq!(paths, ["[0].bias", "[0].kernel"]);
    /// ```
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.keys()
    }

    /// The leaves that `filter` takes.
    ///
    /// ```
    /// use nnx::{Not, nn::Linear, path_contains, random::Rngs, state};
    ///
    /// let leaves = state(&Linear::new(3, 4, &mut Rngs::new(0)));
    /// let rest = leaves.filter(Not(path_contains("bias")));
    /// assert_eq!((rest.len(), leaves.len()), (1, 2)); // `leaves` is as it was
    /// ```
    pub fn filter(&self, filter: impl Filter) -> State {
        let taken = self.iter().filter(|(path, leaf)| filter.matches(path, &leaf.info()));
        taken.map(|(path, leaf)| (path.clone(), leaf.clone())).collect()
    }

    /// The leaves at paths where `other` has none; values, kinds and metadata do not count. `flax.nnx.statelib.diff`.
    ///
    /// ```
    /// use nnx::{nn::Linear, random::Rngs, state};
    ///
    /// let mut rngs = Rngs::new(0);
    /// let with_bias = state(&Linear::new(3, 4, &mut rngs));
    /// let without = state(&Linear::builder(3, 4).use_bias(false).build(&mut rngs));
    /// let more = with_bias.diff(&without);
    /// assert_eq!(more.paths().map(|path| path.to_string()).collect::<Vec<_>>(), ["bias"]);
    /// assert!(without.diff(&with_bias).is_empty());
    /// ```
    pub fn diff(&self, other: &State) -> State {
        let more = self.iter().filter(|(path, _)| other.get(path).is_none());
        more.map(|(path, leaf)| (path.clone(), leaf.clone())).collect()
    }

    /// The leaves sorted by the first filter that takes them.
    ///
    /// ```
    /// use nnx::{Everything, nn::Linear, path_contains, random::Rngs, state};
    ///
    /// let leaves = state(&Linear::new(3, 4, &mut Rngs::new(0)));
    /// let [biases, rest] = leaves.clone().split((path_contains("bias"), Everything)).unwrap();
    /// assert_eq!((biases.len(), rest.len()), (1, 1));
    /// assert!(leaves.split((path_contains("bias"),)).is_err()); // nothing takes the kernel
    /// ```
    ///
    /// # Errors
    /// Returns an error if no filter takes a leaf: [`Everything`](super::Everything) as the last
    /// one takes the rest. Also if another filter follows it, which would take nothing.
    pub fn split<F: Filters>(self, filters: F) -> Result<F::Each<State>> {
        check_order(&filters)?;
        let mut states: Vec<State> = filters.each(|_| State::new()).into_iter().collect();
        let mut rest = Vec::new();
        for (path, leaf) in self {
            match filters.first(&path, &leaf.info()) {
                Some(i) => {
                    states[i].insert(path, leaf);
                }
                None => rest.push(path.to_string()),
            }
        }
        if rest.is_empty() {
            return Ok(filters.each(|i| std::mem::take(&mut states[i])));
        }
        Err(Error::Invalid(format!(
            "no filter takes {}: add the filter `Everything` at the end for the rest",
            rest.join(", ")
        )))
    }

    /// The leaves of several states in one.
    ///
    /// ```
    /// use nnx::{Everything, State, nn::Linear, path_contains, random::Rngs, state};
    ///
    /// let leaves = state(&Linear::new(3, 4, &mut Rngs::new(0)));
    /// let [biases, rest] = leaves.split((path_contains("bias"), Everything)).unwrap();
    /// assert_eq!(State::merge([biases.clone(), rest]).unwrap().len(), 2);
    /// assert!(State::merge([biases.clone(), biases]).is_err()); // one path twice
    /// ```
    ///
    /// # Errors
    /// Returns an error if a path is in more than one of them.
    pub fn merge(states: impl IntoIterator<Item = State>) -> Result<State> {
        let mut merged = State::new();
        let mut twice = Vec::new();
        for (path, leaf) in states.into_iter().flatten() {
            match merged.0.entry(path) {
                Entry::Vacant(entry) => {
                    entry.insert(leaf);
                }
                Entry::Occupied(entry) => twice.push(entry.key().to_string()),
            }
        }
        match twice.is_empty() {
            true => Ok(merged),
            false => {
                Err(Error::Invalid(format!("given by more than one state: {}", twice.join(", "))))
            }
        }
    }

    /// The same leaves with the values `f(path, leaf)`.
    ///
    /// ```
    /// use nnx::{Array, Param, state};
    ///
    /// let leaves = state(&vec![Param::new(Array::scalar(3.0_f32))]);
    /// let halves = leaves.map(|_, leaf| leaf.value * 0.5);
    /// assert_eq!(halves["[0]"].value.item::<f32>(), 1.5);
    /// ```
    pub fn map(mut self, mut f: impl FnMut(&Path, &VarInfo<'_>) -> Array) -> State {
        for (path, leaf) in self.iter_mut() {
            leaf.value = f(path, &leaf.info());
        }
        self
    }
}

/// Refuses a filter after one that takes every leaf, unless that takes every leaf too.
fn check_order(filters: &impl Filters) -> Result<()> {
    let takes_all: Vec<bool> = filters.each(|i| filters.takes_all(i)).into_iter().collect();
    let Some(first) = takes_all.iter().position(|all| *all) else { return Ok(()) };
    let Some(after) = takes_all[first..].iter().position(|all| !all) else { return Ok(()) };
    Err(Error::Invalid(format!(
        "the filter {first}, `Everything`, takes every leaf, so that the filter {} would take none\n\
         fix: put `Everything` last",
        first + after
    )))
}

impl FromIterator<(Path, StateLeaf)> for State {
    fn from_iter<I: IntoIterator<Item = (Path, StateLeaf)>>(leaves: I) -> Self {
        State(leaves.into_iter().collect())
    }
}

impl IntoIterator for State {
    type Item = (Path, StateLeaf);
    type IntoIter = btree_map::IntoIter<Path, StateLeaf>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a State {
    type Item = (&'a Path, &'a StateLeaf);
    type IntoIter = btree_map::Iter<'a, Path, StateLeaf>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// The leaf at a path that is written as it is shown: `state["layers[0].kernel"]`.
///
/// # Panics
/// Panics if there is no such leaf.
impl std::ops::Index<&str> for State {
    type Output = StateLeaf;
    #[track_caller]
    fn index(&self, path: &str) -> &StateLeaf {
        match path.parse().ok().and_then(|path: Path| self.0.get(&path)) {
            Some(leaf) => leaf,
            None => no_leaf(self, path),
        }
    }
}

impl std::ops::IndexMut<&str> for State {
    #[track_caller]
    fn index_mut(&mut self, path: &str) -> &mut StateLeaf {
        let found = path.parse().ok().filter(|path: &Path| self.0.contains_key(path));
        let Some(found) = found else { no_leaf(self, path) };
        match self.0.get_mut(&found) {
            Some(leaf) => leaf,
            None => no_leaf(&State::new(), path),
        }
    }
}

#[track_caller]
fn no_leaf(state: &State, path: &str) -> ! {
    let paths: Vec<String> = state.paths().map(Path::to_string).collect();
    crate::error::raise(Error::Invalid(format!(
        "there is no leaf at `{path}`; the leaves are {}",
        paths.join(", ")
    )))
}

/// A line per leaf: `layers[0].kernel: Param Array(f32[2, 3])`.
impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("State {\n")?;
        for (path, leaf) in self {
            let kind = leaf.kind.map_or("array", |kind| kind.name);
            writeln!(f, "    {path}: {kind} {}", leaf.value.brief())?;
        }
        f.write_str("}")
    }
}

/// Which leaves there are, and their kinds, are static.
#[diagnostic::do_not_recommend]
impl Module for State {
    const SCHEMA: &'static Schema = &Schema::Dyn("State", false);

    fn flatten<V: Visitor>(&self, visitor: &mut V) {
        visitor.structure(Structure::Len(self.len()));
        for (path, leaf) in self {
            visitor.static_value(path);
            visitor.static_value(&leaf.kind);
            path.keys().iter().for_each(|key| visitor.enter(key.into()));
            match leaf.kind {
                Some(kind) => {
                    visitor.variable(VarRef { value: &leaf.value, kind, metadata: &leaf.metadata })
                }
                None => visitor.array(&leaf.value),
            }
            path.keys().iter().for_each(|_| visitor.exit());
        }
    }

    fn flatten_mut<V: VisitorMut>(&mut self, visitor: &mut V) {
        for (path, leaf) in self.iter_mut() {
            path.keys().iter().for_each(|key| visitor.enter(key.into()));
            let StateLeaf { value, kind, metadata } = leaf;
            match *kind {
                Some(kind) => visitor.variable(VarMut { value, kind, metadata }),
                None => visitor.array(value),
            }
            path.keys().iter().for_each(|_| visitor.exit());
        }
    }

    fn unflatten<L: Leaves>(&self, leaves: &mut L) -> Self {
        let mut leaf = |(path, leaf): (&Path, &StateLeaf)| {
            path.keys().iter().for_each(|key| leaves.enter(key.into()));
            let &StateLeaf { ref value, kind, ref metadata } = leaf;
            let value = match kind {
                Some(kind) => leaves.variable(VarRef { value, kind, metadata }),
                None => leaves.array(value),
            };
            path.keys().iter().for_each(|_| leaves.exit());
            (path.clone(), StateLeaf { value, kind, metadata: metadata.clone() })
        };
        self.iter().map(&mut leaf).collect()
    }
}
