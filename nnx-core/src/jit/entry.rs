//! One executable of a jitted function, and what a call needs to know to use it.

use super::nans::NanSearch;
use super::rebuilt::Rebuilt;
use crate::graph::Array;
use crate::module::capture::CapturedValues;
use crate::module::compare::Statics;
use crate::module::new_nodes::NewNodes;
use crate::module::{Metadata, SharedNode};
use crate::run::Stamp;
use crate::transform::lend::{Consumable, Update};
use crate::value::Aval;
use crate::xla::{Executable, Placement};
use std::any::{Any, TypeId};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, Weak};

/// The calls that an entry is for.
pub(super) struct CacheKey {
    /// Which instance of a generic function: the type of its body, which is another for each.
    pub(super) instance: TypeId,
    /// One per leaf; `None` for a leaf without a value.
    pub(super) avals: Vec<Option<Aval>>,
    pub(super) statics: Statics,
    /// Where the call runs.
    pub(super) placement: Placement,
    /// Where the program takes each leaf, on a mesh. Empty on one device.
    pub(super) shardings: Box<[Placement]>,
    /// Whether the body names the mesh, so that arguments on one device are taken too.
    pub(super) is_on_own_mesh: bool,
    /// Whether NaN is searched for.
    pub(super) searches: bool,
    /// Which values were captured where the body was traced: it gives none of these.
    pub(super) captures: CapturedValues,
}

/// Where a parameter of the program comes from.
pub(super) enum Parameter {
    /// A leaf of the arguments.
    Leaf { index: usize, donate: Donate },
    /// An array that the body took from outside.
    Capture(Array),
}

/// Whether the program may take over the memory of a leaf that nobody else can see.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Donate {
    No,
    Yes,
    /// In calls that consume this node, by its position in [`Entry::consumable`].
    WithNode(usize),
}

/// Where a leaf of the result comes from.
#[derive(Clone, Copy)]
pub(super) enum ResultLeaf {
    /// An output of the program; `last` if no later leaf takes the same one.
    Output { index: usize, last: bool },
    /// The buffer of a leaf of the arguments, as it is.
    Leaf(usize),
    /// No value.
    Absent,
}

/// The entry that came after another one, where it was not the same: what changes in every call, as a structure that
/// goes back and forth, is expected to do so again.
#[derive(Default)]
pub(super) struct Next {
    is_other: AtomicBool,
    entry: Mutex<(u64, Weak<Entry>)>,
}

impl Next {
    /// Notes that `entry`, whose key has this hash, came after that of `self`.
    pub(super) fn note(&self, hash: u64, entry: &Arc<Entry>) {
        let is_other = !std::ptr::eq(self, &entry.next);
        if is_other || self.is_other.load(Relaxed) {
            // No code that could panic runs under the lock.
            let mut next = self.entry.lock().unwrap_or_else(|e| e.into_inner());
            *next = (hash, if is_other { Arc::downgrade(entry) } else { Weak::new() });
            self.is_other.store(is_other, Relaxed);
        }
    }

    /// The entry, if it was another one, with its hash.
    #[inline]
    pub(super) fn other(&self) -> Option<(u64, Arc<Entry>)> {
        if !self.is_other.load(Relaxed) {
            return None;
        }
        let next = self.entry.lock().unwrap_or_else(|e| e.into_inner());
        next.1.upgrade().map(|entry| (next.0, entry))
    }
}

pub(super) struct Entry {
    pub(super) key: CacheKey,
    /// Later entries have greater numbers.
    pub(super) number: u64,
    /// When it was used last.
    pub(super) used: Stamp,
    /// The program that ran after this one the last time.
    pub(super) next: Next,
    pub(super) executable: Executable,
    /// The search for NaN, if there is one.
    pub(super) search: Option<NanSearch>,
    pub(super) parameters: Vec<Parameter>,
    /// The nodes that a call may consume.
    pub(super) consumable: Vec<Consumable>,
    /// For every leaf that may be updated: those behind `&mut`, then those of each shared node.
    pub(super) updates: Vec<Update>,
    /// Which of them have something else noted on them, in their order.
    pub(super) metadata: Vec<(usize, Metadata)>,
    /// For every leaf of the result, then of the rebuilt parts.
    pub(super) results: Vec<ResultLeaf>,
    /// The result with leaves without values.
    pub(super) template: Box<dyn Any + Send + Sync>,
    /// The shared nodes of the arguments that the result holds: what stands for each in the template, and
    /// its number.
    pub(super) result_nodes: Vec<(Arc<dyn SharedNode>, usize)>,
    /// The nodes outside of the arguments that the result or a rebuilt part links to: the same.
    pub(super) result_outside: Vec<(Arc<dyn SharedNode>, usize)>,
    /// The parts of the arguments that got another structure.
    pub(super) rebuilt: Rebuilt,
    /// The nodes of the templates. Dropped after these.
    pub(super) _template_nodes: NewNodes,
}
