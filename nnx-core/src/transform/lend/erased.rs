//! What is lent and the function that gets it, with their types erased: tracing them is the same
//! work for all, and is compiled once.

use super::argument::Argument;
use super::record::Roles;
use crate::module::{Leaves, Module, Visitor};

/// An [`Argument`] of any type.
pub(crate) trait AnyArgument {
    /// See [`Argument::roles`].
    fn roles(&self, roles: &mut Roles);
    /// Visits all parts.
    fn flatten(&self, visitor: &mut dyn Visitor);
    /// Visits the parts that may be updated.
    fn flatten_updated(&self, visitor: &mut dyn Visitor);
}

impl<A: Argument> AnyArgument for A {
    fn roles(&self, roles: &mut Roles) {
        Argument::roles(self, roles);
    }
    fn flatten(&self, mut visitor: &mut dyn Visitor) {
        Argument::flatten(self, &mut visitor);
    }
    fn flatten_updated(&self, mut visitor: &mut dyn Visitor) {
        Argument::flatten_updated(self, &mut visitor);
    }
}

/// A function that did not run yet, with what it will be lent, and what there is after its run.
pub(crate) trait AnyBody {
    /// What is lent.
    fn argument(&self) -> &dyn AnyArgument;
    /// Runs the function on a twin of the argument with the given leaves; false if it returned an
    /// error of its own.
    fn run(&mut self, leaves: &mut dyn Leaves) -> bool;
    /// Visits the parts of the twin that may have been updated.
    fn flatten_twin(&self, visitor: &mut dyn Visitor);
    /// Visits the result.
    fn flatten_result(&self, visitor: &mut dyn Visitor);
}

/// A function that returns a tree.
pub(super) struct TreeFunction<'a, A: Argument, R, F> {
    argument: &'a A,
    body: Option<F>,
    twin: Option<A::Tree>,
    result: Option<R>,
}

impl<'a, A: Argument, R, F> TreeFunction<'a, A, R, F> {
    pub(super) fn new(argument: &'a A, body: F) -> Self {
        TreeFunction { argument, body: Some(body), twin: None, result: None }
    }

    /// What the function returned.
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
        self.result = Some(body(A::lend(twin)));
        true
    }
    fn flatten_twin(&self, mut visitor: &mut dyn Visitor) {
        if let Some(twin) = &self.twin {
            A::flatten_twin(twin, &mut visitor);
        }
    }
    fn flatten_result(&self, mut visitor: &mut dyn Visitor) {
        if let Some(result) = &self.result {
            result.flatten(&mut visitor);
        }
    }
}
