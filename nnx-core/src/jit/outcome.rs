//! The outcome of a run: its result, the new values of the Variables, or why they are lost.

use super::collect::Collected;
use super::entry::{Entry, ResultLeaf};
use super::function::Function;
use crate::error::{Error, Result};
use crate::graph::{Array, Repr};
use crate::module::{Leaves, Metadata, Nodes, SharedNode, VarMut, VarRef, VisitorMut};
use crate::transform::lend::Update;
use crate::xla::Outputs;
use rustc_hash::FxHashMap;
use std::fmt::Display;
use std::sync::Arc;

/// Gives the outputs of a run to the template of the function's result.
pub(super) struct Results<'c> {
    leaves: std::slice::Iter<'c, ResultLeaf>,
    outputs: &'c mut Outputs,
    /// Outputs that several leaves of the result share.
    shared: FxHashMap<usize, Array>,
    /// Made when they are asked for.
    nodes: Option<Nodes>,
    call: &'c Collected,
    entry: &'c Entry,
    pub(super) error: Option<Error>,
}

impl<'c> Results<'c> {
    pub(super) fn new(entry: &'c Entry, call: &'c Collected, outputs: &'c mut Outputs) -> Self {
        Results {
            leaves: entry.results.iter(),
            outputs,
            shared: FxHashMap::default(),
            nodes: None,
            call,
            entry,
            error: None,
        }
    }

    fn output(&mut self, index: usize, last: bool) -> Option<Array> {
        if let Some(array) = self.shared.get(&index) {
            return Some(array.clone());
        }
        match self.outputs.take(index) {
            Ok(buffer) => {
                let array = Array::from_buffer(buffer);
                if !last {
                    self.shared.insert(index, array.clone());
                }
                Some(array)
            }
            Err(error) => {
                self.error = Some(error);
                None
            }
        }
    }
}

impl Leaves for Results<'_> {
    fn variable(&mut self, v: VarRef<'_>) -> Array {
        self.array(v.value)
    }
    fn array(&mut self, absent: &Array) -> Array {
        let array = match self.leaves.next() {
            Some(&ResultLeaf::Leaf(index)) => Some(self.call.arrays()[index].clone()),
            Some(&ResultLeaf::Output { index, last }) => self.output(index, last),
            Some(ResultLeaf::Absent) | None => None,
        };
        array.unwrap_or_else(|| absent.clone())
    }
    fn nodes(&mut self) -> &mut Nodes {
        self.nodes.get_or_insert_with(|| {
            let mut nodes = Nodes::fresh();
            for (in_template, number) in &self.entry.result_nodes {
                if let Some(node) = self.call.nodes.get(*number) {
                    nodes.settle(&**in_template, node.handle());
                }
            }
            if !self.entry.result_outside.is_empty() {
                let outside: Vec<&dyn SharedNode> = self.call.outside().collect();
                for (in_template, number) in &self.entry.result_outside {
                    if let Some(node) = outside.get(*number) {
                        nodes.settle(&**in_template, node.handle());
                    }
                }
            }
            nodes
        })
    }
}

/// Puts the new values into the leaves that may be updated: those behind `&mut`, then those of each shared
/// node, which are visited one by one.
pub(super) struct WriteBack<'e> {
    updates: std::slice::Iter<'e, Update>,
    metadata: std::slice::Iter<'e, (usize, Metadata)>,
    all: usize,
    outputs: Outputs,
    pub(super) error: Option<Error>,
}

impl<'e> WriteBack<'e> {
    pub(super) fn new(entry: &'e Entry, outputs: Outputs) -> Self {
        WriteBack {
            updates: entry.updates.iter(),
            metadata: entry.metadata.iter(),
            all: entry.updates.len(),
            outputs,
            error: None,
        }
    }

    #[inline]
    fn write(&mut self, array: &mut Array, output: usize) -> Result<()> {
        if let Repr::Device(buffer) = &mut array.0
            && let Some(buffer) = Arc::get_mut(buffer)
        {
            // The handle stays where it is: nothing is allocated.
            return self.outputs.replace(output, buffer);
        }
        *array = Array::from_buffer(self.outputs.take(output)?);
        Ok(())
    }
}

impl VisitorMut for WriteBack<'_> {
    #[inline]
    fn variable(&mut self, v: VarMut<'_>) {
        if let Some((at, metadata)) = self.metadata.as_slice().first()
            && *at == self.all - self.updates.len()
        {
            *v.metadata = metadata.clone();
            self.metadata.next();
        }
        self.array(v.value);
    }
    fn shared(&mut self, _: &dyn SharedNode) {}
    #[inline]
    fn array(&mut self, array: &mut Array) {
        match self.updates.next() {
            Some(Update::Set(output)) => {
                if let Err(error) = self.write(array, *output) {
                    self.error = Some(error);
                }
            }
            Some(Update::Emptied(absent)) => *array = absent.clone(),
            Some(Update::Kept) | None => {}
        }
    }
}

/// Marks the Variables whose memory a failed run had taken already as lost, with the reason.
pub(super) struct MarkLost<'e> {
    pub(super) function: &'static Function,
    pub(super) why: &'e dyn Display,
}

impl VisitorMut for MarkLost<'_> {
    fn variable(&mut self, v: VarMut<'_>) {
        self.array(v.value);
    }
    fn array(&mut self, array: &mut Array) {
        if matches!(&array.0, Repr::Device(buffer) if buffer.is_deleted()) {
            *array = Array::absent(format!(
                "the value was lost: `{}` had taken over its memory when it failed: {}",
                self.function.name, self.why
            ));
        }
    }
    fn shared(&mut self, _: &dyn SharedNode) {}
}
