//! A call's view of its arguments: their leaves, and a hash of everything else.

use super::function::Function;
use crate::error::{Error, Result};
use crate::graph::{Array, Repr, escaped};
use crate::module::node::{LentNodes, Occupied};
use crate::module::{Arrival, SharedNode, StaticValue, Structure, VarRef, Visitor};
use crate::value::Aval;
use crate::xla::{Buffer, Kept, Placement, Pooled, Reuse};
use rustc_hash::FxHasher;
use std::any::TypeId;
use std::cell::RefCell;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Instant;

/// The leaves of a call's arguments, and a hash of everything else.
pub(super) struct Collected {
    /// When the call began, if its time is taken.
    pub(super) started: Option<Instant>,
    leaves: Pooled<Leaves>,
    /// Nobody else can set a shared node until the call is over.
    pub(super) nodes: LentNodes,
    occupied: Option<Box<Occupied>>,
    hasher: FxHasher,
    /// Where the call runs: what the options say, or where the first array lies.
    pub(super) placement: Placement,
    /// Whether arrays that lie elsewhere are copied there.
    pub(super) moves: bool,
    error: Option<Box<Error>>,
}

#[derive(Default)]
struct Leaves(Vec<Array>);

impl Reuse for Leaves {
    fn clear(&mut self) {
        self.0.clear();
    }
    #[inline]
    fn kept<R>(with: impl FnOnce(&Kept<Self>) -> R) -> Option<R> {
        thread_local! {
            static LEAVES: Kept<Leaves> = const { RefCell::new(Vec::new()) };
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
            hasher: FxHasher::default(),
            placement: Placement::default(),
            moves: function.options.device.is_some(),
            error: None,
        }
    }

    /// Takes the leaves that `flatten` visits, and a hash of everything else.
    pub(super) fn fill(
        &mut self,
        function: &Function,
        flatten: impl Fn(&mut Self),
        again: &dyn Fn(&mut dyn Visitor),
    ) -> Result<()> {
        loop {
            flatten(self);
            let Some(occupied) = self.occupied.take() else { return Ok(()) };
            // While waiting, the call has no node.
            *self = Collected { started: self.started, ..Collected::new(function) };
            occupied
                .wait(again)
                .map_err(|message| Error::Jit { function: function.name.into(), message })?;
        }
    }

    /// To be called once all leaves are here.
    pub(super) fn finish(&mut self, function: &Function) -> Result<()> {
        let first = self.leaves.0.iter().find_map(|array| match &array.0 {
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
        &self.leaves.0
    }

    pub(super) fn hash(&self, instance: TypeId) -> u64 {
        let mut hasher = self.hasher.clone();
        instance.hash(&mut hasher);
        self.placement.hash(&mut hasher);
        hasher.finish()
    }

    pub(super) fn avals(&self) -> Vec<Option<Aval>> {
        self.leaves.0.iter().map(concrete_aval).collect()
    }

    pub(super) fn buffer(&self, index: usize) -> Result<&Arc<Buffer>> {
        crate::run::buffer(&self.leaves.0[index])
    }
}

/// Shape and dtype of a concrete array.
#[inline]
pub(super) fn concrete_aval(array: &Array) -> Option<Aval> {
    match &array.0 {
        Repr::Device(buffer) => Some(buffer.aval()),
        _ => None,
    }
}

impl Visitor for Collected {
    #[inline]
    fn variable(&mut self, v: VarRef<'_>) {
        if !v.metadata.is_empty() {
            // Which Variable it is noted on is part of the key.
            self.hasher.write_usize(self.leaves.0.len());
            v.metadata.hash(&mut self.hasher);
        }
        self.array(v.value);
    }
    #[inline]
    fn array(&mut self, array: &Array) {
        self.hasher.write_u64(concrete_aval(array).map_or(0, Aval::content_hash));
        if let Repr::Traced(t) = &array.0 {
            self.error = Some(Box::new(escaped(t)));
        }
        self.leaves.0.push(array.clone());
    }
    #[inline]
    fn static_value(&mut self, value: &dyn StaticValue) {
        value.hash_static(&mut self.hasher);
    }
    #[inline]
    fn structure(&mut self, structure: Structure) {
        match structure {
            Structure::Len(n) => self.hasher.write_usize(n),
            Structure::Some(some) => self.hasher.write_u8(u8::from(some)),
            Structure::Variant(i, _) => self.hasher.write_u32(i),
            // A number more than any node has tells the first place from others.
            Structure::Node(_) | Structure::NewNode => self.hasher.write_usize(usize::MAX),
            Structure::Ref(number) => self.hasher.write_usize(number),
            // The node may come later in the walk, so that only the comparison tells.
            Structure::Link(_) => self.hasher.write_usize(usize::MAX - 1),
        }
    }
    fn link(&mut self, _: Option<&dyn SharedNode>) {
        self.structure(Structure::Link(None));
    }
    fn shared(&mut self, node: &dyn SharedNode) {
        if self.occupied.is_some() {
            return;
        }
        match self.nodes.arrive(node) {
            Ok(Arrival::First(number)) => {
                self.structure(Structure::Node(number));
                node.flatten(self);
            }
            Ok(Arrival::Again(number)) => self.structure(Structure::Ref(number)),
            Err(occupied) => self.occupied = Some(Box::new(occupied)),
        }
    }
}
