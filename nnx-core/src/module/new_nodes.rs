//! The nodes that a traced function makes, so that those which only they themselves hold are freed with their
//! trace: a cycle of handles would stay alive with the values in it, once for each trace.

use super::{Seen, SharedNode, StaticValue, Structure, VarRef, Visitor};
use crate::graph::Array;
use std::cell::RefCell;
use std::sync::{Arc, Mutex, Weak};

/// The nodes that were made while this took note. Whenever one that stands for them is dropped, those that
/// nobody outside holds are emptied, so it is dropped after whatever holds such nodes rightly.
#[derive(Clone, Default)]
pub(crate) struct NewNodes(Arc<Mutex<Vec<Weak<dyn SharedNode>>>>);

thread_local! {
    /// Those that take note on this thread; the last one does.
    static NOTING: RefCell<Vec<NewNodes>> = const { RefCell::new(Vec::new()) };
}

/// Takes note of new nodes until it is dropped.
pub(crate) struct Noting(());

impl Drop for Noting {
    fn drop(&mut self) {
        // Dropped outside of the borrow: that may free nodes.
        let ended = NOTING.try_with(|all| all.borrow_mut().pop());
        drop(ended);
    }
}

/// Takes note of a new node, if nodes are noted.
pub(super) fn note(node: &Arc<impl SharedNode>) {
    let _ = NOTING.try_with(|all| {
        if let Some(NewNodes(nodes)) = all.borrow().last() {
            let node: Weak<dyn SharedNode> = Arc::downgrade(node) as _;
            nodes.lock().unwrap_or_else(|e| e.into_inner()).push(node);
        }
    });
}

impl NewNodes {
    /// Takes note of the nodes that this thread makes.
    pub(crate) fn note(&self) -> Noting {
        NOTING.with_borrow_mut(|all| all.push(self.clone()));
        Noting(())
    }

    /// Takes note of the nodes that this thread makes, and frees them at its end.
    pub(crate) fn noting() -> Noting {
        NewNodes::default().note()
    }

    /// Those that are still there.
    fn alive(&self) -> Vec<Arc<dyn SharedNode>> {
        let mut nodes = self.0.lock().unwrap_or_else(|e| e.into_inner());
        let alive: Vec<_> = nodes.iter().filter_map(Weak::upgrade).collect();
        *nodes = alive.iter().map(Arc::downgrade).collect();
        alive
    }
}

impl Drop for NewNodes {
    fn drop(&mut self) {
        let nodes = self.alive();
        let mut seen = Seen::default();
        nodes.iter().for_each(|node| {
            seen.arrive(&**node);
        });
        // The handles to each that are not in one of the others, nor that of the list.
        let mut outside: Vec<usize> =
            nodes.iter().map(|node| Arc::strong_count(node) - 1).collect();
        let mut inside = Vec::new();
        for node in &nodes {
            let mut places = HandlePlaces { seen: &seen, found: Vec::new() };
            // Whoever is at a node has a handle to it: what is in it stays.
            if node.gate().is_free()
                && let Some(_at_gate) = node.gate().try_enter()
            {
                node.flatten(&mut places);
            }
            places.found.iter().for_each(|&i| outside[i] = outside[i].saturating_sub(1));
            inside.push(places.found);
        }
        let mut held: Vec<bool> = outside.iter().map(|&handles| handles > 0).collect();
        let mut left: Vec<usize> = (0..nodes.len()).filter(|&i| held[i]).collect();
        while let Some(i) = left.pop() {
            for j in std::mem::take(&mut inside[i]) {
                if !std::mem::replace(&mut held[j], true) {
                    left.push(j);
                }
            }
        }
        let alone = nodes.iter().zip(held).filter(|(_, held)| !held);
        alone.for_each(|(node, _)| node.clear());
    }
}

/// The places of nodes in the content of one.
struct HandlePlaces<'s> {
    seen: &'s Seen,
    found: Vec<usize>,
}

impl Visitor for HandlePlaces<'_> {
    fn variable(&mut self, _: VarRef<'_>) {}
    fn array(&mut self, _: &Array) {}
    fn static_value(&mut self, _: &dyn StaticValue) {}
    fn structure(&mut self, _: Structure) {}
    fn shared(&mut self, node: &dyn SharedNode) {
        self.found.extend(self.seen.number(node.id()));
    }
}
