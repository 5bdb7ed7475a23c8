//! Which Modules a tree is made of.

use super::held::hold_to_read;
use super::{
    KeyRef, Module, Path, Schema, Seen, SharedNode, StaticValue, Structure, VarRef, Visitor,
};
use crate::graph::Array;

/// A struct or an enum in a tree, as [`iter_modules`] lists them.
///
/// ```
/// use nnx::module::{ModuleInfo, iter_modules};
/// use nnx::{nn::Linear, random::Rngs};
///
/// let layers = vec![Linear::new(3, 4, &mut Rngs::new(0))];
/// let linear: ModuleInfo = iter_modules(&layers).next().unwrap();
/// assert_eq!((linear.path.to_string().as_str(), linear.name), ("[0]", "Linear"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleInfo {
    /// Where it is; empty for the root.
    pub path: Path,
    /// The name of its type.
    pub name: &'static str,
    /// Its variant, if the type is an enum.
    pub variant: Option<&'static str>,
}

/// The structs and enums of a tree that derive Module, each before its parts, in the order of the
/// walks; what is in a shared node once, at its first place.
///
/// They are listed by path and type: a typed tree has no common type to lend them as.
///
/// ```
/// use nnx::{iter_modules, nn::{Linear, Sequential}, random::Rngs};
///
/// let model = Sequential::new((Linear::new(3, 4, &mut Rngs::new(0)),));
/// let modules: Vec<String> =
///     iter_modules(&model).map(|module| format!("{}: {}", module.path, module.name)).collect();
/// assert_eq!(modules, [": Sequential", "layers[0]: Linear"]); // the root has an empty path
/// ```
///
/// # Panics
/// Panics if this thread holds a shared node for writing.
#[track_caller]
pub fn iter_modules<M: Module>(module: &M) -> impl Iterator<Item = ModuleInfo> {
    let _held = hold_to_read("iter_modules", module);
    let mut walk = ModuleWalk::default();
    module.flatten(&mut walk);
    walk.found.into_iter()
}

/// The Modules of [`iter_modules`] that lie in the tree itself, and in none of the others. `flax.nnx.iter_children`.
///
/// ```
/// use nnx::module::iter_children;
/// use nnx::{nn::{Linear, Sequential}, random::Rngs};
///
/// let mut rngs = Rngs::new(0);
/// let inner = Sequential::new((Linear::new(2, 3, &mut rngs),));
/// let model = Sequential::new((inner, Linear::new(3, 1, &mut rngs)));
/// let children: Vec<String> =
///     iter_children(&model).map(|child| format!("{} {}", child.path, child.name)).collect();
/// assert_eq!(children, ["layers[0] Sequential", "layers[1] Linear"]);
/// ```
///
/// # Panics
/// Panics if this thread holds a shared node for writing.
#[track_caller]
pub fn iter_children<M: Module>(module: &M) -> impl Iterator<Item = ModuleInfo> {
    let all: Vec<ModuleInfo> = iter_modules(module).collect();
    let mut last: Option<Path> = None;
    // Each comes before its parts.
    all.into_iter().filter(move |info| {
        let keys = info.path.keys();
        let is_child =
            !keys.is_empty() && !last.as_ref().is_some_and(|last| keys.starts_with(last.keys()));
        if is_child {
            last = Some(info.path.clone());
        }
        is_child
    })
}

#[derive(Default)]
struct ModuleWalk {
    path: Path,
    found: Vec<ModuleInfo>,
    /// The name of the enum whose variant comes next.
    of_variant: Option<&'static str>,
    seen: Seen,
}

impl ModuleWalk {
    fn add(&mut self, name: &'static str, variant: Option<&'static str>) {
        self.found.push(ModuleInfo { path: self.path.clone(), name, variant });
    }
}

impl Visitor for ModuleWalk {
    fn variable(&mut self, _: VarRef<'_>) {}
    fn array(&mut self, _: &Array) {}
    fn static_value(&mut self, _: &dyn StaticValue) {}
    fn module(&mut self, schema: &'static Schema) {
        match schema {
            Schema::Struct(name, _) => self.add(name, None),
            Schema::Enum(name, _) => self.of_variant = Some(name),
            _ => {}
        }
    }
    fn structure(&mut self, structure: Structure) {
        if let Structure::Variant(_, variant) = structure
            && let Some(name) = self.of_variant.take()
        {
            self.add(name, Some(variant));
        }
    }
    fn shared(&mut self, node: &dyn SharedNode) {
        if self.seen.is_new(node) {
            node.flatten(self);
        }
    }
    fn enter(&mut self, key: KeyRef<'_>) {
        self.path.push(key);
    }
    fn exit(&mut self) {
        self.path.pop();
    }
}
