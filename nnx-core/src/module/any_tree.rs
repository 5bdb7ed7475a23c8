//! A tree whose type is erased.

use super::{Leaves, Module, Schema, Visitor, VisitorMut};
use std::any::{Any, TypeId};
use std::ops::Range;

/// A tree of any type, or a part of one.
///
/// ```
/// use nnx::module::{AnyTree, Schema, SharedNode, VarMut, VisitorMut};
/// use nnx::{Array, Module, nn::Linear, random::Rngs};
///
/// /// Names the structs in a tree.
/// struct Names(Vec<&'static str>);
/// impl VisitorMut for Names {
///     fn variable(&mut self, _: VarMut<'_>) {}
///     fn array(&mut self, _: &mut Array) {}
///     fn shared(&mut self, _: &dyn SharedNode) {}
///     fn module(&mut self, module: &mut dyn AnyTree) {
///         if let Schema::Struct(name, _) = module.schema() {
///             self.0.push(name);
///         }
///     }
/// }
/// let mut names = Names(vec![]);
/// vec![Linear::new(2, 3, &mut Rngs::new(0))].flatten_mut(&mut names);
/// assert_eq!(names.0, ["Linear"]);
/// ```
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

/// A list of any type of items, or a map, whose entries are its items in the order of their keys.
///
/// ```
/// use nnx::module::{AnyList, SharedNode, VarMut, VisitorMut};
/// use nnx::{Array, Module};
///
/// /// The lengths of all lists.
/// struct Lengths(Vec<usize>);
/// impl VisitorMut for Lengths {
///     fn variable(&mut self, _: VarMut<'_>) {}
///     fn array(&mut self, _: &mut Array) {}
///     fn shared(&mut self, _: &dyn SharedNode) {}
///     fn list(&mut self, list: &mut dyn AnyList) {
///         self.0.push(list.len());
///     }
/// }
/// let mut lengths = Lengths(vec![]);
/// (vec![Array::scalar(1)], vec![Array::scalar(2), Array::scalar(3)]).flatten_mut(&mut lengths);
/// assert_eq!(lengths.0, [1, 2]);
/// ```
pub trait AnyList: Any {
    /// How many items there are.
    fn len(&self) -> usize;
    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// A list of copies of some of the items, with other leaves.
    fn copy_items(&self, items: Range<usize>, leaves: &mut dyn Leaves) -> Box<dyn AnyTree>;
    /// Puts the items of a list of its type in the place of some of the items.
    fn put_items(&mut self, items: Range<usize>, new: Box<dyn AnyTree>);
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
        *self = tree.into_tree();
    }
}

impl dyn AnyTree {
    /// The type of the tree.
    pub(super) fn of(&self) -> TypeId {
        Any::type_id(self)
    }

    /// The tree, which is a `T`.
    pub(super) fn into_tree<T: Module>(self: Box<Self>) -> T {
        let tree: Box<dyn Any> = self;
        match tree.downcast() {
            Ok(tree) => *tree,
            Err(_) => unreachable!("a tree is replaced by one of its type"),
        }
    }

    /// The tree, if it is a `T`.
    pub(super) fn downcast_mut<T: Module>(&mut self) -> Option<&mut T> {
        let tree: &mut dyn Any = self;
        tree.downcast_mut()
    }
}
