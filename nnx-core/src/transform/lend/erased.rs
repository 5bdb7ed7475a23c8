//! The lent argument and the function that gets it, with their types erased: tracing them is the
//! same work for all, and is compiled once.

use super::argument::Argument;
use super::record::Roles;
use crate::module::capture::enter_twin;
use crate::module::new_nodes::NewNodes;
use crate::module::{AnyTree, Leaves, Module, Path, Visitor};

/// An [`Argument`] of any type.
pub(crate) trait AnyArgument {
    /// See [`Argument::roles`].
    fn roles(&self, roles: &mut Roles);
    /// Visits all parts.
    fn flatten(&self, visitor: &mut dyn Visitor);
    /// See [`Argument::updated`].
    fn updated<'a>(&'a self, add: &mut dyn FnMut(&Path, &'a dyn AnyTree));
}

impl<A: Argument> AnyArgument for A {
    fn roles(&self, roles: &mut Roles) {
        Argument::roles(self, roles);
    }
    fn flatten(&self, mut visitor: &mut dyn Visitor) {
        Argument::flatten(self, &mut visitor);
    }
    fn updated<'a>(&'a self, add: &mut dyn FnMut(&Path, &'a dyn AnyTree)) {
        Argument::updated(self, &mut Path::new(), add);
    }
}

/// A function that has not run yet, with the argument to lend to it, and its result after the run.
pub(crate) trait AnyBody {
    /// The lent argument.
    fn argument(&self) -> &dyn AnyArgument;
    /// Runs the function on a twin of the argument with the given leaves; false if it returned an
    /// error of its own.
    fn run(&mut self, leaves: &mut dyn Leaves) -> bool;
    /// See [`Argument::updated_twin`].
    fn updated_twin<'a>(&'a self, add: &mut dyn FnMut(&'a dyn AnyTree));
    /// Visits the result.
    fn flatten_result(&self, visitor: &mut dyn Visitor);
    /// Keeps what stands for the nodes that the function makes until the trees that may hold them are gone.
    fn keep(&mut self, nodes: NewNodes);
}

/// A function that returns a tree.
pub(super) struct TreeFunction<'a, A: Argument, R, F> {
    argument: &'a A,
    body: Option<F>,
    twin: Option<A::Tree>,
    result: Option<R>,
    /// Dropped after the trees above, which may hold such nodes.
    new_nodes: Option<NewNodes>,
}

impl<'a, A: Argument, R, F> TreeFunction<'a, A, R, F> {
    pub(super) fn new(argument: &'a A, body: F) -> Self {
        TreeFunction { argument, body: Some(body), twin: None, result: None, new_nodes: None }
    }

    /// The function's result.
    pub(super) fn into_result(self) -> R {
        match self.result {
            Some(result) => result,
            None => unreachable!("the function ran"),
        }
    }
}

impl<A, R, F> AnyBody for TreeFunction<'_, A, R, F>
where
    A: Argument,
    R: Module,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    fn argument(&self) -> &dyn AnyArgument {
        self.argument
    }
    fn run(&mut self, mut leaves: &mut dyn Leaves) -> bool {
        let Some(body) = self.body.take() else { unreachable!("a function runs once") };
        let twin = self.twin.insert(self.argument.twin(&mut leaves));
        enter_twin(|add| self.argument.roots(&mut Path::new(), add), twin);
        self.result = Some(body(A::lend(twin)));
        true
    }
    fn updated_twin<'b>(&'b self, add: &mut dyn FnMut(&'b dyn AnyTree)) {
        if let Some(twin) = &self.twin {
            A::updated_twin(twin, add);
        }
    }
    fn flatten_result(&self, mut visitor: &mut dyn Visitor) {
        if let Some(result) = &self.result {
            result.flatten(&mut visitor);
        }
    }
    fn keep(&mut self, nodes: NewNodes) {
        self.new_nodes = Some(nodes);
    }
}
