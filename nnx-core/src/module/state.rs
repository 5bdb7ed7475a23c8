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
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of leaves.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no leaves.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The leaf at `path`.
    pub fn get(&self, path: &Path) -> Option<&StateLeaf> {
        self.0.get(path)
    }

    /// The leaf at `path`, to change it.
    pub fn get_mut(&mut self, path: &Path) -> Option<&mut StateLeaf> {
        self.0.get_mut(path)
    }

    /// Puts a leaf at `path` and gives the one that was there.
    pub fn insert(&mut self, path: Path, leaf: StateLeaf) -> Option<StateLeaf> {
        self.0.insert(path, leaf)
    }

    /// Takes the leaf at `path` out.
    pub fn remove(&mut self, path: &Path) -> Option<StateLeaf> {
        self.0.remove(path)
    }

    /// The leaves in the order of their paths.
    pub fn iter(&self) -> btree_map::Iter<'_, Path, StateLeaf> {
        self.0.iter()
    }

    /// The leaves in the order of their paths, to change them.
    pub fn iter_mut(&mut self) -> btree_map::IterMut<'_, Path, StateLeaf> {
        self.0.iter_mut()
    }

    /// The paths in order.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.keys()
    }

    /// The leaves that `filter` takes.
    pub fn filter(&self, filter: impl Filter) -> State {
        let taken = self.iter().filter(|(path, leaf)| filter.matches(path, &leaf.info()));
        taken.map(|(path, leaf)| (path.clone(), leaf.clone())).collect()
    }

    /// The leaves sorted by the first filter that takes them.
    ///
    /// # Errors
    /// Returns an error if no filter takes a leaf: [`Everything`](super::Everything) as the last
    /// one takes the rest.
    pub fn split<F: Filters>(self, filters: F) -> Result<F::Each<State>> {
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
    pub fn map(mut self, mut f: impl FnMut(&Path, &VarInfo<'_>) -> Array) -> State {
        for (path, leaf) in self.iter_mut() {
            leaf.value = f(path, &leaf.info());
        }
        self
    }
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
