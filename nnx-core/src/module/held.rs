//! Trees that an operation of the public API has to itself: no call of another thread comes in between two of
//! its nodes, and whether it can have them all is known before it changes the first.

use super::gate::Busy;
use super::node::{LentNodes, Occupied, try_lend};
use super::shared::{is_captured, is_refused};
use super::{Module, Seen, SharedNode, StaticValue, Structure, VarRef, Visitor};
use crate::error::{Error, Result, or_raise};
use crate::graph::Array;
use std::sync::Arc;

type Flatten<'f> = &'f dyn Fn(&mut dyn Visitor);

/// Nodes that an operation has until this is dropped.
pub(crate) struct HeldNodes {
    read: Vec<Arc<dyn SharedNode>>,
    _lent: LentNodes,
}

impl Drop for HeldNodes {
    fn drop(&mut self) {
        self.read.iter().for_each(|node| node.gate().leave_read());
    }
}

/// Has the nodes that `write` meets lent to this thread as to a call, and holds those that only `read` meets for
/// reading, beside other readers and guards of this thread. Waits while other threads have one, and has none
/// meanwhile, as calls do.
///
/// # Errors
/// Returns an error if a guard of this thread is in the way, or another thread that waits for this one; the text
/// names the path of its node.
pub(crate) fn hold(write: Flatten<'_>, read: Flatten<'_>) -> Result<HeldNodes, String> {
    loop {
        let occupied = match try_hold(write, read) {
            Ok(held) => return Ok(held),
            Err(occupied) => occupied,
        };
        occupied.wait(&|v| {
            write(v);
            read(v);
        })?;
    }
}

fn try_hold(write: Flatten<'_>, read: Flatten<'_>) -> Result<HeldNodes, Occupied> {
    let lent = try_lend(LentNodes::held(), write)?;
    let mut reader = NodeReader {
        held: HeldNodes { read: Vec::new(), _lent: lent },
        seen: Seen::default(),
        occupied: None,
    };
    read(&mut reader);
    reader.occupied.map_or(Ok(reader.held), Err)
}

/// The nodes of `module`, to read them: see [`hold`].
#[track_caller]
pub(crate) fn hold_to_read<M: Module>(operation: &str, module: &M) -> HeldNodes {
    let held = hold(&|_| {}, &|mut v| module.flatten(&mut v));
    or_raise(held.map_err(|why| Error::Invalid(format!("{operation}: {why}"))))
}

/// The nodes of `module`, to change them: see [`hold`].
///
/// # Errors
/// Returns an error if this thread holds a guard of one.
pub(crate) fn hold_to_write<M: Module>(operation: &str, module: &M) -> Result<HeldNodes> {
    let held = hold(&|mut v| module.flatten(&mut v), &|_| {});
    held.map_err(|why| Error::Invalid(format!("{operation}: {why}")))
}

struct NodeReader {
    held: HeldNodes,
    seen: Seen,
    occupied: Option<Occupied>,
}

impl Visitor for NodeReader {
    fn variable(&mut self, _: VarRef<'_>) {}
    fn array(&mut self, _: &Array) {}
    fn static_value(&mut self, _: &dyn StaticValue) {}
    fn structure(&mut self, _: Structure) {}
    fn shared(&mut self, node: &dyn SharedNode) {
        if self.occupied.is_some() || !self.seen.is_new(node) {
            return;
        }
        if node.gate().is_lent_to_call() && is_captured(node.home()) {
            self.occupied = Some(Occupied::to_read(node, Busy::Captured));
            return;
        }
        if is_refused(node.home()) {
            self.occupied = Some(Occupied::to_read(node, Busy::Closure));
            return;
        }
        // A node that is lent to this thread is in no other hands.
        if !node.gate().is_lent_here() {
            match node.gate().try_read() {
                Ok(()) => self.held.read.push(node.handle()),
                Err(why) => {
                    self.occupied = Some(Occupied::to_read(node, why));
                    return;
                }
            }
        }
        node.flatten(self);
    }
}
