//! A tree whose type is erased.

use super::{Leaves, Module, Schema, Visitor, VisitorMut};
use std::any::{Any, TypeId};

/// A tree of any type, or a part of one.
pub trait AnyTree: Any {
    /// The description of its type.
    fn schema(&self) -> &'static Schema;
    /// Visits all parts.
    fn flatten_any(&self, visitor: &mut dyn Visitor);
    /// Visits all leaves and parts, the tree itself too.
    fn flatten_mut_any(&mut self, visitor: &mut dyn VisitorMut);
    /// A copy with other leaves.
    fn copy(&self, leaves: &mut dyn Leaves) -> Box<dyn AnyTree>;
    /// Replaces the tree by one of its type.
    fn put(&mut self, tree: Box<dyn AnyTree>);
}

impl<M: Module> AnyTree for M {
    fn schema(&self) -> &'static Schema {
        M::SCHEMA
    }
    fn flatten_any(&self, mut visitor: &mut dyn Visitor) {
        Module::flatten(self, &mut visitor);
    }
    fn flatten_mut_any(&mut self, mut visitor: &mut dyn VisitorMut) {
        Module::flatten_mut(self, &mut visitor);
        visitor.module(self);
    }
    fn copy(&self, mut leaves: &mut dyn Leaves) -> Box<dyn AnyTree> {
        Box::new(self.unflatten(&mut leaves))
    }
    fn put(&mut self, tree: Box<dyn AnyTree>) {
        let tree: Box<dyn Any> = tree;
        match tree.downcast::<M>() {
            Ok(tree) => *self = *tree,
            Err(_) => unreachable!("a tree is replaced by one of its type"),
        }
    }
}

impl dyn AnyTree {
    /// The type of the tree.
    pub(super) fn of(&self) -> TypeId {
        Any::type_id(self)
    }

    /// The tree, if it is a `T`.
    pub(super) fn downcast_mut<T: Module>(&mut self) -> Option<&mut T> {
        let tree: &mut dyn Any = self;
        tree.downcast_mut()
    }
}
