//! A call's view of its arguments: their leaves, and whether everything else is as in the last call.

use super::entry::{CacheKey, Entry};
use super::function::Function;
use crate::error::{Error, Result};
use crate::graph::{Array, Repr, escaped};
use crate::module::capture::{CapturedValues, captured_values};
use crate::module::compare::Matcher;
use crate::module::node::{LentNodes, Occupied};
use crate::module::{
    Arrival, LinkTarget, Seen, SharedNode, StaticValue, Structure, VarRef, Visitor,
};
use crate::run::is_searching;
use crate::transform::lend::AnyArgument;
use crate::value::Aval;
use crate::xla::{Buffer, Kept, Placement, Pooled, Reuse};
use rustc_hash::FxHasher;
use std::any::TypeId;
use std::cell::RefCell;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Instant;

/// The leaves of a call's arguments.
pub(super) struct Collected {
    /// When the call began, if its time is taken.
    pub(super) started: Option<Instant>,
    leaves: Pooled<CollectedLeaves>,
    /// Nobody else can set a shared node until the call is over.
    pub(super) nodes: LentNodes,
    occupied: Option<Box<Occupied>>,
    /// Whether the arguments fit the entry that was expected, as far as a walk tells.
    as_expected: bool,
    /// Where the call runs: what the options say, or where the first array lies.
    pub(super) placement: Placement,
    /// Whether an array lies on a mesh.
    is_spread: bool,
    /// Whether arrays that lie elsewhere are copied there.
    pub(super) moves: bool,
    /// Whether NaN is searched for.
    pub(super) searches: bool,
    /// Which values are being captured.
    pub(super) captures: CapturedValues,
    error: Option<Box<Error>>,
}

#[derive(Default)]
struct CollectedLeaves {
    arrays: Vec<Array>,
    /// The nodes that links lead to, which must not vanish while the call goes on.
    linked: Vec<Arc<dyn SharedNode>>,
}

impl Reuse for CollectedLeaves {
    fn clear(&mut self) {
        self.arrays.clear();
        self.linked.clear();
    }
    #[inline]
    fn kept<R>(with: impl FnOnce(&Kept<Self>) -> R) -> Option<R> {
        thread_local! {
            static LEAVES: Kept<CollectedLeaves> = const { RefCell::new(Vec::new()) };
        }
        LEAVES.try_with(with).ok()
    }
}

impl Collected {
    #[inline]
    pub(super) fn new(function: &Function) -> Self {
        Collected {
            started: function.is_timed().then(Instant::now),
            leaves: Pooled::take(),
            nodes: LentNodes::new(),
            occupied: None,
            as_expected: false,
            placement: Placement::default(),
            is_spread: false,
            moves: function.options.device.is_some(),
            searches: is_searching(),
            captures: captured_values(),
            error: None,
        }
    }

    /// Takes the leaves that `flatten` visits, and compares everything with what `expected` was made for:
    /// most calls are like the one before, and need no other walk.
    pub(super) fn fill(
        &mut self,
        function: &Function,
        expected: Option<&Entry>,
        flatten: impl Fn(&mut Filling<'_>),
        again: &dyn Fn(&mut dyn Visitor),
    ) -> Result<()> {
        loop {
            let expected = expected.map(|entry| Expected::new(&entry.key));
            let mut filling = Filling { call: self, expected };
            flatten(&mut filling);
            self.as_expected = filling.expected.as_ref().is_some_and(Expected::is_met);
            let Some(occupied) = self.occupied.take() else { return Ok(()) };
            // While waiting, the call has no node.
            *self = Collected { started: self.started, ..Collected::new(function) };
            occupied
                .wait(again)
                .map_err(|message| Error::Jit { function: function.name.into(), message })?;
        }
    }

    /// Must be called once all leaves are here.
    pub(super) fn finish(&mut self, function: &Function) -> Result<()> {
        let first = self.leaves.arrays.iter().find_map(|array| match &array.0 {
            Repr::Device(buffer) => Some(buffer.placement()),
            _ => None,
        });
        let told = function.options.device.map(Placement::device);
        self.placement = told.or(first).unwrap_or_default();
        self.error.take().map_or(Ok(()), |error| Err(*error))
    }

    /// Lets go of the arrays. The nodes stay lent.
    pub(super) fn release(&mut self) {
        self.leaves.clear();
    }

    pub(super) fn arrays(&self) -> &[Array] {
        &self.leaves.arrays
    }

    /// Whether the call is one that `expected`, which [`fill`](Collected::fill) got, was made for.
    pub(super) fn is_for(&self, expected: &Entry, instance: TypeId) -> bool {
        self.as_expected
            && expected.key.instance == instance
            && self.lies_as(&expected.key)
            && expected.key.searches == self.searches
            && expected.key.captures == self.captures
            && expected.rebuilt.is_here()
    }

    /// Whether the arrays lie where the program of `key` takes them. On a mesh, wholes of the first device do.
    #[inline]
    pub(super) fn lies_as(&self, key: &CacheKey) -> bool {
        if key.shardings.is_empty() && !self.is_spread {
            return key.placement == self.placement;
        }
        let fits = |(array, &at): (&Array, &Placement)| match &array.0 {
            Repr::Device(buffer) => {
                let own = buffer.placement();
                own == at || own == Placement::default() && at == at.whole()
            }
            _ => true,
        };
        (self.is_spread || key.is_on_own_mesh)
            && key.shardings.len() == self.leaves.arrays.len()
            && self.leaves.arrays.iter().zip(&key.shardings).all(fits)
    }

    /// Where each array lies; `None` for a leaf without a value.
    pub(super) fn placements(&self) -> impl Iterator<Item = Option<Placement>> {
        self.leaves.arrays.iter().map(|array| match &array.0 {
            Repr::Device(buffer) => Some(buffer.placement()),
            _ => None,
        })
    }

    /// A hash of everything but the values of the leaves.
    pub(super) fn hash(&self, instance: TypeId, arguments: &dyn AnyArgument) -> u64 {
        let mut walk = KeyHash { hasher: FxHasher::default(), leaves: 0, nodes: 0 };
        arguments.flatten(&mut walk);
        instance.hash(&mut walk.hasher);
        if !self.is_spread {
            self.placement.hash(&mut walk.hasher);
        }
        walk.hasher.finish()
    }

    /// The nodes outside of the arguments that links in these lead to, in the order of their numbers.
    pub(super) fn outside(&self) -> impl Iterator<Item = &dyn SharedNode> {
        let mut seen = Seen::default();
        let linked = self.leaves.linked.iter().map(|node| &**node);
        linked.filter(move |node| self.nodes.number(*node).is_none() && seen.is_new(*node))
    }

    pub(super) fn avals(&self) -> Vec<Option<Aval>> {
        self.leaves.arrays.iter().map(|array| concrete_aval(array).cloned()).collect()
    }

    pub(super) fn buffer(&self, index: usize) -> Result<&Arc<Buffer>> {
        crate::run::buffer(&self.leaves.arrays[index])
    }
}

/// Shape and dtype of a concrete array.
#[inline]
pub(super) fn concrete_aval(array: &Array) -> Option<&Aval> {
    match &array.0 {
        Repr::Device(buffer) => Some(buffer.aval()),
        _ => None,
    }
}

/// The structure that a call is expected to have.
struct Expected<'e> {
    statics: Matcher<'e>,
    avals: std::slice::Iter<'e, Option<Aval>>,
    same_avals: bool,
}

impl<'e> Expected<'e> {
    fn new(key: &'e CacheKey) -> Self {
        Expected { statics: key.statics.matcher(), avals: key.avals.iter(), same_avals: true }
    }

    fn is_met(&self) -> bool {
        self.same_avals && self.avals.as_slice().is_empty() && self.statics.is_match()
    }
}

/// The walk that fills a [`Collected`].
pub(super) struct Filling<'c> {
    call: &'c mut Collected,
    expected: Option<Expected<'c>>,
}

impl Filling<'_> {
    #[inline]
    fn take(&mut self, array: &Array) {
        if let Some(expected) = &mut self.expected {
            expected.same_avals &=
                expected.avals.next().map(Option::as_ref) == Some(concrete_aval(array));
        }
        if let Repr::Traced(t) = &array.0 {
            self.call.error = Some(Box::new(escaped(t)));
        }
        if let Repr::Device(buffer) = &array.0 {
            self.call.is_spread |= buffer.placement().is_spread();
        }
        self.call.leaves.arrays.push(array.clone());
    }
}

impl Visitor for Filling<'_> {
    #[inline]
    fn variable(&mut self, v: VarRef<'_>) {
        self.take(v.value);
        if let Some(expected) = &mut self.expected {
            expected.statics.variable(v);
        }
    }
    #[inline]
    fn array(&mut self, array: &Array) {
        self.take(array);
        if let Some(expected) = &mut self.expected {
            expected.statics.array(array);
        }
    }
    #[inline]
    fn static_value(&mut self, value: &dyn StaticValue) {
        if let Some(expected) = &mut self.expected {
            expected.statics.static_value(value);
        }
    }
    #[inline]
    fn structure(&mut self, structure: Structure) {
        if let Some(expected) = &mut self.expected {
            expected.statics.structure(structure);
        }
    }
    /// Its node may come later in the walk: entries with links are not expected.
    fn link(&mut self, node: Option<&dyn SharedNode>) {
        self.expected = None;
        self.call.leaves.linked.extend(node.map(SharedNode::handle));
    }
    fn shared(&mut self, node: &dyn SharedNode) {
        if self.call.occupied.is_some() {
            return;
        }
        match self.call.nodes.arrive(node) {
            Ok(Arrival::First(number)) => {
                self.structure(Structure::Node(number));
                node.flatten_lent(self);
            }
            Ok(Arrival::Again(number)) => self.structure(Structure::Ref(number)),
            Err(occupied) => self.call.occupied = Some(Box::new(occupied)),
        }
    }
}

/// Hashes what a key holds. The nodes are lent to the call, and numbered by it.
struct KeyHash {
    hasher: FxHasher,
    leaves: usize,
    /// How many nodes were met.
    nodes: usize,
}

impl Visitor for KeyHash {
    fn variable(&mut self, v: VarRef<'_>) {
        if !v.metadata.is_empty() {
            // Which Variable it is noted on is part of the key.
            self.hasher.write_usize(self.leaves);
            v.metadata.hash(&mut self.hasher);
        }
        self.array(v.value);
    }
    fn array(&mut self, array: &Array) {
        self.hasher.write_u64(concrete_aval(array).map_or(0, Aval::content_hash));
        self.leaves += 1;
    }
    fn static_value(&mut self, value: &dyn StaticValue) {
        value.hash_static(&mut self.hasher);
    }
    fn structure(&mut self, structure: Structure) {
        match structure {
            Structure::Len(n) => self.hasher.write_usize(n),
            Structure::Some(some) => self.hasher.write_u8(u8::from(some)),
            Structure::Variant(i, _) => self.hasher.write_u32(i),
            // A number more than any node has tells the first place from others.
            Structure::Node(_) | Structure::NewNode => self.hasher.write_usize(usize::MAX),
            Structure::Ref(number) => self.hasher.write_usize(number),
            // Only the comparison tells where it points.
            Structure::Link(_) => self.hasher.write_usize(usize::MAX - 1),
        }
    }
    fn link(&mut self, _: Option<&dyn SharedNode>) {
        self.structure(Structure::Link(LinkTarget::Nothing));
    }
    fn shared(&mut self, node: &dyn SharedNode) {
        match node.gate().arrival(&mut self.nodes) {
            Arrival::First(number) => {
                self.structure(Structure::Node(number));
                node.flatten_lent(self);
            }
            Arrival::Again(number) => self.structure(Structure::Ref(number)),
        }
    }
}
