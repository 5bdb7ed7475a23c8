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
///
/// ```
/// use nnx::module::MetaValue;
/// use nnx::{Array, Param, state, with_tag};
///
/// let tags = ["slow", "frozen"].map(|tag| MetaValue::Text(tag.into()));
/// let tags = MetaValue::List(tags.into());
/// let param = Param::new(Array::scalar(1.0_f32)).with_metadata("tag", tags);
/// assert_eq!(state(&param).filter(with_tag("frozen")).len(), 1);
/// ```
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
///
/// ```
/// use nnx::module::MetaValue;
/// use nnx::{Array, Param};
///
/// let mut param = Param::new(Array::scalar(1.0_f32));
/// assert!(param.metadata().is_empty());
/// param.metadata_mut().set("axis", MetaValue::Int(0));
/// assert_eq!(param.metadata().get("axis"), Some(&MetaValue::Int(0)));
/// assert_eq!(param.metadata().to_string(), "{axis: 0}");
/// ```
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

    /// The same notes and `value` under `name`.
    ///
    /// ```
    /// use nnx::module::{MetaValue, Metadata};
    /// use nnx::{nn::Linear, random::Rngs, state, with_tag};
    ///
    /// let slow = Metadata::default().with("tag", MetaValue::Text("slow".into()));
    /// let layer = Linear::builder(3, 4).kernel_metadata(slow).build(&mut Rngs::new(0));
    /// assert_eq!(state(&layer).filter(with_tag("slow")).len(), 1);
    /// ```
    pub fn with(mut self, name: impl Into<String>, value: MetaValue) -> Self {
        self.set(name, value);
        self
    }

    /// Everything noted, by name.
    ///
    /// ```
    /// use nnx::module::{MetaValue, Metadata};
    ///
    /// let mut notes = Metadata::default();
    /// notes.set("tag", MetaValue::Text("slow".into()));
    /// notes.set("axis", MetaValue::Int(0));
    /// assert_eq!(notes.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["axis", "tag"]);
    /// ```
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
///
/// ```
/// use nnx::module::BatchStat;
/// use nnx::{Array, Variable};
///
/// let mut mean = Variable::<BatchStat>::new(Array::from([1.0_f32, 3.0]));
/// assert_eq!(mean.sum(..).item::<f32>(), 4.0); // a method of `Array`
/// let old = mean.clone();
/// mean.set(&old * 0.5);
/// assert_eq!(mean.to_vec::<f32>(), [0.5, 1.5]);
/// assert_eq!(old.to_vec::<f32>(), [1.0, 3.0]);
/// ```
#[rustfmt::skip] // rustc shows the line with its comment where a Variable is compared
pub struct Variable<K> { // to compare: `x.eq(y)`, `x.lt(y)` and so on, arrays of bools
    value: Array,
    metadata: Metadata,
    kind: PhantomData<fn() -> K>,
}

impl<K: VariableKind> Variable<K> {
    /// A Variable that holds `value`.
    ///
    /// ```
    /// use nnx::{Array, Param};
    ///
    /// let kernel = Param::new(Array::from([[1.0_f32, 2.0]]));
    /// assert_eq!(kernel.shape(), [1, 2]);
    /// ```
    pub fn new(value: Array) -> Self {
        Variable { value, metadata: Metadata::default(), kind: PhantomData }
    }

    /// The value.
    ///
    /// ```
    /// use nnx::{Array, Param};
    ///
    /// let kernel = Param::new(Array::from([1.0_f32, 2.0]));
    /// let value: &Array = kernel.value();
    /// assert_eq!(value.to_vec::<f32>(), [1.0, 2.0]);
    /// ```
    pub fn value(&self) -> &Array {
        &self.value
    }

    /// Replaces the value. Inside a jitted function this is an update that the caller sees.
    ///
    /// ```
    /// use nnx::{Array, Param};
    ///
    /// #[nnx::jit]
    /// fn double(param: &mut Param) {
    ///     param.set(param.value() * 2.0);
    /// }
    ///
    /// let mut param = Param::new(Array::scalar(3.0_f32));
    /// double(&mut param);
    /// assert_eq!(param.item::<f32>(), 6.0);
    /// ```
    #[track_caller]
    pub fn set(&mut self, value: Array) {
        if value.is_traced() {
            crate::graph::note_set(K::KIND.name, &self.value, &value);
        }
        self.value = value;
    }

    /// The value, given up by the Variable.
    ///
    /// ```
    /// use nnx::{Array, Param};
    ///
    /// let value: Array = Param::new(Array::scalar(3.0_f32)).into_value();
    /// assert_eq!(value.item::<f32>(), 3.0);
    /// ```
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
    ///
    /// ```
    /// use nnx::module::MetaValue;
    /// use nnx::{Array, Param, state, with_tag};
    ///
    /// let frozen = MetaValue::Text("frozen".into());
    /// let param = Param::new(Array::scalar(3.0_f32)).with_metadata("tag", frozen);
    /// assert_eq!(state(&param).filter(with_tag("frozen")).len(), 1);
    /// ```
    pub fn with_metadata(mut self, name: impl Into<String>, value: MetaValue) -> Self {
        self.metadata.set(name, value);
        self
    }

    /// The same Variable with all of `metadata` noted, as a layer's `kernel_metadata` is.
    ///
    /// ```
    /// use nnx::module::{MetaValue, Metadata};
    /// use nnx::{Array, Param};
    ///
    /// let notes = Metadata::default().with("axis", MetaValue::Int(0));
    /// let param = Param::new(Array::scalar(3.0_f32)).with_all_metadata(notes);
    /// assert_eq!(param.metadata().to_string(), "{axis: 0}");
    /// ```
    pub fn with_all_metadata(mut self, metadata: Metadata) -> Self {
        if self.metadata.is_empty() {
            self.metadata = metadata;
        } else {
            metadata.iter().for_each(|(name, value)| self.metadata.set(name, value.clone()));
        }
        self
    }
}

/// Notes `value` under `name` on the Variables that `filter` takes. `flax.nnx.set_metadata`.
///
/// ```
/// use nnx::module::{MetaValue, set_metadata, with_tag};
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

// Hidden, so that the page does not repeat all methods of arrays.
#[doc(hidden)]
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
///
/// ```
/// use nnx::module::{SharedNode, StaticValue, Structure, VarRef, Visitor};
/// use nnx::{Array, Module, nn::BatchNorm, random::Rngs};
///
/// /// The kinds of the Variables of a tree.
/// struct Kinds(Vec<&'static str>);
/// impl Visitor for Kinds {
///     fn variable(&mut self, variable: VarRef<'_>) {
///         self.0.push(variable.kind.name);
///     }
///     fn array(&mut self, _: &Array) {}
///     fn static_value(&mut self, _: &dyn StaticValue) {}
///     fn structure(&mut self, _: Structure) {}
///     fn shared(&mut self, _: &dyn SharedNode) {}
/// }
/// let mut kinds = Kinds(vec![]);
/// BatchNorm::new(4, &mut Rngs::new(0)).flatten(&mut kinds);
/// assert_eq!(kinds.0, ["BatchStat", "BatchStat", "Param", "Param"]);
/// ```
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
///
/// ```
/// use nnx::module::{MetaValue, SharedNode, VarMut, VisitorMut};
/// use nnx::{Array, Module, Param, state, with_tag};
///
/// /// Tags every Variable.
/// struct Tag;
/// impl VisitorMut for Tag {
///     fn variable(&mut self, variable: VarMut<'_>) {
///         variable.metadata.set("tag", MetaValue::Text("frozen".into()));
///     }
///     fn array(&mut self, _: &mut Array) {}
///     fn shared(&mut self, _: &dyn SharedNode) {}
/// }
/// let mut model = vec![Param::new(Array::scalar(1.0_f32))];
/// model.flatten_mut(&mut Tag);
/// assert_eq!(state(&model).filter(with_tag("frozen")).len(), 1);
/// ```
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
        let value = leaves.variable(var);
        Variable { value, metadata: leaves.metadata(&self.metadata), kind: PhantomData }
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
