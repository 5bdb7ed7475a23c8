//! A call with its types erased: all that a miss needs of the arguments, the body and the result.
//!
//! A miss is rare and its work is the same for every jitted function, so it is compiled once, here,
//! and not once for each of the user's functions. Only the way of a hit is generic.

use super::names::{Named, named};
use super::output::Output;
use crate::error::Result;
use crate::graph::Array;
use crate::module::capture::enter_twin;
use crate::module::new_nodes::NewNodes;
use crate::module::node::LentNodes;
use crate::module::walk::Rebuild;
use crate::module::{AnyTree, Leaves, Module, Nodes, Path, Visitor, VisitorMut};
use crate::transform::lend::{AnyArgument, AnyBody, Argument, Roles};
use std::any::Any;

/// A body that was not run yet, of any type, and what there is after its run.
pub(super) trait AnyCall: AnyBody {
    /// Whether mistakes in the body are to come back as errors.
    fn catches(&self) -> bool;
    /// Drops the twin and the result, once templates of them are made.
    fn give_up(&mut self);
    /// The result with other leaves.
    fn template(&self, leaves: &mut dyn Leaves) -> Box<dyn Any + Send + Sync>;
}

/// The arguments of a call below the names of its parameters.
struct Arguments<'a, A> {
    names: &'a [&'a str],
    arguments: &'a A,
}

impl<A: Argument> AnyArgument for Arguments<'_, A> {
    fn roles(&self, roles: &mut Roles) {
        self.arguments.roles(roles);
    }
    fn flatten(&self, visitor: &mut dyn Visitor) {
        self.arguments.flatten(&mut Named::new(self.names, visitor));
    }
    fn updated<'a>(&'a self, add: &mut dyn FnMut(&Path, &'a dyn AnyTree)) {
        self.arguments
            .updated(&mut Path::new(), &mut |path, tree| add(&named(self.names, path), tree));
    }
}

/// A body with the arguments that it will run on.
pub(super) struct Pending<'a, A: Argument, R: Output, F> {
    arguments: Arguments<'a, A>,
    body: Option<F>,
    twin: Option<A::Tree>,
    outcome: Option<Result<R::Tree, R>>,
    /// Dropped after the trees above, which may hold such nodes.
    new_nodes: Option<NewNodes>,
}

impl<'a, A, R, F> Pending<'a, A, R, F>
where
    A: Argument,
    R: Output + 'static,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    pub(super) fn new(names: &'a [&'a str], arguments: &'a A, body: F) -> Self {
        let arguments = Arguments { names, arguments };
        Pending { arguments, body: Some(body), twin: None, outcome: None, new_nodes: None }
    }

    /// The error that the body itself returned.
    pub(super) fn into_error(self) -> R {
        match self.outcome {
            Some(Err(error)) => error,
            _ => unreachable!("asked for only where the body returned an error"),
        }
    }
}

impl<A, R, F> AnyBody for Pending<'_, A, R, F>
where
    A: Argument,
    R: Output + 'static,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    fn argument(&self) -> &dyn AnyArgument {
        &self.arguments
    }
    fn run(&mut self, mut leaves: &mut dyn Leaves) -> bool {
        let Some(body) = self.body.take() else { unreachable!("a body runs once") };
        let arguments = self.arguments.arguments;
        let twin = self.twin.insert(arguments.twin(&mut leaves));
        enter_twin(|add| arguments.roots(&mut Path::new(), add), twin);
        let outcome = body(A::lend(twin)).split();
        self.outcome.insert(outcome).is_ok()
    }
    fn updated_twin<'b>(&'b self, add: &mut dyn FnMut(&'b dyn AnyTree)) {
        if let Some(twin) = &self.twin {
            A::updated_twin(twin, add);
        }
    }
    fn flatten_result(&self, mut visitor: &mut dyn Visitor) {
        if let Some(Ok(tree)) = &self.outcome {
            tree.flatten(&mut visitor);
        }
    }
    fn keep(&mut self, nodes: NewNodes) {
        self.new_nodes = Some(nodes);
    }
}

impl<A, R, F> AnyCall for Pending<'_, A, R, F>
where
    A: Argument,
    R: Output + 'static,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    fn catches(&self) -> bool {
        R::CATCHES
    }
    fn give_up(&mut self) {
        (self.twin, self.outcome) = (None, None);
        self.new_nodes = None;
    }
    fn template(&self, mut leaves: &mut dyn Leaves) -> Box<dyn Any + Send + Sync> {
        match &self.outcome {
            Some(Ok(tree)) => Box::new(tree.unflatten(&mut leaves)),
            _ => unreachable!("there is a result, or this is not asked for"),
        }
    }
}

/// Visits the leaves of arguments that may be updated, those of `nodes` last.
pub(super) fn flatten_mut<A: Argument>(
    arguments: &mut A,
    nodes: &LentNodes,
    mut visitor: &mut dyn VisitorMut,
) {
    arguments.flatten_mut(&mut visitor);
    nodes.nodes().for_each(|node| node.flatten_mut(visitor));
}

/// Visits all parts of arguments below the names of their parameters.
pub(super) fn flatten_named<A: Argument>(names: &[&str], arguments: &A, visitor: &mut dyn Visitor) {
    arguments.flatten(&mut Named::new(names, visitor));
}

/// The result, from its template and its leaves.
pub(super) fn from_template<R: Output + 'static>(
    template: &(dyn Any + Send + Sync),
    leaves: &mut impl Leaves,
) -> R {
    match template.downcast_ref::<R::Tree>() {
        Some(template) => R::from_tree(template.unflatten(leaves)),
        None => unreachable!("the key holds the type of the result"),
    }
}

/// The template itself as a result; `nodes` are the arguments' in place of the template's.
pub(super) fn shapes<R: Output + 'static>(template: Box<dyn Any + Send + Sync>, nodes: Nodes) -> R {
    from_template(&*template, &mut Rebuild::with_nodes(nodes, |_: usize, old: &Array| old.clone()))
}
