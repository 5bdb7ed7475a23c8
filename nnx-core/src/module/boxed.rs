//! Modules behind a trait object, such as `Box<dyn Layer>`: what the expansion of `#[nnx::dyn_module]`
//! calls. The type inside is a static part of the tree, and so of the key of a jitted function.

use super::check::skipped_field;
use super::{
    Leaves, Module, Schema, SharedNode, StaticValue, Structure, VarRef, Visitor, VisitorMut,
};
use crate::graph::Array;
use std::any::{TypeId, type_name};
use std::fmt;

/// The type in a box.
#[derive(Clone, Copy)]
pub(crate) struct BoxedType {
    id: TypeId,
    name: &'static str,
    pub(crate) schema: &'static Schema,
}

impl PartialEq for BoxedType {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for BoxedType {}

impl std::hash::Hash for BoxedType {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl fmt::Debug for BoxedType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// [`Module::flatten`] of what is in a box.
pub fn flatten_boxed<M: Module>(module: &M, mut visitor: &mut dyn Visitor) {
    let (id, name) = (TypeId::of::<M>(), type_name::<M>());
    visitor.static_value(&BoxedType { id, name, schema: M::SCHEMA });
    module.flatten(&mut visitor);
}

/// [`Module::flatten_mut`] of what is in a box.
pub fn flatten_mut_boxed<M: Module>(module: &mut M, mut visitor: &mut dyn VisitorMut) {
    module.flatten_mut(&mut visitor);
    visitor.module(module);
}

/// [`Module::unflatten`] of what is in a box.
pub fn unflatten_boxed<M: Module>(module: &M, mut leaves: &mut dyn Leaves) -> M {
    module.unflatten(&mut leaves)
}

/// A field that walks pass over, in one of the boxes of a tree.
pub(crate) fn skipped_in_boxes(flatten: impl FnOnce(&mut dyn Visitor)) -> Option<String> {
    struct Search(Option<String>);
    impl Visitor for Search {
        fn variable(&mut self, _: VarRef<'_>) {}
        fn array(&mut self, _: &Array) {}
        fn static_value(&mut self, value: &dyn StaticValue) {
            if let Some(boxed) = value.as_any().downcast_ref::<BoxedType>() {
                self.0 = self.0.take().or_else(|| skipped_field(boxed.schema));
            }
        }
        fn structure(&mut self, _: Structure) {}
        fn shared(&mut self, _: &dyn SharedNode) {}
    }
    let mut search = Search(None);
    flatten(&mut search);
    search.0
}
