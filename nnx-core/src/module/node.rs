//! Nodes as walks see them: what they are, what is in them, and which ones a call has.

use super::gate::{Busy, Gate, HELD};
use super::shared::{is_captured, is_refusing};
use super::{KeyRef, Leaves, Path, Schema, StaticValue, Structure, VarRef, Visitor, VisitorMut};
use crate::graph::Array;
use crate::xla::{Kept, Pooled, Reuse};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::any::Any;
use std::cell::RefCell;
use std::sync::Arc;

/// A node with content of any type; its handles are [`Shared`](super::Shared).
///
/// ```
/// use nnx::module::{Module, Seen, Shared, SharedNode, StaticValue, Structure, VarRef, Visitor};
/// use nnx::{Array, Param};
///
/// /// The ids of the nodes of a tree, with those in nodes.
/// #[derive(Default)]
/// struct Ids(Vec<usize>, Seen);
/// impl Visitor for Ids {
///     fn variable(&mut self, _: VarRef<'_>) {}
///     fn array(&mut self, _: &Array) {}
///     fn static_value(&mut self, _: &dyn StaticValue) {}
///     fn structure(&mut self, _: Structure) {}
///     fn shared(&mut self, node: &dyn SharedNode) {
///         if self.1.is_new(node) {
///             self.0.push(node.id());
///             node.flatten(self);
///         }
///     }
/// }
/// let outer = Shared::new(vec![Shared::new(Param::new(Array::scalar(1.0_f32)))]);
/// let mut ids = Ids::default();
/// (outer.clone(), outer.clone()).flatten(&mut ids);
/// assert_eq!(ids.0, [outer.id(), outer.read()[0].id()]);
/// ```
pub trait SharedNode: Any + Send + Sync {
    /// A number that no other node has while a handle to this one is there.
    fn id(&self) -> usize;
    /// Visits what is in the node, which is held for reading meanwhile.
    fn flatten(&self, visitor: &mut dyn Visitor);
    /// As [`flatten`](SharedNode::flatten), of a node that is lent to a call of this thread.
    #[doc(hidden)]
    fn flatten_lent(&self, visitor: &mut dyn Visitor);
    /// Visits the leaves in the node, which is held for writing meanwhile.
    fn flatten_mut(&self, visitor: &mut dyn VisitorMut);
    /// Another handle.
    fn handle(&self) -> Arc<dyn SharedNode>;
    /// As [`flatten_mut`](SharedNode::flatten_mut), of a node that is lent to a call of this thread, or that nobody
    /// else knows.
    #[doc(hidden)]
    fn flatten_own(&self, visitor: &mut dyn VisitorMut);
    /// A new node with a copy of what is in this one, with other leaves.
    #[doc(hidden)]
    fn another(&self, leaves: &mut dyn Leaves) -> Arc<dyn SharedNode>;
    /// The description of what is in the node.
    #[doc(hidden)]
    fn schema(&self) -> &'static Schema;
    /// Whether there is nothing in it: so it is with a node that only a link leads to, in the copy of a tree.
    #[doc(hidden)]
    fn is_empty(&self) -> bool;
    /// Drops what is in the node, so that no cycle of handles keeps itself alive.
    #[doc(hidden)]
    fn clear(&self);
    /// Which trace the node was made in; 0 for none.
    #[doc(hidden)]
    fn home(&self) -> u64;
    /// Raises an error if the running trace may not change the node.
    #[doc(hidden)]
    #[track_caller]
    fn check_change(&self);
    #[doc(hidden)]
    fn gate(&self) -> &Gate;
}

/// The nodes that a walk has met, numbered in the order of their first places.
///
/// ```
/// use nnx::module::{Module, Seen, Shared, SharedNode, StaticValue, Structure, VarRef, Visitor};
/// use nnx::{Array, Param};
///
/// /// Counts Variables, each node once.
/// #[derive(Default)]
/// struct Count(usize, Seen);
/// impl Visitor for Count {
///     fn variable(&mut self, _: VarRef<'_>) {
///         self.0 += 1;
///     }
///     fn array(&mut self, _: &Array) {}
///     fn static_value(&mut self, _: &dyn StaticValue) {}
///     fn structure(&mut self, _: Structure) {}
///     fn shared(&mut self, node: &dyn SharedNode) {
///         if self.1.is_new(node) {
///             node.flatten(self);
///         }
///     }
/// }
/// let table = Shared::new(Param::new(Array::absent("a table")));
/// let mut count = Count::default();
/// (table.clone(), table).flatten(&mut count);
/// assert_eq!(count.0, 1);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Seen {
    few: SmallVec<[usize; 8]>,
    /// All nodes, once there are more than a linear search is quick for.
    many: FxHashMap<usize, usize>,
}

/// How a walk comes to a node.
///
/// ```
/// use nnx::module::{Arrival, Module, Seen, Shared, SharedNode, StaticValue, Structure};
/// use nnx::module::{VarRef, Visitor};
/// use nnx::{Array, Param};
///
/// #[derive(Default)]
/// struct Arrivals(Vec<Arrival>, Seen);
/// impl Visitor for Arrivals {
///     fn variable(&mut self, _: VarRef<'_>) {}
///     fn array(&mut self, _: &Array) {}
///     fn static_value(&mut self, _: &dyn StaticValue) {}
///     fn structure(&mut self, _: Structure) {}
///     fn shared(&mut self, node: &dyn SharedNode) {
///         self.0.push(self.1.arrive(node));
///     }
/// }
/// let node = || Shared::new(Param::new(Array::scalar(1.0_f32)));
/// let (a, b) = (node(), node());
/// let mut arrivals = Arrivals::default();
/// (a.clone(), b, a).flatten(&mut arrivals);
/// assert_eq!(arrivals.0, [Arrival::First(0), Arrival::First(1), Arrival::Again(0)]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// For the first time; the node has this number from now on.
    First(usize),
    /// Again, at the node of this number.
    Again(usize),
}

impl Seen {
    const FEW: usize = 32;

    /// Takes note of a place of `node`.
    pub fn arrive(&mut self, node: &dyn SharedNode) -> Arrival {
        self.arrive_at(node.id())
    }

    /// As [`arrive`](Seen::arrive), by the node's [`id`](SharedNode::id).
    pub(crate) fn arrive_at(&mut self, id: usize) -> Arrival {
        if let Some(number) = self.number(id) {
            return Arrival::Again(number);
        }
        let number = self.few.len();
        self.few.push(id);
        if number + 1 == Self::FEW {
            self.many = self.few.iter().copied().zip(0..).collect();
        } else if number >= Self::FEW {
            self.many.insert(id, number);
        }
        Arrival::First(number)
    }

    /// Whether `node` has not been met yet; from now on it has.
    pub fn is_new(&mut self, node: &dyn SharedNode) -> bool {
        matches!(self.arrive(node), Arrival::First(_))
    }

    /// The number of the node with this [`id`](SharedNode::id), if it was met.
    pub fn number(&self, id: usize) -> Option<usize> {
        if self.few.len() < Self::FEW {
            return self.few.iter().position(|&seen| seen == id);
        }
        self.many.get(&id).copied()
    }
}

/// Which nodes of a new tree stand for those of the old one: what
/// [`unflatten`](super::Module::unflatten) asks at each handle.
///
/// ```
/// use nnx::module::{Leaves, Module, Nodes, Shared, VarRef};
/// use nnx::{Array, Param};
///
/// struct Copies(Nodes);
/// impl Leaves for Copies {
///     fn variable(&mut self, variable: VarRef<'_>) -> Array {
///         variable.value.clone()
///     }
///     fn array(&mut self, array: &Array) -> Array {
///         array.clone()
///     }
///     fn nodes(&mut self) -> &mut Nodes {
///         &mut self.0
///     }
/// }
/// let node = Shared::new(Param::new(Array::scalar(1.0_f32)));
/// let (a, b) = (node.clone(), node.clone()).unflatten(&mut Copies(Nodes::fresh()));
/// assert!(a == b && a != node); // the same sharing, of another node
/// assert!(node.unflatten(&mut Copies(Nodes::kept())) == node);
/// ```
#[derive(Default)]
pub struct Nodes {
    seen: Seen,
    made: Vec<Made>,
    /// New nodes that links back point to, whose places come later in the walk, if at all.
    promised: Vec<Made>,
    keep: bool,
    /// The nodes that get new ones where others are kept.
    renewed: Vec<usize>,
}

/// A node of the old tree, and the one in its place.
pub(crate) struct Made {
    pub(crate) old: Arc<dyn SharedNode>,
    pub(crate) new: Arc<dyn SharedNode>,
}

impl Nodes {
    /// Every node gets a new one, so that the new tree has the same sharing and shares nothing with
    /// the old one.
    pub fn fresh() -> Self {
        Nodes::default()
    }

    /// Handles point to the nodes that they pointed to.
    pub fn kept() -> Self {
        Nodes { keep: true, ..Nodes::default() }
    }

    /// Handles point to the nodes that they pointed to, but for these nodes, which get new ones.
    pub(super) fn kept_but(renewed: Vec<usize>) -> Self {
        Nodes { renewed, ..Nodes::kept() }
    }

    /// The node that stands for `node`, if that is settled.
    pub(super) fn of(&self, node: &dyn SharedNode) -> Option<Arc<dyn SharedNode>> {
        match self.seen.number(node.id()) {
            Some(number) => Some(self.made[number].new.clone()),
            None if self.renewed.contains(&node.id()) => None,
            None => self.keep.then(|| node.handle()),
        }
    }

    /// The node that will stand for `old`, which is not settled: `new`, unless it was promised before.
    pub(super) fn promise(
        &mut self,
        old: &dyn SharedNode,
        new: Arc<dyn SharedNode>,
    ) -> Arc<dyn SharedNode> {
        if let Some(made) = self.promised.iter().find(|made| made.old.id() == old.id()) {
            return made.new.clone();
        }
        self.promised.push(Made { old: old.handle(), new: new.clone() });
        new
    }

    /// The new node that was promised for the node `id`.
    pub(super) fn promised(&mut self, id: usize) -> Option<Arc<dyn SharedNode>> {
        let at = self.promised.iter().position(|made| made.old.id() == id)?;
        // The others stay in the order in which links led to them.
        Some(self.promised.remove(at).new)
    }

    /// From now on, `new` stands for `old`.
    pub(crate) fn settle(&mut self, old: &dyn SharedNode, new: Arc<dyn SharedNode>) {
        if self.seen.is_new(old) {
            self.made.push(Made { old: old.handle(), new });
        }
    }

    /// The nodes in the order of the walk, and those outside of the tree, in the order in which links led to
    /// them.
    pub(crate) fn into_made(self) -> (Vec<Made>, Vec<Made>) {
        (self.made, self.promised)
    }
}

/// The nodes that are lent to a call, in the order of a walk. Nobody else can set them meanwhile; they
/// are given back when this is dropped.
pub(crate) struct LentNodes {
    nodes: Pooled<NumberedNodes>,
    /// The mark of the numbers: 0 for a call, else [`HELD`].
    mark: usize,
    /// Whether nodes that were made outside of traces are refused.
    refuses: bool,
}

/// The nodes, and the number that each had in the enclosing call.
#[derive(Default)]
struct NumberedNodes(Vec<(Arc<dyn SharedNode>, usize)>);

impl Reuse for NumberedNodes {
    fn clear(&mut self) {
        for (node, before) in self.0.drain(..) {
            node.gate().leave(Some(before));
        }
    }
    #[inline]
    fn kept<R>(with: impl FnOnce(&Kept<Self>) -> R) -> Option<R> {
        thread_local! {
            static LENT: Kept<NumberedNodes> = const { RefCell::new(Vec::new()) };
        }
        LENT.try_with(with).ok()
    }
}

/// A node that is in other hands, so that a call cannot have it now.
pub(crate) struct Occupied {
    node: Arc<dyn SharedNode>,
    why: Busy,
    /// Whether it is wanted for reading, so that other readers are in nobody's way.
    to_read: bool,
}

impl Occupied {
    /// A node that cannot be read now.
    pub(super) fn to_read(node: &dyn SharedNode, why: Busy) -> Self {
        Occupied { node: node.handle(), why, to_read: true }
    }

    /// Waits until the node, which `flatten` comes by, is free.
    ///
    /// # Errors
    /// Returns an error if waiting is of no use: the thread would wait for itself, or for one that waits for it, or the
    /// node is an argument that was captured too; the text names the node's path.
    pub(crate) fn wait(&self, flatten: &dyn Fn(&mut dyn Visitor)) -> Result<(), String> {
        let gate = self.node.gate();
        let waited = match self.why {
            Busy::Elsewhere if self.to_read => gate.read().map(|()| gate.leave_read()),
            Busy::Elsewhere => gate.wait_for_others(),
            why => Err(why),
        };
        let why = match waited {
            Ok(()) => return Ok(()),
            Err(why) => why,
        };
        let mut find = FindNode { id: self.node.id(), ..FindNode::default() };
        flatten(&mut find);
        let path = find.found.unwrap_or_default().to_string();
        let path = if path.is_empty() { "the argument".into() } else { format!("`{path}`") };
        Err(match why {
            Busy::Circle => format!(
                "{path} is held by another thread, which waits for a node that this thread has: neither could \
                 go on\n\
                 fixes:\n  \
                 1. drop what `read()` or `write()` gave before the call\n  \
                 2. in a function that is traced, pass what it captures in an argument: a call waits for all \
                 of its nodes together and has none meanwhile"
            ),
            Busy::Captured => format!(
                "{path} is a node in an argument of the function that is being traced, which captured it too: its \
                 value would be taken for a constant\n\
                 fix: give what the function gets in its argument"
            ),
            Busy::Closure => format!(
                "{path} is a node that a jitted closure captured, whose program would keep the value that the node has \
                 now\n\
                 fix: pass what holds the node in an argument"
            ),
            Busy::Callback => format!(
                "{path} is held by another thread, which may wait for the run of this callback\n\
                 fix: hand the value to the callback in its arguments"
            ),
            _ => format!(
                "{path} is held by a guard of this thread, so that the call cannot have it: drop what \
                 `read()` or `write()` gave before the call"
            ),
        })
    }
}

impl LentNodes {
    /// An empty list.
    #[inline]
    pub(crate) fn new() -> Self {
        LentNodes { nodes: Pooled::take(), mark: 0, refuses: is_refusing() }
    }

    /// An empty list for an operation on a whole tree, which counts as none of the calls.
    pub(super) fn held() -> Self {
        LentNodes { mark: HELD, ..LentNodes::new() }
    }

    /// Takes note of a place of `node`, and has it lent if it is the first one.
    #[inline]
    pub(crate) fn arrive(&mut self, node: &dyn SharedNode) -> Result<Arrival, Occupied> {
        if self.refuses && node.home() == 0 {
            return Err(Occupied { node: node.handle(), why: Busy::Closure, to_read: false });
        }
        let number = self.nodes.0.len();
        // Most nodes have one place.
        if let Some(before) = node.gate().lend_free(number | self.mark) {
            self.nodes.0.push((node.handle(), before));
            return Ok(Arrival::First(number));
        }
        if let Some(number) = self.number(node) {
            return Ok(Arrival::Again(number));
        }
        if node.gate().is_lent_to_call() && is_captured(node.home()) {
            return Err(Occupied { node: node.handle(), why: Busy::Captured, to_read: false });
        }
        match node.gate().lend(number | self.mark) {
            Ok(before) => {
                self.nodes.0.push((node.handle(), before));
                Ok(Arrival::First(number))
            }
            Err(why) => Err(Occupied { node: node.handle(), why, to_read: false }),
        }
    }

    /// The number of `node`, if it was met.
    #[inline]
    pub(crate) fn number(&self, node: &dyn SharedNode) -> Option<usize> {
        if !node.gate().is_lent_here() {
            return None;
        }
        // The number may stand there from an enclosing call.
        let number = node.gate().number() & !HELD;
        let is_it = self.nodes.0.get(number).is_some_and(|(lent, _)| lent.id() == node.id());
        is_it.then_some(number)
    }

    /// Visits the leaves of the nodes, and gives each back when its own are done.
    #[inline]
    pub(crate) fn give_back(&mut self, visitor: &mut dyn VisitorMut) {
        /// The first ones were given back.
        struct Given<'n>(&'n mut Vec<(Arc<dyn SharedNode>, usize)>, usize);
        impl Drop for Given<'_> {
            fn drop(&mut self) {
                self.0.drain(..self.1);
            }
        }
        let mut given = Given(&mut self.nodes.0, 0);
        while let Some((node, before)) = given.0.get(given.1) {
            node.flatten_own(visitor);
            node.gate().leave(Some(*before));
            given.1 += 1;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.0.is_empty()
    }

    /// The node that was met as number `number`.
    pub(crate) fn get(&self, number: usize) -> Option<&dyn SharedNode> {
        self.nodes.0.get(number).map(|(node, _)| &**node)
    }

    /// How many handles to the node `number` there are besides that of this list; `None` if somebody may
    /// make more of one that does not keep it alive.
    pub(crate) fn handles(&self, number: usize) -> Option<usize> {
        let (node, _) = self.nodes.0.get(number)?;
        // A node has one such handle to itself.
        (Arc::weak_count(node) == 1).then(|| Arc::strong_count(node) - 1)
    }

    /// The nodes in the order of the walk.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = &dyn SharedNode> {
        self.nodes.0.iter().map(|(node, _)| &**node)
    }
}

/// Has the nodes that a walk meets lent to a call of this thread.
///
/// # Errors
/// Returns an error if one is not to be had and waiting is of no use; the text names its path.
pub(crate) fn lend_nodes(flatten: &dyn Fn(&mut dyn Visitor)) -> Result<LentNodes, String> {
    loop {
        match try_lend(LentNodes::new(), flatten) {
            Ok(nodes) => return Ok(nodes),
            // While waiting, the call has no node.
            Err(occupied) => occupied.wait(flatten)?,
        }
    }
}

/// Has the nodes that a walk meets lent to a call of this thread, all or none.
pub(super) fn try_lend(
    nodes: LentNodes,
    flatten: &dyn Fn(&mut dyn Visitor),
) -> Result<LentNodes, Occupied> {
    let mut lend = NodeLender { nodes, occupied: None };
    flatten(&mut lend);
    lend.occupied.map_or(Ok(lend.nodes), Err)
}

/// Looks for the first place of a node, and not into it, nor into others that are in other hands.
#[derive(Default)]
struct FindNode {
    id: usize,
    path: Path,
    seen: Seen,
    found: Option<Path>,
}

impl Visitor for FindNode {
    fn variable(&mut self, _: VarRef<'_>) {}
    fn array(&mut self, _: &Array) {}
    fn static_value(&mut self, _: &dyn StaticValue) {}
    fn structure(&mut self, _: Structure) {}
    fn shared(&mut self, node: &dyn SharedNode) {
        if self.found.is_some() {
            return;
        }
        if node.id() == self.id {
            self.found = Some(self.path.clone());
        } else if self.seen.is_new(node)
            && let Some(_at_gate) = node.gate().try_enter()
        {
            node.flatten(self);
        }
    }
    fn enter(&mut self, key: KeyRef<'_>) {
        self.path.push(key);
    }
    fn exit(&mut self) {
        self.path.pop();
    }
}

struct NodeLender {
    nodes: LentNodes,
    occupied: Option<Occupied>,
}

impl Visitor for NodeLender {
    fn variable(&mut self, _: VarRef<'_>) {}
    fn array(&mut self, _: &Array) {}
    fn static_value(&mut self, _: &dyn StaticValue) {}
    fn structure(&mut self, _: Structure) {}
    fn shared(&mut self, node: &dyn SharedNode) {
        if self.occupied.is_some() {
            return;
        }
        match self.nodes.arrive(node) {
            Ok(Arrival::First(_)) => node.flatten_lent(self),
            Ok(Arrival::Again(_)) => {}
            Err(occupied) => self.occupied = Some(occupied),
        }
    }
}
