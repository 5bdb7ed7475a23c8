//! `Shared<T>`: one node that several places hold.

use super::check::LINK;
use super::gate::{AtGate, Busy, Gate};
use super::new_nodes::note;
use super::node::SharedNode;
use super::{Leaves, Module, Schema, Visitor, VisitorMut};
use crate::error::{Error, raise};
use crate::graph::{current_trace, is_tracing};
use std::any::{Any, type_name};
use std::cell::Cell;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError, Weak};

/// A handle to a Module or Variable that several places may hold: cloning gives another handle to
/// the same node.
///
/// The node's content is read and set through [`read`](Shared::read) and [`write`](Shared::write).
/// Everything that takes Modules keeps the sharing: a node is visited once, at its first place in
/// the order of the fields, and that place's path names it in [`state`](super::state), filters,
/// gradients, checkpoints and optimizers. Of what NNX calls graph mode this is the type: a function
/// under `#[nnx::jit]` takes it, one under `#[nnx::jit(graph = false)]` refuses it at compile time.
///
/// Two handles are equal if they are handles to one node.
///
/// ```
/// use nnx::{module::Shared, Array, DType, Param};
///
/// let table = Shared::new(Param::new(Array::shape_only([10, 4], DType::F32)));
/// let tied = table.clone();
/// tied.write().set(Array::shape_only([20, 4], DType::F32));
/// assert_eq!(table.read().shape(), [20, 4]);
/// assert_eq!(table, tied);
/// ```
pub struct Shared<T>(Arc<NodeCell<T>>);

/// A handle that does not keep its node alive, for links back: a cycle of [`Shared`] alone is never
/// freed. No part of the tree: walks do not follow it.
///
/// ```
/// use nnx::{Array, Param, Shared, SharedWeak};
///
/// let node = Shared::new(Param::new(Array::scalar(1.0_f32)));
/// let link: SharedWeak<Param> = node.downgrade();
/// assert_eq!(link.upgrade().unwrap().read().item::<f32>(), 1.0);
/// ```
pub struct SharedWeak<T>(Weak<NodeCell<T>>);

struct NodeCell<T> {
    this: Weak<NodeCell<T>>,
    /// The trace that it was made in.
    home: u64,
    /// Empty while a tree that holds the node in a cycle is being made, and once its trace is over.
    content: RwLock<Option<T>>,
    gate: Gate,
}

impl<T: Module + Send + Sync> NodeCell<T> {
    fn new(content: Option<T>) -> Arc<Self> {
        let node = Arc::new_cyclic(|this| NodeCell {
            this: this.clone(),
            home: current_trace(),
            gate: Gate::default(),
            content: RwLock::new(content),
        });
        note(&node);
        node
    }
}

impl<T> NodeCell<T> {
    fn this(&self) -> Arc<Self> {
        match self.this.upgrade() {
            Some(this) => this,
            None => unreachable!("whoever sees the node holds a handle"),
        }
    }

    #[track_caller]
    fn busy(&self, what: &str, why: Busy) -> ! {
        let node = type_name::<T>();
        raise(Error::Invalid(match why {
            Busy::Call => format!(
                "{what}: this node, a `{node}`, is lent to a call that is running on this thread, which \
                 would not see the change: set it in the argument of the function"
            ),
            Busy::Callback => format!(
                "{what}: another thread holds this node, a `{node}`, and may wait for the run of this callback: hand \
                 the value to the callback in its arguments"
            ),
            Busy::Closure => format!(
                "{what}: this node, a `{node}`, was captured by a jitted closure, whose program would keep the value \
                 that the node has now\n\
                 fix: pass what holds the node in an argument"
            ),
            Busy::Circle => format!(
                "{what}: another thread holds this node, a `{node}`, and waits for one that this thread has: \
                 neither could go on. Take the nodes in the same order in all threads, or drop what `read()` or \
                 `write()` gave before"
            ),
            _ => format!(
                "{what}: this thread holds this node, a `{node}`, already: drop what `read()` or \
                 `write()` gave before, because the thread would wait for itself"
            ),
        }))
    }

    /// Raises an error if the running trace may not set the node.
    #[track_caller]
    fn check_home(&self, what: &str) {
        if is_captured(self.home) {
            captured::<T>(what);
        }
    }

    /// The node's content; whoever asks is at the gate.
    fn look(&self, what: &str) -> RwLockReadGuard<'_, Option<T>> {
        match self.content.try_read() {
            Ok(content) => content,
            Err(TryLockError::Poisoned(e)) => e.into_inner(),
            Err(TryLockError::WouldBlock) if self.gate.is_mine() => self.busy(what, Busy::Guard),
            Err(TryLockError::WouldBlock) => self.content.read().unwrap_or_else(|e| e.into_inner()),
        }
    }

    /// The result of `f` for the node's content. Waits as [`Shared::read`] does, unless the node is lent to a call of
    /// this thread.
    fn with<R>(&self, what: &str, f: impl FnOnce(Option<&T>) -> R) -> R {
        if is_refused(self.home) {
            self.busy(what, Busy::Closure);
        }
        let enter = || self.gate.enter().unwrap_or_else(|why| self.busy(what, why));
        let _at_gate = (!self.gate.is_lent_here()).then(enter);
        let content = self.look(what);
        f(content.as_ref())
    }

    /// The node's content, open to change; whoever asks is at the gate.
    fn open(&self) -> RwLockWriteGuard<'_, Option<T>> {
        match self.content.try_write() {
            Ok(content) => content,
            // A panic while writing leaves whatever was written: Modules have no invariant to lose.
            Err(TryLockError::Poisoned(e)) => e.into_inner(),
            Err(TryLockError::WouldBlock) if self.gate.is_read_here() => {
                self.busy("a change of a tree", Busy::Guard)
            }
            Err(TryLockError::WouldBlock) => {
                self.content.write().unwrap_or_else(|e| e.into_inner())
            }
        }
    }
}

/// Whether a node that was made in the trace `home` is one that the running trace captured.
pub(super) fn is_captured(home: u64) -> bool {
    let trace = current_trace();
    trace != 0 && home != trace
}

thread_local! {
    /// How many bodies of jitted closures are being traced.
    static CLOSURES: Cell<usize> = const { Cell::new(0) };
}

/// Whether a node that was made in the trace `home` may not be looked into by a handle that was captured: the body of a
/// jitted closure runs, and the node is none of a trace.
pub(super) fn is_refused(home: u64) -> bool {
    home == 0 && is_refusing()
}

/// Whether the body of a jitted closure runs.
pub(super) fn is_refusing() -> bool {
    CLOSURES.get() > 0
}

/// Until this is dropped, nodes that were made outside of traces cannot be read by handles that this thread's function
/// captured: its program would keep their values.
pub(crate) struct RefusingCaptured(());

impl RefusingCaptured {
    pub(crate) fn new() -> Self {
        CLOSURES.set(CLOSURES.get() + 1);
        RefusingCaptured(())
    }
}

impl Drop for RefusingCaptured {
    fn drop(&mut self) {
        CLOSURES.set(CLOSURES.get() - 1);
    }
}

#[track_caller]
fn captured<T>(what: &str) -> ! {
    raise(Error::Invalid(format!(
        "{what}: this node, a `{}`, was captured by the function that is being traced, not passed to it, so that \
         what is set in it would be lost\n\
         fixes:\n  \
         1. pass what holds the node in an argument\n  \
         2. return the new value",
        type_name::<T>()
    )))
}

fn gone<T>() -> ! {
    raise(Error::Invalid(format!(
        "this node, a `{}`, is empty: it belongs to a trace that is over, or a link led to it from an \
         argument of a traced function, and no argument holds it: then pass what holds it too",
        type_name::<T>()
    )))
}

impl<T: Module + Send + Sync> Shared<T> {
    /// A new node with one handle.
    ///
    /// ```
    /// use nnx::{Shared, nn::Embed, random::Rngs};
    ///
    /// let table = Shared::new(Embed::new(100, 8, &mut Rngs::new(0)));
    /// let (input, output) = (table.clone(), table); // two places of one table
    /// assert!(input == output);
    /// ```
    pub fn new(node: T) -> Self {
        Shared(NodeCell::new(Some(node)))
    }
}

impl<T> Shared<T> {
    /// The node, to read. Waits while another thread writes, or has lent the node to a call.
    ///
    /// ```
    /// use nnx::{Array, Param, Shared};
    ///
    /// let node = Shared::new(Param::new(Array::from([1.0_f32, 2.0])));
    /// assert_eq!(node.read().to_vec::<f32>(), [1.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// Panics if this thread holds the node for writing, if the thread that does waits for this one, or if the
    /// node was captured by the function that is being traced and passed to it in an argument as well, or by a
    /// [jitted closure](crate::jit()).
    #[track_caller]
    pub fn read(&self) -> SharedRef<'_, T> {
        // Its value would be a constant there: stale in the next call, and without a gradient.
        if self.0.gate.is_lent_to_call() && is_captured(self.0.home) {
            raise(Error::Invalid(format!(
                "Shared::read: this node, a `{}`, is in an argument of the function that is being traced, which \
                 reads it by a handle that it captured: its value would be taken for a constant\n\
                 fixes:\n  \
                 1. read it in the function's argument\n  \
                 2. read the captured handle before the function is called",
                type_name::<T>()
            )));
        }
        if is_refused(self.0.home) {
            self.0.busy("Shared::read", Busy::Closure);
        }
        match self.0.gate.enter() {
            Ok(at_gate) => SharedRef { content: self.0.look("Shared::read"), _at_gate: at_gate },
            Err(why) => self.0.busy("Shared::read", why),
        }
    }

    /// The node, to change. Waits while other threads read or write, or have lent the node to a call.
    ///
    /// ```
    /// use nnx::{Array, Param, Shared};
    ///
    /// let node = Shared::new(Param::new(Array::scalar(1.0_f32)));
    /// let other = node.clone();
    /// node.write().set(Array::scalar(2.0_f32)); // the guard is gone after the line
    /// assert_eq!(other.read().item::<f32>(), 2.0);
    /// ```
    ///
    /// # Panics
    /// Panics if this thread holds the node already, if a thread that does waits for this one, or if the
    /// function that is being traced did not get the node in an argument but captured it; a guard from before that
    /// function panics there when it is taken as `&mut`.
    #[track_caller]
    pub fn write(&self) -> SharedMut<'_, T> {
        self.0.check_home("Shared::write");
        match self.0.gate.enter_to_write() {
            Ok(at_gate) => {
                SharedMut { content: self.0.open(), _at_gate: at_gate, home: self.0.home }
            }
            Err(why) => self.0.busy("Shared::write", why),
        }
    }

    /// Whether both are handles to one node.
    ///
    /// ```
    /// use nnx::{Array, Shared};
    ///
    /// let a = Shared::new(Array::scalar(1.0_f32));
    /// assert!(a.ptr_eq(&a.clone()));
    /// assert!(!a.ptr_eq(&Shared::new(Array::scalar(1.0_f32)))); // equal values, two nodes
    /// ```
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// A number that no other node has while a handle to this one is there. In a traced function it is that of
    /// the node of the trace, another one in each.
    ///
    /// ```
    /// use nnx::{Array, Shared};
    /// let (a, b) = (Shared::new(Array::scalar(1)), Shared::new(Array::scalar(1)));
    /// assert_eq!(a.id(), a.clone().id());
    /// assert_ne!(a.id(), b.id());
    /// ```
    pub fn id(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// How many handles to the node there are.
    ///
    /// ```
    /// use nnx::{Array, Shared};
    ///
    /// let node = Shared::new(Array::scalar(1.0_f32));
    /// let other = node.clone();
    /// assert_eq!(node.handles(), 2);
    /// ```
    ///
    /// # Panics
    /// Panics in a function that is traced: its argument is a copy, which other handles than those of the caller hold.
    #[track_caller]
    pub fn handles(&self) -> usize {
        if is_tracing() {
            raise(Error::Invalid(
                "Shared::handles: in a function that is traced other handles hold a node than in eager code, and \
                 their number would be a constant of the program\n\
                 fix: ask before the call, and pass the number as an argument under `#[nnx(static)]`"
                    .into(),
            ));
        }
        Arc::strong_count(&self.0)
    }

    /// A handle that does not keep the node alive.
    ///
    /// ```
    /// use nnx::{Array, Shared};
    ///
    /// let node = Shared::new(Array::scalar(1.0_f32));
    /// let link = node.downgrade();
    /// assert_eq!(node.handles(), 1); // a link is not counted
    /// ```
    pub fn downgrade(&self) -> SharedWeak<T> {
        SharedWeak(Arc::downgrade(&self.0))
    }
}

impl<T> SharedWeak<T> {
    /// The node, if another handle keeps it alive. In a traced function the nodes of the arguments stay alive to its
    /// end, also those whose last handle it took away: so this may give a node where eager code gives `None`.
    ///
    /// ```
    /// use nnx::{Array, Shared};
    ///
    /// let node = Shared::new(Array::scalar(1.0_f32));
    /// let link = node.downgrade();
    /// assert!(link.upgrade() == Some(node));
    /// assert!(link.upgrade().is_none()); // that was the last handle
    /// ```
    pub fn upgrade(&self) -> Option<Shared<T>> {
        self.0.upgrade().map(Shared)
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Shared(self.0.clone())
    }
}

impl<T> Clone for SharedWeak<T> {
    fn clone(&self) -> Self {
        SharedWeak(self.0.clone())
    }
}

impl<T> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        self.ptr_eq(other)
    }
}

impl<T> Eq for Shared<T> {}

impl<T> Hash for Shared<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id().hash(state);
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.content.try_read().as_deref() {
            Ok(Some(node)) => f.debug_tuple("Shared").field(node).finish(),
            _ => f.write_str("Shared(<in use>)"),
        }
    }
}

impl<T> fmt::Debug for SharedWeak<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedWeak")
    }
}

/// A node that is held for reading.
///
/// ```
/// use nnx::module::{Shared, SharedRef};
/// use nnx::{Array, Param};
///
/// let node = Shared::new(Param::new(Array::from([1.0_f32, 2.0])));
/// let guard: SharedRef<'_, Param> = node.read();
/// assert_eq!(guard.sum(..).item::<f32>(), 3.0);
/// drop(guard); // before this thread writes
/// node.write().set(Array::scalar(5.0_f32));
/// ```
pub struct SharedRef<'a, T> {
    // The lock goes first, or the next one at the gate would find it closed.
    content: RwLockReadGuard<'a, Option<T>>,
    _at_gate: AtGate<'a>,
}

/// A node that is held for writing.
///
/// ```
/// use nnx::module::{Shared, SharedMut};
/// use nnx::{Array, Param};
///
/// let node = Shared::new(vec![Param::new(Array::scalar(1.0_f32))]);
/// let mut guard: SharedMut<'_, Vec<Param>> = node.write();
/// guard.push(Param::new(Array::scalar(2.0_f32)));
/// drop(guard); // before this thread reads
/// assert_eq!(node.read().len(), 2);
/// ```
pub struct SharedMut<'a, T> {
    // In this order, as in `SharedRef`.
    content: RwLockWriteGuard<'a, Option<T>>,
    _at_gate: AtGate<'a>,
    /// The trace that the node was made in.
    home: u64,
}

impl<T> Deref for SharedRef<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.content.as_ref().unwrap_or_else(|| gone::<T>())
    }
}

impl<T> Deref for SharedMut<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.content.as_ref().unwrap_or_else(|| gone::<T>())
    }
}

/// Panics if the node was captured by the function that is being traced, as [`Shared::write`] does. (To read it is no
/// mistake: while there is a guard, the node is in no argument.)
impl<T> DerefMut for SharedMut<'_, T> {
    #[track_caller]
    fn deref_mut(&mut self) -> &mut T {
        if is_captured(self.home) {
            captured::<T>("a guard of `Shared::write` from before");
        }
        self.content.as_mut().unwrap_or_else(|| gone::<T>())
    }
}

impl<T: Module + Send + Sync> SharedNode for NodeCell<T> {
    fn id(&self) -> usize {
        self.this.as_ptr().addr()
    }
    fn flatten(&self, mut visitor: &mut dyn Visitor) {
        self.with("a walk through a tree", |content| {
            if let Some(content) = content {
                content.flatten(&mut visitor);
            }
        });
    }
    fn flatten_lent(&self, mut visitor: &mut dyn Visitor) {
        if let Some(content) = &*self.look("a walk through a tree") {
            content.flatten(&mut visitor);
        }
    }
    fn flatten_mut(&self, visitor: &mut dyn VisitorMut) {
        self.check_change();
        // It is the call that changes it.
        if self.gate.is_lent_here() {
            return self.flatten_own(visitor);
        }
        let busy = |why| self.busy("a change of a tree", why);
        let _at_gate = self.gate.enter_to_write().unwrap_or_else(busy);
        self.flatten_own(visitor);
    }
    fn handle(&self) -> Arc<dyn SharedNode> {
        self.this()
    }
    fn flatten_own(&self, mut visitor: &mut dyn VisitorMut) {
        if let Some(content) = &mut *self.open() {
            content.flatten_mut(&mut visitor);
            visitor.module(content);
        }
    }
    fn another(&self, mut leaves: &mut dyn Leaves) -> Arc<dyn SharedNode> {
        self.with("a copy of a tree", |content| match content {
            Some(content) => NodeCell::new(Some(content.unflatten(&mut leaves))),
            None => gone::<T>(),
        })
    }
    fn schema(&self) -> &'static Schema {
        T::SCHEMA
    }
    fn is_empty(&self) -> bool {
        self.with("a walk through a tree", |content| content.is_none())
    }
    fn clear(&self) {
        // The dropped content may hold handles to this node: not under the lock.
        let content = self.open().take();
        drop(content);
    }
    fn home(&self) -> u64 {
        self.home
    }
    #[track_caller]
    fn check_change(&self) {
        self.check_home("a change of a tree");
    }
    fn gate(&self) -> &Gate {
        &self.gate
    }
}

/// [`unflatten`](Module::unflatten) gives handles to new nodes with the same sharing, unless it is told
/// others.
impl<T: Module + Send + Sync> Module for Shared<T> {
    const SCHEMA: &'static Schema = &Schema::Shared(T::SCHEMA); // a cycle? mark the field `#[module(recursive)]`
    fn flatten<V: Visitor>(&self, visitor: &mut V) {
        visitor.shared(&*self.0);
    }
    fn flatten_mut<V: VisitorMut>(&mut self, visitor: &mut V) {
        visitor.shared(&*self.0);
    }
    fn unflatten<L: Leaves>(&self, leaves: &mut L) -> Self {
        if let Some(node) = leaves.nodes().of(&*self.0) {
            return Shared(typed(node));
        }
        // Before its content, which may hold handles to it.
        let node = match leaves.nodes().promised(self.id()) {
            Some(node) => typed(node),
            None => NodeCell::<T>::new(None),
        };
        leaves.nodes().settle(&*self.0, node.clone());
        let content = |content: Option<&T>| content.map(|content| content.unflatten(leaves));
        if let Some(content) = self.0.with("a copy of a tree", content) {
            *node.open() = Some(content);
        }
        Shared(node)
    }
}

/// A node as one of its type.
fn typed<T: Send + Sync + 'static>(node: Arc<dyn SharedNode>) -> Arc<NodeCell<T>> {
    let node: Arc<dyn Any + Send + Sync> = node;
    match node.downcast::<NodeCell<T>>() {
        Ok(node) => node,
        Err(_) => unreachable!("a node stands for one of its own type"),
    }
}

/// No part of the tree: walks do not follow it. In a copy of a tree it points to the copy of its node,
/// and to none if the node is not in the tree.
impl<T: Module + Send + Sync> Module for SharedWeak<T> {
    const SCHEMA: &'static Schema = &Schema::Static(LINK);
    fn flatten<V: Visitor>(&self, visitor: &mut V) {
        let node = self.0.upgrade();
        visitor.link(node.as_deref().map(|node| node as &dyn SharedNode));
    }
    fn flatten_mut<V: VisitorMut>(&mut self, _: &mut V) {}
    fn unflatten<L: Leaves>(&self, leaves: &mut L) -> Self {
        let Some(old) = self.0.upgrade() else { return SharedWeak(Weak::new()) };
        let node = match leaves.nodes().of(&*old) {
            Some(node) => typed(node),
            None => {
                let node = NodeCell::<T>::new(None);
                typed(leaves.nodes().promise(&*old, node))
            }
        };
        SharedWeak(Arc::downgrade(&node))
    }
}
