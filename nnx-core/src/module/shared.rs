//! `Shared<T>`: one node that several places hold.

use super::{Leaves, Module, Schema, Visitor, VisitorMut};
use std::fmt;
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// A handle to a Module or Variable that several places may hold: cloning gives another handle to
/// the same node.
///
/// Eager code reads and writes the node through [`read`](Shared::read) and
/// [`write`](Shared::write). Everything that takes a Module as a tree, in which a node has one
/// owner, would pass over it, so a `Shared` anywhere inside is a compile error that names the path
/// (in generic code: when it is instantiated):
/// - arguments and results of `#[nnx::jit(graph = false)]`, and of the functions given to
///   [`grad`](crate::transform::grad), [`value_and_grad`](crate::transform::value_and_grad), [`jvp`](crate::transform::jvp),
///   [`eval_shape`](crate::transform::eval_shape) and [`make_graph`](crate::transform::make_graph);
/// - [`split`](super::split), [`split_by`](super::split_by), [`GraphDef::of`](super::GraphDef::of)
///   (so there is no `GraphDef` of such a tree to [`merge`](super::merge)),
///   [`state`](super::state), [`update`](super::update), [`clone`](super::clone),
///   [`map`](super::map), [`pop`](super::pop) and [`view`](super::view);
/// - [`tabulate`](super::tabulate), [`iter_modules`](super::iter_modules) and
///   [`find_duplicates`](super::find_duplicates), which would say that there is less than there is;
/// - [`Optimizer`](crate::optim::Optimizer) and [checkpoints](crate::train::save_checkpoint).
///
/// Left open are the walks of the trait [`Module`] themselves, and the constants about a type:
/// [`Schema::variables`] and [`path!`](crate::path) look into shared nodes.
///
/// ```
/// use nnx_core::{module::Shared, Array, DType, Param};
///
/// let table = Shared::new(Param::new(Array::shape_only([10, 4], DType::F32)));
/// let tied = table.clone();
/// tied.write().set(Array::shape_only([20, 4], DType::F32));
/// assert_eq!(table.read().shape(), [20, 4]);
/// assert!(table.ptr_eq(&tied));
/// ```
pub struct Shared<T>(Arc<RwLock<T>>);

impl<T> Shared<T> {
    /// A new node with one handle.
    pub fn new(node: T) -> Self {
        Shared(Arc::new(RwLock::new(node)))
    }

    /// The node, to read. Waits while another thread writes.
    ///
    /// # Panics
    /// May panic, or never return, when this thread holds the node for writing.
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        // A panic while writing leaves whatever was written: Modules have no invariant to lose.
        self.0.read().unwrap_or_else(|e| e.into_inner())
    }

    /// The node, to change. Waits while others read or write.
    ///
    /// # Panics
    /// May panic, or never return, when this thread holds the node already.
    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.0.write().unwrap_or_else(|e| e.into_inner())
    }

    /// Whether both are handles to one node.
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// How many handles to the node there are.
    pub fn handles(&self) -> usize {
        Arc::strong_count(&self.0)
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Shared(self.0.clone())
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.try_read() {
            Ok(node) => f.debug_tuple("Shared").field(&*node).finish(),
            Err(_) => f.write_str("Shared(<in use>)"),
        }
    }
}

/// What the handles of one node point to, of any type.
pub trait SharedNode {
    /// A number that no other node has while a handle to this one is there.
    fn id(&self) -> usize;
    /// Visits what is in the node, which is held for reading meanwhile.
    fn flatten(&self, visitor: &mut dyn for<'n> Visitor);
    /// Visits the leaves in the node, which is held for writing meanwhile.
    fn flatten_mut(&self, visitor: &mut dyn VisitorMut);
}

impl<T: Module> SharedNode for Shared<T> {
    fn id(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
    fn flatten(&self, mut visitor: &mut dyn for<'n> Visitor) {
        self.read().flatten(&mut visitor);
    }
    fn flatten_mut(&self, mut visitor: &mut dyn VisitorMut) {
        self.write().flatten_mut(&mut visitor);
    }
}

/// The walks show a visitor the node; what takes trees refuses it at compile time.
/// [`unflatten`](Module::unflatten) gives another handle to the same node, unless it is told another.
impl<T: Module> Module for Shared<T> {
    const SCHEMA: &'static Schema = &Schema::Shared(T::SCHEMA);
    fn flatten<V: Visitor>(&self, visitor: &mut V) {
        visitor.shared(self);
    }
    fn flatten_mut<V: VisitorMut>(&mut self, visitor: &mut V) {
        visitor.shared(self);
    }
    fn unflatten<L: Leaves>(&self, leaves: &mut L) -> Self {
        let other = leaves.shared(self).and_then(|handle| handle.downcast::<Self>().ok());
        other.map_or_else(|| self.clone(), |handle| *handle)
    }
}
