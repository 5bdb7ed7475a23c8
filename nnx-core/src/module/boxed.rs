//! Modules behind a trait object, such as `Box<dyn Layer>`: what the expansion of `#[nnx::dyn_module]`
//! calls. The type inside is a static part of the tree, and so of the key of a jitted function.

use super::{Leaves, Module, Visitor, VisitorMut};
use std::any::{TypeId, type_name};
use std::fmt;

/// The type in a box.
#[derive(Clone, Copy)]
pub(crate) struct BoxedType {
    id: TypeId,
    name: &'static str,
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
    visitor.static_value(&BoxedType { id, name });
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
