//! Trees taken apart and put together: `split`, `merge`, `update`, `clone`, `pop`, `map`, `map2`.

use super::compare::Statics;
use super::held::{hold, hold_to_read, hold_to_write};
use super::state::all_leaves;
use super::walk::{
    LeafMut, collect_leaves, copy, for_each_leaf, for_each_leaf_mut, map_leaves, paths as all_paths,
};
use super::{Filter, Filters, Module, Path, Schema, State, VarInfo, for_each_other_place};
use crate::error::{Error, Result, or_raise, raise};
use crate::graph::Array;
use crate::ops::OptimizationBarrier;
use crate::run::bind1;
use std::fmt;
use std::hash::{Hash, Hasher};

/// A tree without its leaves: its structure and static parts.
///
/// It is a template of the type `M` whose arrays hold no value, so reading one is an error. Two of
/// them are equal if their structure, static parts and metadata are.
///
/// ```
/// use nnx::module::GraphDef;
/// use nnx::{nn::Linear, random::Rngs, split};
///
/// let (first, _): (GraphDef<Linear>, _) = split(&Linear::new(3, 4, &mut Rngs::new(0)));
/// let (second, _) = split(&Linear::new(3, 4, &mut Rngs::new(1)));
/// assert!(first == second); // other values, the same structure
/// let (plain, _) = split(&Linear::builder(3, 4).use_bias(false).build(&mut Rngs::new(0)));
/// assert!(first != plain);
/// ```
pub struct GraphDef<M> {
    template: M,
}

impl<M: Module> GraphDef<M> {
    /// The structure and static parts of `module`.
    ///
    /// ```
    /// use nnx::{GraphDef, merge, nn::Linear, random::Rngs, state};
    ///
    /// let layer = Linear::new(3, 4, &mut Rngs::new(0));
    /// let same = merge(&GraphDef::of(&layer), state(&layer)).unwrap();
    /// assert_eq!(same.kernel.to_vec::<f32>(), layer.kernel.to_vec::<f32>());
    /// ```
    ///
    /// # Panics
    /// Panics if this thread holds a shared node for writing.
    #[track_caller]
    pub fn of(module: &M) -> Self {
        let _held = hold_to_read("GraphDef::of", module);
        Self::of_tree(module)
    }

    fn of_tree(module: &M) -> Self {
        let without = Array::absent("this array is part of a GraphDef, which holds no values");
        GraphDef { template: map_leaves(module, |_, _| without.clone()) }
    }

    fn statics(&self) -> Statics {
        Statics::of(|visitor| self.template.flatten(visitor))
    }

    /// The tree without values: its static fields can be read.
    ///
    /// ```
    /// use nnx::{GraphDef, nn::Dropout, random::Rngs};
    ///
    /// let graphdef = GraphDef::of(&Dropout::new(0.5, &mut Rngs::new(0)));
    /// assert_eq!(graphdef.template().rate, 0.5);
    /// ```
    pub fn template(&self) -> &M {
        &self.template
    }
}

impl<M: Module> Clone for GraphDef<M> {
    fn clone(&self) -> Self {
        GraphDef { template: copy(&self.template) }
    }
}

impl<M: Module> PartialEq for GraphDef<M> {
    fn eq(&self, other: &Self) -> bool {
        self.statics().difference(&other.statics()).is_none()
    }
}

impl<M: Module> Eq for GraphDef<M> {}

impl<M: Module> Hash for GraphDef<M> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.statics().hash(state);
    }
}

impl<M: Module> fmt::Debug for GraphDef<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let leaves = all_leaves(&self.template).len();
        write!(f, "GraphDef<{}>({leaves} leaves)", type_name::<M>())
    }
}

/// A tree taken apart: its structure and static parts, and all its leaves.
///
/// ```
/// use nnx::module::{merge, split};
/// use nnx::{Array, Param};
///
/// let model = (Param::new(Array::absent("kernel")), 3_usize);
/// let (graphdef, state) = split(&model);
/// assert_eq!(state.paths().map(|path| path.to_string()).collect::<Vec<_>>(), ["[0]"]);
/// let same = merge(&graphdef, state)?;
/// assert_eq!(same.1, 3);
/// # Ok::<(), nnx::Error>(())
/// ```
///
/// # Panics
/// Panics if this thread holds a shared node for writing.
#[track_caller]
pub fn split<M: Module>(module: &M) -> (GraphDef<M>, State) {
    let _held = hold_to_read("split", module);
    (GraphDef::of_tree(module), all_leaves(module))
}

/// As [`split`], with the leaves sorted by the first of `filters` that takes them.
///
/// ```
/// use nnx::module::{BatchStat, Everything, merge, of_type, split_by};
/// use nnx::{Array, Param, Variable};
///
/// let value = || Array::absent("no value");
/// let model = (Param::new(value()), Variable::<BatchStat>::new(value()), value());
/// let (graphdef, [params, stats, rest]) =
///     split_by(&model, (of_type::<Param>(), of_type::<BatchStat>(), Everything))?;
/// assert_eq!((params.len(), stats.len(), rest.len()), (1, 1, 1));
/// let model = merge(&graphdef, [params, stats, rest])?;
/// # Ok::<(), nnx::Error>(())
/// ```
///
/// # Errors
/// Returns an error if no filter takes a leaf, or if a filter follows [`Everything`](super::Everything).
///
/// # Panics
/// Panics if this thread holds a shared node for writing.
#[track_caller]
pub fn split_by<M: Module, F: Filters>(
    module: &M,
    filters: F,
) -> Result<(GraphDef<M>, F::Each<State>)> {
    let held = hold_to_read("split_by", module);
    let (graphdef, state) = (GraphDef::of_tree(module), all_leaves(module));
    drop(held);
    Ok((graphdef, state.split(filters)?))
}

/// The tree with the structure and static parts of `graphdef` and the leaves of `states`.
///
/// ```
/// use nnx::{Array, merge, nn::Linear, random::Rngs, split};
///
/// let (graphdef, mut state) = split(&Linear::new(2, 1, &mut Rngs::new(0)));
/// state["kernel"].value = Array::from([[1.0_f32], [2.0]]);
/// let layer = merge(&graphdef, state.clone()).unwrap();
/// assert_eq!(layer.forward(&Array::from([10.0_f32, 1.0])).to_vec::<f32>(), [12.0]);
/// state.remove(&"bias".parse().unwrap());
/// assert!(merge(&graphdef, state).unwrap_err().to_string().contains("bias"));
/// ```
///
/// # Errors
/// Returns an error if the paths or kinds of the leaves are not those of the structure: the error
/// lists all that are missing, in excess or different.
pub fn merge<M: Module>(graphdef: &GraphDef<M>, states: impl IntoStates) -> Result<M> {
    let mut module = copy(&graphdef.template);
    let state = State::merge(states.into_states())?;
    apply(&mut module, state, true)?;
    Ok(module)
}

/// Puts the leaves of `states` in the places that they have in `module`: values and metadata.
/// Other leaves stay as they are. A leaf in a shared node may be given by any of its places.
///
/// ```
/// use nnx::{Array, nn::Linear, path_contains, random::Rngs, state, update};
///
/// let mut layer = Linear::new(2, 1, &mut Rngs::new(0));
/// let mut kernels = state(&layer).filter(path_contains("kernel"));
/// kernels["kernel"].value = Array::from([[1.0_f32], [2.0]]);
/// update(&mut layer, kernels).unwrap(); // the bias stays
/// assert_eq!(layer.kernel.to_vec::<f32>(), [1.0, 2.0]);
/// ```
///
/// # Errors
/// Returns an error if a path is not in `module`, or a kind, shape or dtype is another one there:
/// the error lists all such paths, and `module` is as it was. So does it if one node is given two values
/// or different metadata, by two of its places, or if this thread holds a guard of a shared node.
pub fn update<M: Module>(module: &mut M, states: impl IntoStates) -> Result<()> {
    let state = State::merge(states.into_states())?;
    let _held = hold_to_write("update", module)?;
    let state = by_first_places(module, state)?;
    apply(module, state, false)
}

/// The state with every leaf of a shared node at the first place of the node.
fn by_first_places<M: Module>(module: &M, mut state: State) -> Result<State> {
    let mut paths: Option<Vec<Path>> = None;
    let mut twice = Vec::new();
    for_each_other_place(
        |v| module.flatten(v),
        |position, path, _| {
            let Some(leaf) = state.remove(path) else { return };
            let paths = paths.get_or_insert_with(|| all_paths(|v| module.flatten(v)));
            let first = &paths[position];
            match state.get(first) {
                Some(other) if other.value.identity() != leaf.value.identity() => {
                    twice.push(format!("`{first}` and `{path}` are one node, with two values"));
                }
                Some(other) if other.metadata != leaf.metadata => twice.push(format!(
                    "`{first}` and `{path}` are one node, with the metadata {} and {}",
                    other.metadata, leaf.metadata
                )),
                _ => {
                    state.insert(first.clone(), leaf);
                }
            }
        },
    );
    match twice.is_empty() {
        true => Ok(state),
        false => Err(Error::Invalid(format!(
            "the state says two things of one node: {}",
            twice.join("; ")
        ))),
    }
}

/// One state or several.
///
/// ```
/// use nnx::{Everything, merge, nn::Linear, path_contains, random::Rngs, split_by};
///
/// let layer = Linear::new(3, 4, &mut Rngs::new(0));
/// let (graphdef, [biases, rest]) = split_by(&layer, (path_contains("bias"), Everything)).unwrap();
/// let same = merge(&graphdef, [biases, rest]).unwrap(); // an array, a `Vec` or one state
/// assert_eq!(same.kernel.to_vec::<f32>(), layer.kernel.to_vec::<f32>());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a state",
    label = "not a `State`, nor several",
    note = "give the states that `split` and `split_by` made: one `State`, or an array or `Vec` of them"
)]
pub trait IntoStates {
    /// The states.
    fn into_states(self) -> Vec<State>;
}

impl IntoStates for State {
    fn into_states(self) -> Vec<State> {
        vec![self]
    }
}
impl<const N: usize> IntoStates for [State; N] {
    fn into_states(self) -> Vec<State> {
        self.into()
    }
}
impl IntoStates for Vec<State> {
    fn into_states(self) -> Vec<State> {
        self
    }
}

fn apply<M: Module>(module: &mut M, mut state: State, all: bool) -> Result<()> {
    let misfit = Misfit::between(module, &state, all);
    if !misfit.is_empty() {
        return Err(Error::Invalid(misfit.message::<M>()));
    }
    for_each_leaf_mut(module, |path, leaf| {
        if let Some(new) = state.remove(path) {
            *leaf.value = new.value;
            if let Some(metadata) = leaf.metadata {
                *metadata = new.metadata;
            }
        }
    });
    Ok(())
}

/// Where a state does not fit a tree.
#[derive(Default)]
struct Misfit {
    missing: Vec<String>,
    extra: Vec<String>,
    different: Vec<String>,
}

impl Misfit {
    fn between<M: Module>(module: &M, state: &State, all: bool) -> Self {
        let mut misfit = Misfit::default();
        let mut unused: State = state.clone();
        for_each_leaf(module, |path, leaf| match unused.remove(path) {
            None if all => misfit.missing.push(path.to_string()),
            None => {}
            Some(new) => {
                let (here, there) = (leaf, new.info());
                let avals = (here.value.try_aval(), there.value.try_aval());
                let same_aval = match avals {
                    (Ok(here), Ok(there)) => here == there,
                    _ => true,
                };
                if here.kind != there.kind || !same_aval {
                    let (here, there) = (described(&here), described(&there));
                    misfit.different.push(format!("{path} is {here}, in the state {there}"));
                }
            }
        });
        misfit.extra = unused.paths().map(Path::to_string).collect();
        misfit
    }

    fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.extra.is_empty() && self.different.is_empty()
    }

    fn message<M: Module>(&self) -> String {
        let mut message = format!("the state does not fit `{}`", type_name::<M>());
        for (what, paths) in [
            ("missing in the state", &self.missing),
            ("only in the state", &self.extra),
            ("different", &self.different),
        ] {
            if !paths.is_empty() {
                message.push_str(&format!("\n  {what}: {}", paths.join("; ")));
            }
        }
        message
    }
}

/// `Param f32[2, 3]`.
fn described(leaf: &VarInfo<'_>) -> String {
    let kind = leaf.kind.map_or("array", |kind| kind.name);
    match leaf.value.try_aval() {
        Ok(aval) => format!("{kind} {aval}"),
        Err(_) => kind.to_owned(),
    }
}

/// A type as its author calls it.
fn type_name<M: Module>() -> &'static str {
    match M::SCHEMA {
        Schema::Struct(name, _) | Schema::Enum(name, _) => name,
        _ => std::any::type_name::<M>(),
    }
}

/// A copy of a tree. Buffers are shared: no data is copied, and setting a Variable of one tree
/// does not change the other.
///
/// ```
/// use nnx::{Array, Param};
///
/// let model = vec![Param::new(Array::scalar(1.0_f32))];
/// let mut other = nnx::clone(&model);
/// other[0].set(Array::scalar(2.0_f32));
/// assert_eq!(model[0].item::<f32>(), 1.0);
/// ```
///
/// # Panics
/// Panics if this thread holds a shared node for writing.
#[track_caller]
pub fn clone<M: Module>(module: &M) -> M {
    let _held = hold_to_read("clone", module);
    copy(module)
}

/// [`clone()`] with buffers of its own, so that both trees can be updated in place. `flax.nnx.clone` with `arrays=True`.
///
/// ```
/// use nnx::{Array, Param, clone, clone_arrays, find_shared_buffers};
///
/// let model = Param::new(Array::from([1.0_f32, 2.0]));
/// let (shares, has_own) = (clone(&model), clone_arrays(&model));
/// assert_eq!(has_own.to_vec::<f32>(), [1.0, 2.0]);
/// assert_eq!(find_shared_buffers(&vec![model.clone(), shares]).len(), 1);
/// assert!(find_shared_buffers(&vec![model, has_own]).is_empty());
/// ```
///
/// Arrays that were computed while tracing, and those without a value, are as they were.
///
/// # Panics
/// Panics if this thread holds a shared node for writing.
#[track_caller]
pub fn clone_arrays<M: Module>(module: &M) -> M {
    let _held = hold_to_read("clone_arrays", module);
    map_leaves(module, |_, leaf| match leaf.value.try_aval() {
        Ok(_) if !leaf.value.is_traced() => bind1(OptimizationBarrier, &[leaf.value]),
        _ => leaf.value.clone(),
    })
}

/// A copy of a tree in which every Variable has the value `f(path, variable)`. Plain arrays and
/// static parts are as they were.
///
/// ```
/// use nnx::module::map;
/// use nnx::{Array, Param};
///
/// let model = vec![Param::new(Array::absent("kernel"))];
/// let emptied = map(&model, |path, _| Array::absent(format!("{path} was emptied")));
/// assert_eq!(format!("{:?}", emptied[0]), "Param(Absent([0] was emptied))");
/// ```
///
/// # Panics
/// Panics if this thread holds a shared node for writing.
#[track_caller]
pub fn map<M: Module>(module: &M, mut f: impl FnMut(&Path, &VarInfo<'_>) -> Array) -> M {
    let _held = hold_to_read("map", module);
    map_leaves(module, |path, leaf| match leaf.kind {
        Some(_) => f(path, &leaf),
        None => leaf.value.clone(),
    })
}

/// A copy of `a` in which every Variable has the value `f(path, variable, value of the same one in b)`. Plain arrays and
/// static parts are those of `a`.
///
/// ```
/// use nnx::module::map2;
/// use nnx::{Array, Param};
///
/// // A target network that follows another one slowly.
/// let (online, target) = (Param::new(Array::scalar(1.0_f32)), Param::new(Array::scalar(0.0_f32)));
/// let target = map2(&target, &online, |_, old, new| old.value * 0.9 + new * 0.1);
/// assert!((target.item::<f32>() - 0.1).abs() < 1e-6);
/// ```
///
/// # Panics
/// Panics if both have another structure: other lengths, options or variants, or other places that hold one shared node;
/// and if this thread holds a shared node for writing.
#[track_caller]
pub fn map2<M: Module>(a: &M, b: &M, mut f: impl FnMut(&Path, &VarInfo<'_>, &Array) -> Array) -> M {
    let held = hold(&|_| {}, &|mut v| {
        a.flatten(&mut v);
        b.flatten(&mut v);
    });
    let _held = or_raise(held.map_err(|why| Error::Invalid(format!("map2: {why}"))));
    let form = |module: &M| Statics::of(|v| module.flatten(v));
    if let Some((path, [a, b])) = form(a).other_form(&form(b)) {
        raise(Error::Invalid(format!(
            "map2: `{path}` is {a} in the first tree and {b} in the second"
        )));
    }
    let mut others = collect_leaves(b).into_iter();
    map_leaves(a, |path, leaf| match (leaf.kind, others.next()) {
        (Some(_), Some(other)) => f(path, &leaf, &other.array),
        _ => leaf.value.clone(),
    })
}

/// Takes the values of the Variables that `filter` takes out of `module`.
///
/// The Variables stay where they are, for the fields of a struct cannot vanish, but hold no value:
/// reading one is an error that says so, until it is set again. Variables without a value are
/// passed over. To collect what layers record: `pop(&mut model, of_type::<Intermediate>())`.
///
/// ```
/// use nnx::module::{Intermediate, of_type, pop};
/// use nnx::{Array, Variable};
///
/// let mut model = vec![Variable::<Intermediate>::new(Array::absent("nothing recorded"))];
/// assert!(pop(&mut model, of_type::<Intermediate>()).is_empty());
/// ```
///
/// # Panics
/// Panics if this thread holds a guard of a shared node.
#[track_caller]
pub fn pop<M: Module>(module: &mut M, filter: impl Filter) -> State {
    let _held = or_raise(hold_to_write("pop", module));
    // No node is open to change while the filter, which may be anybody's code, is asked.
    let popped = all_leaves(module).filter(|path: &Path, leaf: &VarInfo<'_>| {
        leaf.kind.is_some() && !leaf.value.is_absent() && filter.matches(path, leaf)
    });
    for_each_leaf_mut(module, |path, leaf| {
        if popped.get(path).is_some() {
            take_value(path, leaf);
        }
    });
    popped
}

fn take_value(path: &Path, leaf: LeafMut<'_>) {
    *leaf.value = Array::absent(format!(
        "`{path}` holds no value: it was taken out by `pop`, and not set since"
    ));
}
