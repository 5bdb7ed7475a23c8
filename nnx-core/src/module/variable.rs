//! `Variable<K>`: an array that a Module owns and that a call may update.

use super::held::hold_to_write;
use super::kind::{Kind, VariableKind};
use super::walk::for_each_leaf_mut;
use super::{Filter, Leaves, Module, Schema, VarInfo, Visitor, VisitorMut};
use crate::error::{Error, or_raise, raise};
use crate::graph::Array;
use rustc_hash::FxHasher;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

/// A value of a Variable's metadata.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum MetaValue {
    Bool(bool),
    Int(i64),
    Text(String),
    List(Vec<MetaValue>),
}

impl fmt::Display for MetaValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MetaValue::Bool(value) => write!(f, "{value}"),
            MetaValue::Int(value) => write!(f, "{value}"),
            MetaValue::Text(value) => write!(f, "{value:?}"),
            MetaValue::List(values) => {
                let mut list = f.debug_list();
                for value in values {
                    list.entry(&format_args!("{value}"));
                }
                list.finish()
            }
        }
    }
}

/// A user's notes on a Variable, besides its value: sharding names, tags. Static.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Metadata(Option<Arc<Notes>>);

/// Notes by name, hashed once: the call path of a jitted function sees one number instead of every
/// name, also of the random streams, which all have one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Notes {
    fingerprint: u64,
    all: BTreeMap<String, MetaValue>,
}

impl Hash for Notes {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.fingerprint);
    }
}

impl Metadata {
    pub(crate) const EMPTY: Metadata = Metadata(None);

    /// Whether nothing is noted.
    pub fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(|notes| notes.all.is_empty())
    }

    /// The value noted under `name`.
    pub fn get(&self, name: &str) -> Option<&MetaValue> {
        self.0.as_ref()?.all.get(name)
    }

    /// Notes `value` under `name`.
    pub fn set(&mut self, name: impl Into<String>, value: MetaValue) {
        let notes = Arc::make_mut(self.0.get_or_insert_default());
        notes.all.insert(name.into(), value);
        let mut hasher = FxHasher::default();
        notes.all.hash(&mut hasher);
        notes.fingerprint = hasher.finish();
    }

    /// Everything noted, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &MetaValue)> {
        self.0.iter().flat_map(|notes| notes.all.iter()).map(|(k, v)| (k.as_str(), v))
    }
}

/// `{axis: 0, tag: "a"}`.
impl fmt::Display for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (name, value) in self.iter() {
            map.entry(&format_args!("{name}"), &format_args!("{value}"));
        }
        map.finish()
    }
}

/// An array of kind `K` that a Module owns and that a call may update.
///
/// Reading goes through `Deref`: every method of [`Array`] is there. Cloning shares the buffer
/// until one of the two is set.
pub struct Variable<K> {
    value: Array,
    metadata: Metadata,
    kind: PhantomData<fn() -> K>,
}

impl<K: VariableKind> Variable<K> {
    /// A Variable that holds `value`.
    pub fn new(value: Array) -> Self {
        Variable { value, metadata: Metadata::default(), kind: PhantomData }
    }

    /// The value.
    pub fn value(&self) -> &Array {
        &self.value
    }

    /// Replaces the value. Inside a jitted function this is an update that the caller sees.
    #[track_caller]
    pub fn set(&mut self, value: Array) {
        if value.is_traced() {
            crate::graph::note_set(K::KIND.name, &self.value, &value);
        }
        self.value = value;
    }

    /// The value, given up by the Variable.
    pub fn into_value(self) -> Array {
        self.value
    }

    /// The metadata of this Variable.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The metadata of this Variable, open to change.
    pub fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    /// The same Variable with `value` noted under `name`.
    pub fn with_metadata(mut self, name: impl Into<String>, value: MetaValue) -> Self {
        self.metadata.set(name, value);
        self
    }
}

/// Notes `value` under `name` on the Variables that `filter` takes. `flax.nnx.set_metadata`.
///
/// ```
/// use nnx::module::{MetaValue, Metadata, set_metadata, with_tag};
/// use nnx::{Array, Param, of_type, state};
///
/// let mut model = vec![Param::new(Array::scalar(1.0_f32))];
/// set_metadata(&mut model, of_type::<Param>(), "tag", MetaValue::Text("slow".into()));
/// assert_eq!(state(&model).filter(with_tag("slow")).len(), 1);
/// ```
///
/// # Panics
/// Panics if `filter` takes no Variable, or this thread holds a guard of a shared node.
#[track_caller]
pub fn set_metadata<M: Module>(module: &mut M, filter: impl Filter, name: &str, value: MetaValue) {
    let _held = or_raise(hold_to_write("set_metadata", module));
    let mut taken = false;
    for_each_leaf_mut(module, |path, leaf| {
        let (kind, Some(metadata)) = (leaf.kind, leaf.metadata) else { return };
        if filter.matches(path, &VarInfo { value: leaf.value, kind, metadata }) {
            metadata.set(name, value.clone());
            taken = true;
        }
    });
    if !taken {
        let model = std::any::type_name::<M>();
        raise(Error::Invalid(format!("set_metadata: the filter takes no Variable of `{model}`")));
    }
}

impl<K: VariableKind> Deref for Variable<K> {
    type Target = Array;
    fn deref(&self) -> &Array {
        &self.value
    }
}

impl<K: VariableKind> Clone for Variable<K> {
    fn clone(&self) -> Self {
        Variable { value: self.value.clone(), metadata: self.metadata.clone(), kind: PhantomData }
    }
}

impl<K: VariableKind> fmt::Debug for Variable<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({:?})", K::KIND.name, self.value)
    }
}

impl<K: VariableKind> From<Array> for Variable<K> {
    fn from(value: Array) -> Self {
        Variable::new(value)
    }
}

/// A Variable of any kind, seen while walking.
#[derive(Clone, Copy)]
pub struct VarRef<'a> {
    /// Its value.
    pub value: &'a Array,
    /// Its kind.
    pub kind: &'static Kind,
    /// Its metadata.
    pub metadata: &'a Metadata,
}

/// A Variable of any kind, open to change while walking.
pub struct VarMut<'a> {
    /// Its value.
    pub value: &'a mut Array,
    /// Its kind.
    pub kind: &'static Kind,
    /// Its metadata.
    pub metadata: &'a mut Metadata,
}

impl<K: VariableKind> Module for Variable<K> {
    const SCHEMA: &'static Schema = &Schema::Variable(K::KIND);

    #[inline]
    fn flatten<V: Visitor>(&self, visitor: &mut V) {
        visitor.variable(VarRef { value: &self.value, kind: K::KIND, metadata: &self.metadata });
    }

    #[inline]
    fn flatten_mut<V: VisitorMut>(&mut self, visitor: &mut V) {
        visitor.variable(VarMut {
            value: &mut self.value,
            kind: K::KIND,
            metadata: &mut self.metadata,
        });
    }

    fn unflatten<L: Leaves>(&self, leaves: &mut L) -> Self {
        let var = VarRef { value: &self.value, kind: K::KIND, metadata: &self.metadata };
        Variable { value: leaves.variable(var), metadata: self.metadata.clone(), kind: PhantomData }
    }
}

#[diagnostic::do_not_recommend]
impl Module for Array {
    const SCHEMA: &'static Schema = &Schema::Array;

    #[inline]
    fn flatten<V: Visitor>(&self, visitor: &mut V) {
        visitor.array(self);
    }

    #[inline]
    fn flatten_mut<V: VisitorMut>(&mut self, visitor: &mut V) {
        visitor.array(self);
    }

    fn unflatten<L: Leaves>(&self, leaves: &mut L) -> Self {
        leaves.array(self)
    }
}
