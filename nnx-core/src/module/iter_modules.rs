//! Which Modules a tree is made of.

use super::boxed::BoxedType;
use super::held::hold_to_read;
use super::{
    KeyRef, Module, Path, PatternKey, Schema, Seen, SharedNode, StaticValue, Structure, VarRef,
    Visitor,
};
use crate::graph::Array;

/// A struct or an enum in a tree, as [`iter_modules`] lists them.
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
/// # Panics
/// Panics if this thread holds a shared node for writing.
#[track_caller]
pub fn iter_modules<M: Module>(module: &M) -> impl Iterator<Item = ModuleInfo> {
    let _held = hold_to_read("iter_modules", module);
    let mut walk = ModuleWalk::default();
    walk.arrive(Some(M::SCHEMA));
    module.flatten(&mut walk);
    walk.found.into_iter()
}

/// The Modules of [`iter_modules`] that lie in the tree itself, and in none of the others. `flax.nnx.iter_children`.
///
/// ```
/// use nnx_core::module::iter_children;
/// use nnx_core::{nn::{Linear, Sequential}, random::Rngs};
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

/// Follows the schema while the tree is walked: only the schema knows the names of types.
#[derive(Default)]
struct ModuleWalk {
    path: Path,
    levels: Vec<Level>,
    found: Vec<ModuleInfo>,
    seen: Seen,
}

struct Level {
    /// The schema of this place, as far as the walk has shown it.
    schema: Option<&'static Schema>,
    /// Which variant, if this is an enum.
    variant: usize,
}

impl ModuleWalk {
    /// Goes to a place where `schema` is said to be.
    fn arrive(&mut self, schema: Option<&'static Schema>) {
        let schema = match schema {
            Some(Schema::Recursive(name)) => self.enclosing(name),
            schema => schema,
        };
        if let Some(Schema::Struct(name, _)) = schema {
            self.found.push(ModuleInfo { path: self.path.clone(), name, variant: None });
        }
        self.levels.push(Level { schema, variant: 0 });
    }

    /// The schema of the type around this place that is called `name`.
    fn enclosing(&self, name: &str) -> Option<&'static Schema> {
        self.levels.iter().rev().filter_map(|level| level.schema).find(|schema| match schema {
            Schema::Struct(found, _) | Schema::Enum(found, _) => *found == name,
            _ => false,
        })
    }

    /// The schema of the part `key` of what is here.
    fn part(&self, key: KeyRef<'_>) -> Option<&'static Schema> {
        let level = self.levels.last()?;
        let fields = match level.schema? {
            Schema::List(item) | Schema::Map(item) => return Some(item),
            Schema::Tuple(items) => match key {
                KeyRef::Index(index) => return items.get(index).copied(),
                KeyRef::Name(_) => return None,
            },
            Schema::Struct(_, fields) => fields,
            Schema::Enum(_, variants) => variants.get(level.variant)?.fields,
            _ => return None,
        };
        let is_key = |field: PatternKey| match (field, key) {
            (PatternKey::Name(a), KeyRef::Name(b)) => a == b,
            (PatternKey::Index(a), KeyRef::Index(b)) => a == b,
            _ => false,
        };
        fields.iter().find(|field| is_key(field.key())).map(|field| field.schema)
    }
}

impl Visitor for ModuleWalk {
    fn variable(&mut self, _: VarRef<'_>) {}
    fn array(&mut self, _: &Array) {}

    fn static_value(&mut self, value: &dyn StaticValue) {
        // The contents of a box are listed at its place.
        if let Some(boxed) = value.as_any().downcast_ref::<BoxedType>() {
            self.levels.pop();
            self.arrive(Some(boxed.schema));
        }
    }

    fn structure(&mut self, structure: Structure) {
        let Some(level) = self.levels.last_mut() else { return };
        match (structure, level.schema) {
            (Structure::Some(some), Some(Schema::Option(inner))) => {
                self.levels.pop();
                self.arrive(some.then_some(*inner));
            }
            (Structure::Variant(variant, variant_name), Some(Schema::Enum(name, _))) => {
                level.variant = variant as usize;
                let (path, variant) = (self.path.clone(), Some(variant_name));
                self.found.push(ModuleInfo { path, name, variant });
            }
            _ => {}
        }
    }

    fn shared(&mut self, node: &dyn SharedNode) {
        // The schema of its contents takes its place.
        let inner = match self.levels.last().and_then(|level| level.schema) {
            Some(Schema::Shared(inner)) => Some(*inner),
            _ => None,
        };
        if self.seen.is_new(node) {
            self.levels.pop();
            self.arrive(inner);
            node.flatten(self);
        }
    }

    fn enter(&mut self, key: KeyRef<'_>) {
        let part = self.part(key);
        self.path.push(key);
        self.arrive(part);
    }

    fn exit(&mut self) {
        self.path.pop();
        self.levels.pop();
    }
}
