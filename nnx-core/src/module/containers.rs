//! Modules made of other Modules: boxes, options, lists, maps and tuples.

use super::doubt::FieldWalk;
use super::{AnyList, AnyTree, KeyRef, Leaves, Module, Schema, Structure, Visitor, VisitorMut};
use std::collections::{BTreeMap, HashMap};
use std::marker::PhantomData;
use std::ops::Range;

/// Static, and says nothing.
#[diagnostic::do_not_recommend]
impl<T: ?Sized + 'static> Module for PhantomData<T> {
    const SCHEMA: &'static Schema = &Schema::Static("PhantomData");
    #[inline]
    fn flatten<V: Visitor>(&self, _: &mut V) {}
    #[inline]
    fn flatten_mut<V: VisitorMut>(&mut self, _: &mut V) {}
    fn unflatten<L: Leaves>(&self, _: &mut L) -> Self {
        PhantomData
    }
}

// rustc shows the lines of `SCHEMA` with their comments where types hold each other in a way that no derive sees.
impl<T: Module> Module for Box<T> {
    const SCHEMA: &'static Schema = T::SCHEMA; // a cycle? mark the field `#[module(recursive)]`
    #[inline]
    fn flatten<V: Visitor>(&self, visitor: &mut V) {
        (**self).flatten(visitor);
    }
    #[inline]
    fn flatten_mut<V: VisitorMut>(&mut self, visitor: &mut V) {
        (**self).flatten_mut(visitor);
        visitor.module(&mut **self);
    }
    fn unflatten<L: Leaves>(&self, leaves: &mut L) -> Self {
        Box::new((**self).unflatten(leaves))
    }
}

impl<T: Module> Module for Option<T> {
    const SCHEMA: &'static Schema = &Schema::Option(T::SCHEMA);
    #[inline]
    fn flatten<V: Visitor>(&self, visitor: &mut V) {
        visitor.structure(Structure::Some(self.is_some()));
        if let Some(value) = self {
            value.flatten(visitor);
        }
    }
    #[inline]
    fn flatten_mut<V: VisitorMut>(&mut self, visitor: &mut V) {
        if let Some(value) = self {
            value.flatten_mut(visitor);
            visitor.module(value);
        }
    }
    fn unflatten<L: Leaves>(&self, leaves: &mut L) -> Self {
        self.as_ref().map(|value| value.unflatten(leaves))
    }
}

impl<T: Module> Module for Vec<T> {
    const SCHEMA: &'static Schema = &Schema::List(T::SCHEMA); // a cycle? mark the field `#[module(recursive)]`
    #[inline]
    fn flatten<V: Visitor>(&self, visitor: &mut V) {
        visitor.structure(Structure::Len(self.len()));
        flatten_list(self, visitor);
    }
    #[inline]
    fn flatten_mut<V: VisitorMut>(&mut self, visitor: &mut V) {
        flatten_list_mut(self, visitor);
        visitor.list(self);
    }
    fn unflatten<L: Leaves>(&self, leaves: &mut L) -> Self {
        self.iter().enumerate().map(|(i, item)| unflatten_item(i, item, leaves)).collect()
    }
}

impl<T: Module> AnyList for Vec<T> {
    fn len(&self) -> usize {
        self.len()
    }
    fn copy_items(&self, items: Range<usize>, mut leaves: &mut dyn Leaves) -> Box<dyn AnyTree> {
        let numbered = items.clone().zip(&self[items]);
        let copies: Self = numbered.map(|(i, item)| unflatten_item(i, item, &mut leaves)).collect();
        Box::new(copies)
    }
    fn put_items(&mut self, items: Range<usize>, new: Box<dyn AnyTree>) {
        self.splice(items, new.into_tree::<Self>());
    }
}

impl<T: Module, const N: usize> Module for [T; N] {
    const SCHEMA: &'static Schema = &Schema::List(T::SCHEMA);
    #[inline]
    fn flatten<V: Visitor>(&self, visitor: &mut V) {
        flatten_list(self, visitor);
    }
    #[inline]
    fn flatten_mut<V: VisitorMut>(&mut self, visitor: &mut V) {
        flatten_list_mut(self, visitor);
    }
    fn unflatten<L: Leaves>(&self, leaves: &mut L) -> Self {
        std::array::from_fn(|i| unflatten_item(i, &self[i], leaves))
    }
}

#[inline]
fn flatten_list<T: Module, V: Visitor>(items: &[T], visitor: &mut V) {
    for (i, item) in items.iter().enumerate() {
        visitor.enter(KeyRef::Index(i));
        item.flatten(visitor);
        visitor.exit();
    }
}

#[inline]
fn flatten_list_mut<T: Module, V: VisitorMut>(items: &mut [T], visitor: &mut V) {
    for (i, item) in items.iter_mut().enumerate() {
        FieldWalk::flatten_mut_at(item, i, visitor);
    }
}

fn unflatten_item<T: Module, L: Leaves>(i: usize, item: &T, leaves: &mut L) -> T {
    leaves.enter(KeyRef::Index(i));
    let item = item.unflatten(leaves);
    leaves.exit();
    item
}

/// The key of a map of Modules: shown in paths, static.
///
/// ```
/// use nnx::{Array, Param, state};
/// use std::collections::BTreeMap;
///
/// let value = || Param::new(Array::scalar(1.0_f32));
/// let heads = BTreeMap::from([("policy", value()), ("value", value())]);
/// assert_eq!(state(&heads).paths().next().unwrap().to_string(), "policy");
/// let by_number = BTreeMap::from([(7_u32, value())]);
/// assert_eq!(state(&by_number).paths().next().unwrap().to_string(), "7");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the key of a map of Modules: keys are steps of paths",
    label = "not a string and not an integer",
    note = "fixes:\n  1. take `String`, `&'static str` or an integer as the key\n  2. a key of several parts: a map in a map, or the parts in one string"
)]
pub trait MapKey: super::StaticValue + Clone + Ord + std::hash::Hash {
    /// Calls `f` with the key as a step of a path.
    fn with_key<R>(&self, f: impl FnOnce(KeyRef<'_>) -> R) -> R;
}

#[diagnostic::do_not_recommend]
impl MapKey for String {
    fn with_key<R>(&self, f: impl FnOnce(KeyRef<'_>) -> R) -> R {
        f(KeyRef::Name(self))
    }
}
#[diagnostic::do_not_recommend]
impl MapKey for &'static str {
    fn with_key<R>(&self, f: impl FnOnce(KeyRef<'_>) -> R) -> R {
        f(KeyRef::Name(self))
    }
}
/// The integers among the primitives that are static as they are.
macro_rules! keys {
    ($($t:ident),*) => { $(keys! { @ $t })* };
    (@ bool) => {};
    (@ char) => {};
    (@ String) => {};
    (@ $integer:ident) => {
        #[diagnostic::do_not_recommend]
        impl MapKey for $integer {
            fn with_key<R>(&self, f: impl FnOnce(KeyRef<'_>) -> R) -> R {
                f(KeyRef::Name(&self.to_string()))
            }
        }
    };
}
nnx_derive::__for_settings!(keys);

impl<K: MapKey, T: Module> Module for BTreeMap<K, T> {
    const SCHEMA: &'static Schema = &Schema::Map(T::SCHEMA); // a cycle? mark the field `#[module(recursive)]`
    fn flatten<V: Visitor>(&self, visitor: &mut V) {
        flatten_entries(self, visitor);
    }
    fn flatten_mut<V: VisitorMut>(&mut self, visitor: &mut V) {
        flatten_entries_mut(&mut *self, visitor);
        visitor.list(self);
    }
    fn unflatten<L: Leaves>(&self, leaves: &mut L) -> Self {
        unflatten_entries(self, leaves)
    }
}

impl<K: MapKey, T: Module> AnyList for BTreeMap<K, T> {
    fn len(&self) -> usize {
        self.len()
    }
    fn copy_items(&self, items: Range<usize>, mut leaves: &mut dyn Leaves) -> Box<dyn AnyTree> {
        let copies: Self =
            unflatten_entries(self.iter().skip(items.start).take(items.len()), &mut leaves);
        Box::new(copies)
    }
    fn put_items(&mut self, items: Range<usize>, new: Box<dyn AnyTree>) {
        let keys = self.keys().skip(items.start).take(items.len());
        let keys: Vec<K> = keys.cloned().collect();
        keys.iter().for_each(|key| drop(self.remove(key)));
        self.extend(new.into_tree::<Self>());
    }
}

/// Walked in the order of its keys, so that the order of leaves does not depend on the hasher.
impl<K: MapKey, T: Module, S> Module for HashMap<K, T, S>
where
    S: std::hash::BuildHasher + Default + 'static,
{
    const SCHEMA: &'static Schema = &Schema::Map(T::SCHEMA); // a cycle? mark the field `#[module(recursive)]`
    fn flatten<V: Visitor>(&self, visitor: &mut V) {
        flatten_entries(sorted(self), visitor);
    }
    fn flatten_mut<V: VisitorMut>(&mut self, visitor: &mut V) {
        flatten_entries_mut(sorted(&mut *self), visitor);
        visitor.list(self);
    }
    fn unflatten<L: Leaves>(&self, leaves: &mut L) -> Self {
        unflatten_entries(sorted(self), leaves)
    }
}

impl<K: MapKey, T: Module, S> AnyList for HashMap<K, T, S>
where
    S: std::hash::BuildHasher + Default + 'static,
{
    fn len(&self) -> usize {
        self.len()
    }
    fn copy_items(&self, items: Range<usize>, mut leaves: &mut dyn Leaves) -> Box<dyn AnyTree> {
        let copies: Self = unflatten_entries(sorted(self).drain(items), &mut leaves);
        Box::new(copies)
    }
    fn put_items(&mut self, items: Range<usize>, new: Box<dyn AnyTree>) {
        let keys: Vec<K> = sorted(&*self)[items].iter().map(|(key, _)| (*key).clone()).collect();
        keys.iter().for_each(|key| drop(self.remove(key)));
        self.extend(new.into_tree::<Self>());
    }
}

fn sorted<'k, K: MapKey, V>(map: impl IntoIterator<Item = (&'k K, V)>) -> Vec<(&'k K, V)> {
    let mut entries: Vec<_> = map.into_iter().collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    entries
}

fn flatten_entries<'a, K: MapKey, T: Module, V: Visitor>(
    entries: impl IntoIterator<Item = (&'a K, &'a T), IntoIter: ExactSizeIterator>,
    visitor: &mut V,
) {
    let entries = entries.into_iter();
    visitor.structure(Structure::Len(entries.len()));
    for (key, value) in entries {
        visitor.static_value(key);
        key.with_key(|key| visitor.enter(key));
        value.flatten(visitor);
        visitor.exit();
    }
}

fn flatten_entries_mut<'a, K: MapKey, T: Module, V: VisitorMut>(
    entries: impl IntoIterator<Item = (&'a K, &'a mut T)>,
    visitor: &mut V,
) {
    for (key, value) in entries {
        key.with_key(|key| FieldWalk::flatten_mut_at(value, key, visitor));
    }
}

fn unflatten_entries<'a, K: MapKey, T: Module, L: Leaves, M: FromIterator<(K, T)>>(
    entries: impl IntoIterator<Item = (&'a K, &'a T)>,
    leaves: &mut L,
) -> M {
    let mut unflatten_entry = |(key, value): (&'a K, &'a T)| {
        key.with_key(|key| leaves.enter(key));
        let value = value.unflatten(leaves);
        leaves.exit();
        (key.clone(), value)
    };
    entries.into_iter().map(&mut unflatten_entry).collect()
}

/// Tuples of every length up to that of the row.
macro_rules! tuples {
    ($($t:ident $i:tt)*; $next:ident $next_index:tt $($rest:tt)*) => {
        tuples!($($t $i)*;);
        tuples!($($t $i)* $next $next_index; $($rest)*);
    };
    ($($t:ident $i:tt)*;) => {
        #[diagnostic::do_not_recommend]
        impl<$($t: Module),*> Module for ($($t,)*) {
            const SCHEMA: &'static Schema = &Schema::Tuple(&[$($t::SCHEMA),*]);
            #[inline]
            fn flatten<V: Visitor>(&self, _visitor: &mut V) {
                $(
                    _visitor.enter(KeyRef::Index($i));
                    self.$i.flatten(_visitor);
                    _visitor.exit();
                )*
            }
            #[inline]
            fn flatten_mut<V: VisitorMut>(&mut self, _visitor: &mut V) {
                $(
                    FieldWalk::flatten_mut_at(&mut self.$i, $i, _visitor);
                )*
            }
            #[allow(clippy::unused_unit)]
            fn unflatten<L: Leaves>(&self, _leaves: &mut L) -> Self {
                ($({
                    _leaves.enter(KeyRef::Index($i));
                    let item = self.$i.unflatten(_leaves);
                    _leaves.exit();
                    item
                },)*)
            }
        }
    };
}
tuples!(; A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 M 11);
