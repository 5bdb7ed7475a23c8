//! The parts of arguments that a function gave another structure: templates of them, which a hit fills with
//! arrays and puts in their places.

use crate::module::new_nodes::NewNodes;
use crate::module::node::LentNodes;
use crate::module::parts::PartKey;
use crate::module::{AnyTree, Leaves, SharedNode, parts};
use crate::transform::lend::{Argument, RebuiltPart, Twins};
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Weak};
use std::thread::ThreadId;

/// Templates of rebuilt parts.
pub(super) struct Rebuilt {
    nodes: Vec<NodeTemplate>,
    /// Parts of trees behind `&mut`, if there are some.
    trees: Option<TreesOfThread>,
}

/// Parts of a node.
struct NodeTemplate {
    /// Which node of the arguments.
    node: usize,
    /// A node like it.
    template: Arc<dyn SharedNode>,
    /// The parts, and what takes their places in the template.
    parts: Vec<(PartKey, PartKey)>,
}

/// Which templates of which thread. An argument need not be `Send`, so that other threads make a program of
/// their own.
struct TreesOfThread {
    thread: ThreadId,
    number: u64,
    /// The thread keeps the templates as long as this is there.
    alive: Arc<()>,
}

/// A part of a tree behind `&mut`, by the number of the tree, and a template of the part.
type PartTemplate = (usize, PartKey, Box<dyn AnyTree>);

thread_local! {
    /// The templates that this thread made.
    static TREES: RefCell<FxHashMap<u64, Templates>> = RefCell::default();
}

/// Templates, and whether their program is still there.
struct Templates {
    trees: Rc<Vec<PartTemplate>>,
    alive: Weak<()>,
    /// The nodes in the trees, which another thread may be the last to use. Dropped after these.
    _nodes: NewNodes,
}

/// Frees the templates of this thread whose programs are gone: another thread may have dropped them.
fn free_templates() {
    let freed = TREES.try_with(|all| {
        let mut all = all.borrow_mut();
        all.extract_if(|_, templates| templates.alive.strong_count() == 0).collect::<Vec<_>>()
    });
    // The templates may hold values that run any code when they are dropped: not under the borrow.
    drop(freed);
}

impl Drop for TreesOfThread {
    fn drop(&mut self) {
        self.alive = Arc::default();
        if self.thread == std::thread::current().id() {
            free_templates();
        }
    }
}

impl Rebuilt {
    /// Templates of rebuilt `parts`. `leaves` made the template of the result before: a new node may be in several
    /// of them.
    pub(super) fn new(
        parts: &[RebuiltPart],
        twins: &Twins,
        leaves: &mut dyn Leaves,
        template_nodes: &NewNodes,
    ) -> Self {
        let (mut nodes, mut trees) = (Vec::new(), Vec::new());
        for part in parts {
            match part {
                RebuiltPart::Tree { tree, key, part, .. } => {
                    trees.push((*tree, *key, part.copy(leaves)));
                }
                RebuiltPart::Node { node, parts, .. } => {
                    let template = twins.made()[*node].new.another(leaves);
                    nodes.push(NodeTemplate { node: *node, template, parts: parts.clone() });
                }
            }
        }
        let trees = (!trees.is_empty()).then(|| {
            static NEXT: AtomicU64 = AtomicU64::new(0);
            free_templates();
            let number = NEXT.fetch_add(1, Relaxed);
            let alive = Arc::new(());
            let templates = Templates {
                trees: Rc::new(trees),
                alive: Arc::downgrade(&alive),
                _nodes: template_nodes.clone(),
            };
            TREES.with_borrow_mut(|all| all.insert(number, templates));
            TreesOfThread { thread: std::thread::current().id(), number, alive }
        });
        Rebuilt { nodes, trees }
    }

    /// Whether this thread has the templates.
    pub(super) fn is_here(&self) -> bool {
        self.trees.as_ref().is_none_or(|trees| trees.thread == std::thread::current().id())
    }

    /// Raises an error if one of these parts is a node that the running trace may not change; the nodes are
    /// those of the arguments.
    #[track_caller]
    pub(super) fn check_change(&self, nodes: &LentNodes) {
        let changed = self.nodes.iter().filter_map(|template| nodes.get(template.node));
        changed.for_each(|node| node.check_change());
    }

    /// The parts, with these leaves, if there are any.
    pub(super) fn parts(&self, leaves: &mut dyn Leaves) -> Option<Box<Parts>> {
        if self.nodes.is_empty() && self.trees.is_none() {
            return None;
        }
        let templates = self.trees.as_ref().and_then(|trees| {
            TREES.with_borrow(|all| all.get(&trees.number).map(|found| found.trees.clone()))
        });
        let trees = templates.iter().flat_map(|trees| trees.iter());
        let trees = trees.map(|(tree, key, part)| (*tree, *key, part.copy(leaves))).collect();
        let in_node = |of: &NodeTemplate| {
            let keys = of.parts.iter().map(|(_, key)| *key);
            let copies = parts::copies(&mut |v| of.template.flatten_own(v), keys, leaves);
            (of.node, of.parts.iter().map(|(key, _)| *key).zip(copies).collect())
        };
        let nodes = self.nodes.iter().map(in_node).collect();
        Some(Box::new(Parts { trees, nodes }))
    }
}

/// New parts.
type NewParts = Vec<(PartKey, Box<dyn AnyTree>)>;

/// The contents to put in the places of rebuilt parts.
pub(super) struct Parts {
    trees: Vec<PartTemplate>,
    /// By the numbers of the nodes.
    nodes: Vec<(usize, NewParts)>,
}

impl Parts {
    /// Puts the parts into the arguments and their nodes.
    pub(super) fn put<'n, A: Argument>(
        self,
        arguments: &mut A,
        nodes: impl Iterator<Item = &'n dyn SharedNode>,
    ) {
        let mut in_nodes = self.nodes.into_iter().peekable();
        for (at, node) in nodes.enumerate() {
            if let Some((_, parts)) = in_nodes.next_if(|(i, _)| *i == at) {
                parts::put(&mut |v| node.flatten_mut(v), parts.into_iter());
            }
        }
        if self.trees.is_empty() {
            return;
        }
        let mut trees = self.trees.into_iter().peekable();
        let mut at = 0;
        arguments.updated_mut(&mut |tree| {
            let of_tree = std::iter::from_fn(|| trees.next_if(|(i, ..)| *i == at));
            let mut of_tree = of_tree.map(|(_, key, part)| (key, part)).peekable();
            if of_tree.peek().is_some() {
                parts::put(&mut |v| tree.flatten_mut_any(v), of_tree);
            }
            at += 1;
        });
    }
}
