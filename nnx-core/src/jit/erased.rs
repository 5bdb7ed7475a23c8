//! A call with its types erased: all that a miss needs of the arguments, the body and the result.
//!
//! A miss is rare and its work is the same for every jitted function, so it is compiled once, here,
//! and not once for each of the user's functions. Only the way of a hit is generic.

use super::arguments::{Arguments, Role};
use super::output::Output;
use crate::error::Result;
use crate::module::walk::Matcher;
use crate::module::{Leaves, Module, Visitor, VisitorMut};
use std::any::Any;

/// [`Arguments`] of any types.
pub(super) trait AnyArguments {
    fn roles(&self) -> &'static [Role];
    fn flatten<'a>(&'a self, names: &[&str], visitor: &mut dyn Visitor<'a>);
    fn flatten_one<'a>(&'a self, i: usize, visitor: &mut dyn Visitor<'a>);
    fn flatten_updatable<'a>(&'a self, names: &[&str], visitor: &mut dyn Visitor<'a>);
    /// Compares static parts, which a hit does too.
    fn compare(&self, names: &[&str], matcher: &mut Matcher<'_>);
}

impl<A: Arguments> AnyArguments for A {
    fn roles(&self) -> &'static [Role] {
        A::ROLES
    }
    fn flatten<'a>(&'a self, names: &[&str], mut visitor: &mut dyn Visitor<'a>) {
        Arguments::flatten(self, names, &mut visitor);
    }
    fn flatten_one<'a>(&'a self, i: usize, mut visitor: &mut dyn Visitor<'a>) {
        Arguments::flatten_one(self, i, &mut visitor);
    }
    fn flatten_updatable<'a>(&'a self, names: &[&str], mut visitor: &mut dyn Visitor<'a>) {
        Arguments::flatten_updatable(self, names, &mut visitor);
    }
    fn compare(&self, names: &[&str], matcher: &mut Matcher<'_>) {
        Arguments::flatten(self, names, matcher);
    }
}

/// Visits the leaves of arguments that may be updated.
pub(super) fn flatten_mut<A: Arguments>(arguments: &mut A, mut visitor: &mut dyn VisitorMut) {
    arguments.flatten_mut(&mut visitor);
}

/// A body that was not run yet, of any type, and what there is after its run.
pub(super) trait AnyBody {
    /// Whether mistakes in the body are to come back as errors.
    fn catches(&self) -> bool;
    fn arguments(&self) -> &dyn AnyArguments;
    /// Runs the body on a twin of the arguments with the given leaves; false if it returned an
    /// error of its own.
    fn run(&mut self, leaves: &mut dyn Leaves) -> bool;
    /// Visits the parts of the twin that may have been updated.
    fn flatten_twin<'a>(&'a self, names: &[&str], visitor: &mut dyn Visitor<'a>);
    /// Visits the result.
    fn flatten_result<'a>(&'a self, visitor: &mut dyn Visitor<'a>);
    /// The result with other leaves.
    fn template(&self, leaves: &mut dyn Leaves) -> Box<dyn Any + Send + Sync>;
}

/// A body with the arguments that it will run on.
pub(super) struct Pending<'a, A: Arguments, R: Output, F> {
    arguments: &'a A,
    body: Option<F>,
    twin: Option<A::Twin>,
    outcome: Option<Result<R::Tree, R>>,
}

impl<'a, A, R, F> Pending<'a, A, R, F>
where
    A: Arguments,
    R: Output + 'static,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    pub(super) fn new(arguments: &'a A, body: F) -> Self {
        Pending { arguments, body: Some(body), twin: None, outcome: None }
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
    A: Arguments,
    R: Output + 'static,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    fn catches(&self) -> bool {
        R::CATCHES
    }
    fn arguments(&self) -> &dyn AnyArguments {
        self.arguments
    }
    fn run(&mut self, mut leaves: &mut dyn Leaves) -> bool {
        let Some(body) = self.body.take() else { unreachable!("a body runs once") };
        let twin = self.twin.insert(self.arguments.twin(&mut leaves));
        let outcome = body(A::lend(twin)).split();
        self.outcome.insert(outcome).is_ok()
    }
    fn flatten_twin<'b>(&'b self, names: &[&str], mut visitor: &mut dyn Visitor<'b>) {
        if let Some(twin) = &self.twin {
            A::flatten_twin(twin, names, &mut visitor);
        }
    }
    fn flatten_result<'b>(&'b self, mut visitor: &mut dyn Visitor<'b>) {
        if let Some(Ok(tree)) = &self.outcome {
            tree.flatten(&mut visitor);
        }
    }
    fn template(&self, mut leaves: &mut dyn Leaves) -> Box<dyn Any + Send + Sync> {
        match &self.outcome {
            Some(Ok(tree)) => Box::new(tree.unflatten(&mut leaves)),
            _ => unreachable!("there is a result, or this is not asked for"),
        }
    }
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

/// The template itself as a result.
pub(super) fn same_tree<R: Output + 'static>(template: Box<dyn Any + Send + Sync>) -> R {
    match template.downcast::<R::Tree>() {
        Ok(tree) => R::from_tree(*tree),
        Err(_) => unreachable!("the template has the type of the result"),
    }
}
