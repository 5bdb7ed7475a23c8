//! Copies of a Module with other flags, as for evaluation.

use super::held::hold_to_read;
use super::walk::nodes_of;
use super::{
    KeyRef, Leaves, Module, ModuleInfo, Nodes, Path, Schema, SharedNode, VarRef, Visitor,
    VisitorMut, iter_modules, map_modules,
};
use crate::error::{Error, raise};
use crate::graph::Array;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// A static `bool` of a layer that [`view`] can set by its name, such as a dropout's
/// `deterministic`. It reads and is set like a `bool` behind a reference.
///
/// ```
/// use nnx::module::Flag;
///
/// let mut deterministic = Flag::new("deterministic", false);
/// *deterministic = true;
/// assert!(*deterministic);
/// assert_eq!(deterministic.name(), "deterministic");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Flag {
    name: &'static str,
    value: bool,
}

impl Flag {
    /// A flag that views know as `name`.
    pub const fn new(name: &'static str, value: bool) -> Flag {
        Flag { name, value }
    }

    /// Sets the flag: `layer.use_running_average.set(true)`, as `*layer.use_running_average = true` does.
    ///
    /// ```
    /// use nnx::{nn::Dropout, random::Rngs};
    ///
    /// let mut layer = Dropout::new(0.5, &mut Rngs::new(0));
    /// layer.deterministic.set(true);
    /// assert!(*layer.deterministic);
    /// ```
    pub fn set(&mut self, value: bool) {
        self.value = value;
    }

    /// The name that views know the flag by.
    pub fn name(&self) -> &'static str {
        self.name
    }
}

impl Deref for Flag {
    type Target = bool;
    fn deref(&self) -> &bool {
        &self.value
    }
}

impl DerefMut for Flag {
    fn deref_mut(&mut self) -> &mut bool {
        &mut self.value
    }
}

impl fmt::Debug for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.value)
    }
}

/// Static: another value is another program.
#[diagnostic::do_not_recommend]
impl Module for Flag {
    const SCHEMA: &'static Schema = &Schema::Static("Flag");
    #[inline]
    fn flatten<V: Visitor>(&self, visitor: &mut V) {
        visitor.static_value(&self.value);
    }
    #[inline]
    fn flatten_mut<V: VisitorMut>(&mut self, _: &mut V) {}
    fn unflatten<L: Leaves>(&self, leaves: &mut L) -> Self {
        Flag { name: self.name, value: leaves.flag(self.name, self.value) }
    }
}

/// Which flags a [`view`] sets.
///
/// ```
/// use nnx::{View, nn::{BatchNorm, Dropout}, random::Rngs, view};
///
/// let mut rngs = Rngs::new(0);
/// let model = (BatchNorm::new(4, &mut rngs), Dropout::new(0.5, &mut rngs));
/// let frozen = view(&model, View::train().set("use_running_average", true));
/// assert!(*frozen.0.use_running_average && !*frozen.1.deterministic);
/// ```
#[derive(Clone, Default)]
pub struct View {
    settings: Vec<ViewSetting>,
    only: Option<Arc<ChoosesModules>>,
}

/// Whether a view is for a Module.
type ChoosesModules = dyn Fn(&ModuleInfo) -> bool + Send + Sync;

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let only = self.only.as_ref().map(|_| "a function");
        f.debug_struct("View").field("settings", &self.settings).field("only", &only).finish()
    }
}

#[derive(Debug, Clone)]
struct ViewSetting {
    name: String,
    value: bool,
    /// Whether it is a mistake if no layer has such a flag.
    required: bool,
}

impl View {
    /// For evaluation: `deterministic` and `use_running_average` are true, wherever they occur.
    ///
    /// ```
    /// use nnx::{View, nn::{BatchNorm, Dropout}, random::Rngs, view};
    ///
    /// let mut rngs = Rngs::new(0);
    /// let model = (BatchNorm::new(4, &mut rngs), Dropout::new(0.5, &mut rngs));
    /// let model = view(&model, View::eval());
    /// assert!(*model.0.use_running_average && *model.1.deterministic);
    /// ```
    pub fn eval() -> View {
        View::mode(true)
    }

    /// For training: `deterministic` and `use_running_average` are false, wherever they occur.
    ///
    /// ```
    /// use nnx::{View, nn::Dropout, random::Rngs, view};
    ///
    /// let layer = Dropout::builder(0.5).deterministic(true).build(&mut Rngs::new(0));
    /// assert!(!*view(&layer, View::train()).deterministic);
    /// ```
    pub fn train() -> View {
        View::mode(false)
    }

    fn mode(eval: bool) -> View {
        let setting =
            |name: &str| ViewSetting { name: name.to_owned(), value: eval, required: false };
        View {
            settings: vec![setting("deterministic"), setting("use_running_average")],
            only: None,
        }
    }

    /// Nothing yet, for [`set`](View::set).
    ///
    /// ```
    /// use nnx::{View, nn::{BatchNorm, Dropout}, random::Rngs, view};
    ///
    /// let mut rngs = Rngs::new(0);
    /// let model = (BatchNorm::new(4, &mut rngs), Dropout::new(0.5, &mut rngs));
    /// let model = view(&model, View::new().set("deterministic", true));
    /// assert!(!*model.0.use_running_average && *model.1.deterministic);
    /// ```
    pub fn new() -> View {
        View::default()
    }

    /// Sets the flags called `name` too; some layer must have one.
    ///
    /// ```
    /// use nnx::{DType, View, nn::MultiHeadAttention, random::Rngs, view};
    ///
    /// let layer = MultiHeadAttention::new(2, 8, &mut Rngs::new(0));
    /// let mut decoder = view(&layer, View::eval().set("decode", true));
    /// decoder.init_cache([1, 16, 8], DType::F32);
    /// assert!(*decoder.decode && *decoder.deterministic);
    /// ```
    pub fn set(mut self, name: &str, value: bool) -> View {
        self.settings.retain(|setting| setting.name != name);
        self.settings.push(ViewSetting { name: name.to_owned(), value, required: true });
        self
    }

    /// Only in the Modules that `which` holds for, by their paths and the names of their types, as
    /// [`iter_modules`] lists them. `only` of `flax.nnx.view`.
    ///
    /// ```
    /// use nnx::module::ModuleInfo;
    /// use nnx::{View, nn::{BatchNorm, Dropout}, random::Rngs, view};
    ///
    /// let mut rngs = Rngs::new(0);
    /// let model = (BatchNorm::new(4, &mut rngs), Dropout::new(0.5, &mut rngs));
    /// let dropouts = |module: &ModuleInfo| module.name == "Dropout";
    /// let model = view(&model, View::eval().only(dropouts));
    /// assert!(!*model.0.use_running_average && *model.1.deterministic);
    /// ```
    ///
    /// The path is that of the Module that has the flag; one in a shared node has its first path.
    pub fn only(mut self, which: impl Fn(&ModuleInfo) -> bool + Send + Sync + 'static) -> View {
        self.only = Some(Arc::new(which));
        self
    }

    /// The paths of the Modules that it is for; nothing for all.
    fn places<M: Module>(&self, module: &M) -> Option<BTreeSet<Path>> {
        let only = self.only.as_ref()?;
        Some(iter_modules(module).filter(|info| only(info)).map(|info| info.path).collect())
    }
}

/// A copy of `module` with flags set. It shares the arrays, so it costs no memory; updates of
/// either do not reach the other. `flax.nnx.view`.
///
/// A shared node ([`Shared`](super::Shared)) in which no flag changes is the same node in the copy, so that
/// updates of it do reach the other; one in which a flag changes is rebuilt, and its Variables go
/// their own ways.
///
/// ```
/// use nnx::module::{View, view};
/// use nnx::{Array, nn::Dropout, random::Rngs};
///
/// let model = Dropout::new(0.5, &mut Rngs::new(0));
/// let mut eval_model = view(&model, View::eval());
/// let y = eval_model.forward(&Array::from([1.0_f32, 2.0])); // nothing is dropped
/// assert_eq!(y.to_vec::<f32>(), [1.0, 2.0]);
/// ```
///
/// While the copy is alive its arrays are shared, and a training step on `module` cannot update
/// them in place: drop the copy first.
///
/// # Panics
/// Panics if no layer has a flag that was named with [`View::set`], or if this thread holds a shared node for
/// writing.
#[track_caller]
pub fn view<M: Module>(module: &M, view: View) -> M {
    let _held = hold_to_read("view", module);
    let places = view.places(module);
    let changed = changed_nodes(module, &view, places.as_ref());
    let mut leaves = Viewing::new(&view, places.as_ref(), Nodes::kept_but(changed));
    let copy = module.unflatten(&mut leaves);
    let seen = leaves.seen;
    for setting in view.settings.iter().filter(|setting| setting.required) {
        if !seen.contains(&setting.name) {
            raise(unknown_flag(std::any::type_name::<M>(), &setting.name, seen));
        }
    }
    copy
}

/// A flag of a model, as [`view_info`] lists them. Shown as `dropout.deterministic = false`.
///
/// ```
/// use nnx::module::{FlagInfo, view_info};
/// use nnx::{nn::BatchNorm, random::Rngs};
///
/// let flags: Vec<FlagInfo> = view_info(&vec![BatchNorm::new(4, &mut Rngs::new(0))]);
/// assert_eq!((flags[0].name.as_str(), flags[0].value), ("use_running_average", false));
/// assert_eq!(flags[0].path.to_string(), "[0].use_running_average");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlagInfo {
    /// Where it is.
    pub path: Path,
    /// The name that views know it by.
    pub name: String,
    /// Its value.
    pub value: bool,
}

impl fmt::Display for FlagInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FlagInfo { path, name, value } = self;
        let known_as = if path.to_string().ends_with(name) { "" } else { name };
        let gap = if known_as.is_empty() { "" } else { " " };
        write!(f, "{path}{gap}{known_as} = {value}")
    }
}

/// The flags of a model that a [`View`] can set, in the order of the walks; those in a shared node once.
/// `flax.nnx.view_info`.
///
/// ```
/// use nnx::module::view_info;
/// use nnx::{nn::Dropout, random::Rngs};
///
/// let flags = view_info(&vec![Dropout::new(0.5, &mut Rngs::new(0))]);
/// assert_eq!(flags[0].to_string(), "[0].deterministic = false");
/// ```
///
/// Settings that are no flags are fields: [`map_modules`](super::map_modules) changes them in all layers of a type, or
/// in those at the paths that its function likes.
///
/// # Panics
/// Panics if this thread holds a shared node for writing.
#[track_caller]
pub fn view_info<M: Module>(module: &M) -> Vec<FlagInfo> {
    let _held = hold_to_read("view_info", module);
    let mut walk = FlagWalk { path: Path::new(), found: Vec::new(), nodes: Nodes::fresh() };
    drop(module.unflatten(&mut walk));
    walk.found
}

struct FlagWalk {
    path: Path,
    found: Vec<FlagInfo>,
    nodes: Nodes,
}

impl Leaves for FlagWalk {
    fn variable(&mut self, variable: VarRef<'_>) -> Array {
        variable.value.clone()
    }
    fn array(&mut self, array: &Array) -> Array {
        array.clone()
    }
    fn flag(&mut self, name: &str, value: bool) -> bool {
        self.found.push(FlagInfo { path: self.path.clone(), name: name.to_owned(), value });
        value
    }
    fn nodes(&mut self) -> &mut Nodes {
        &mut self.nodes
    }
    fn enter(&mut self, key: KeyRef<'_>) {
        self.path.push(key);
    }
    fn exit(&mut self) {
        self.path.pop();
    }
}

fn unknown_flag(module: &str, name: &str, mut seen: Vec<String>) -> Error {
    seen.sort();
    seen.dedup();
    let known = if seen.is_empty() {
        "it has no flags".to_owned()
    } else {
        format!("its flags are {}", seen.join(", "))
    };
    Error::Invalid(format!("view: no part of `{module}` has a flag `{name}`; {known}"))
}

/// The shared nodes in which, or in whose nodes, `view` changes a flag.
fn changed_nodes<M: Module>(
    module: &M,
    view: &View,
    places: Option<&BTreeSet<Path>>,
) -> Vec<usize> {
    let nodes = nodes_of(|v| module.flatten(v));
    let changes = |path: &Path, node: &dyn SharedNode| {
        let mut leaves = Viewing::new(view, places, Nodes::kept());
        leaves.path = path.clone();
        node.another(&mut leaves);
        leaves.changed
    };
    let changed: Vec<usize> = (nodes.iter())
        .filter(|(path, node)| changes(path, &**node))
        .map(|(_, node)| node.id())
        .collect();
    let holds_changed = |node: &dyn SharedNode| {
        changed.contains(&node.id())
            || nodes_of(|mut v| node.flatten(&mut v))
                .iter()
                .any(|(_, inner)| changed.contains(&inner.id()))
    };
    let holding = nodes.iter().filter(|(_, node)| holds_changed(&**node));
    holding.map(|(_, node)| node.id()).collect()
}

/// Gives the old arrays and the new flags.
struct Viewing<'v> {
    view: &'v View,
    places: Option<&'v BTreeSet<Path>>,
    path: Path,
    seen: Vec<String>,
    /// Whether a flag got another value.
    changed: bool,
    nodes: Nodes,
}

impl<'v> Viewing<'v> {
    fn new(view: &'v View, places: Option<&'v BTreeSet<Path>>, nodes: Nodes) -> Self {
        Viewing { view, places, path: Path::new(), seen: Vec::new(), changed: false, nodes }
    }

    /// Whether the view is for the Module that has the field at this path.
    fn is_meant(&self) -> bool {
        let Some(places) = self.places else { return true };
        let mut module = self.path.clone();
        module.pop();
        places.contains(&module)
    }
}

impl Leaves for Viewing<'_> {
    fn variable(&mut self, variable: VarRef<'_>) -> Array {
        variable.value.clone()
    }
    fn array(&mut self, array: &Array) -> Array {
        array.clone()
    }
    fn flag(&mut self, name: &str, value: bool) -> bool {
        if !self.is_meant() {
            return value;
        }
        self.seen.push(name.to_owned());
        let set = self.view.settings.iter().find(|setting| setting.name == name);
        let new = set.map_or(value, |setting| setting.value);
        self.changed |= new != value;
        new
    }
    fn nodes(&mut self) -> &mut Nodes {
        &mut self.nodes
    }
    fn enter(&mut self, key: KeyRef<'_>) {
        self.path.push(key);
    }
    fn exit(&mut self) {
        self.path.pop();
    }
}

/// A copy of `module` in which `set` has changed fields of every `T`, whatever types these have; it is given the path of
/// each. The copy shares the arrays, and has nodes of its own in place of shared ones. `flax.nnx.with_attributes`;
/// [`map_modules`] does the same in place.
///
/// ```
/// use nnx::module::{Path, with_attributes};
/// use nnx::{nn::Dropout, random::Rngs};
///
/// let mut rngs = Rngs::new(0);
/// let model = vec![Dropout::new(0.5, &mut rngs), Dropout::new(0.5, &mut rngs)];
/// let weaker = with_attributes(&model, |path: &Path, layer: &mut Dropout| {
///     if path.to_string() == "[1]" {
///         layer.rate = 0.1;
///     }
/// });
/// assert_eq!([model[1].rate, weaker[0].rate, weaker[1].rate], [0.5, 0.5, 0.1]);
/// ```
///
/// # Panics
/// Panics if there is no `T` in the tree, or this thread holds a guard of a shared node.
#[track_caller]
pub fn with_attributes<T: Module, M: Module>(module: &M, mut set: impl FnMut(&Path, &mut T)) -> M {
    let mut copy = super::clone(module);
    let mut found = false;
    map_modules(&mut copy, |path, part: &mut T| {
        found = true;
        set(path, part);
    });
    if !found {
        let [part, whole] = [std::any::type_name::<T>(), std::any::type_name::<M>()];
        raise(Error::Invalid(format!(
            "with_attributes: no part of `{whole}` is a `{part}`\nfix: `iter_modules` lists the types of its parts"
        )));
    }
    copy
}
