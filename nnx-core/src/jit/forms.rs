//! How the expansion of `#[nnx::jit]` passes the parameters on.
//!
//! The expansion asks of each parameter, in a check of its own, what its type must be. If that
//! fails, everything else has to type-check, or one mistake would become several errors in terms
//! that the user never wrote. So for any type there is a way to pass it: [`Lend`] has functions
//! of its own for Modules, and takes those of the trait [`LendUnchecked`] for other types.

use super::call::call;
use super::function::Function;
use super::output::Output;
use crate::graph::Array;
use crate::module::{
    AnyTree, Leaves, Module, Path, Schema, SharedNode, StaticArgument, StaticValue, Structure,
    VarRef, Visitor, VisitorMut, check,
};
use crate::transform::lend::{Argument, Owned, Roles, Static};
use std::marker::PhantomData;

/// Looks at nothing. A walk with it asks of a value that its type is a Module, in those words.
pub struct NullVisitor;

impl Visitor for NullVisitor {
    fn variable(&mut self, _: VarRef<'_>) {}
    fn array(&mut self, _: &Array) {}
    fn static_value(&mut self, _: &dyn StaticValue) {}
    fn structure(&mut self, _: Structure) {}
    fn shared(&mut self, _: &dyn SharedNode) {}
}

/// The name of a parameter of a type that cannot be written down, for messages.
pub trait ParameterName {
    /// The name.
    const NAME: &'static str;
}

/// Passes parameters of the type `T`.
pub struct Lend<T>(PhantomData<T>);

impl<T> Lend<T> {
    /// A `Lend` for the type of a value.
    #[inline]
    pub fn of(_: &T) -> Self {
        Lend(PhantomData)
    }
}

/// Passes parameters of a type that can be written down.
#[inline]
pub const fn pass<T>() -> Lend<T> {
    Lend(PhantomData)
}

impl<T: Module> Lend<T> {
    /// The schema of the parameter.
    pub const SCHEMA: &'static Schema = T::SCHEMA;

    /// A compile error if the type cannot be an argument.
    pub fn check<N: ParameterName>(self, _: N) {
        const { check::argument(N::NAME, T::SCHEMA).report() }
    }

    /// A compile error if the type cannot be an argument in graph mode.
    #[inline]
    pub fn check_graph<N: ParameterName>(self, _: N) {
        const { check::graph_argument(N::NAME, T::SCHEMA).report() }
    }

    /// A parameter `&T`.
    #[inline]
    pub fn by_ref(self, value: &T) -> &T {
        value
    }

    /// A parameter `&mut T`.
    #[inline]
    pub fn by_mut(self, value: &mut T) -> &mut T {
        value
    }

    /// A parameter `T`.
    #[inline]
    pub fn by_value(self, value: T) -> Owned<T> {
        Owned::new(value)
    }
}

impl<T: StaticArgument> Lend<T> {
    /// A parameter `#[nnx(static)] T`.
    #[inline]
    pub fn by_hash(self, value: T) -> Static<T> {
        Static::new(value)
    }
}

/// Passes parameters of types for which a check fails.
pub trait LendUnchecked<T>: Sized {
    /// There is nothing to check in it.
    const SCHEMA: &'static Schema = &Schema::Skipped;
    /// There is nothing to check in it.
    fn check<N: ParameterName>(self, _: N) {
        never()
    }
    /// There is nothing to check in it.
    fn check_graph<N: ParameterName>(self, _: N) {
        never()
    }
    /// A parameter `&T`.
    fn by_ref(self, _: &T) -> Refused<&T> {
        never()
    }
    /// A parameter `&mut T`.
    fn by_mut(self, _: &mut T) -> Refused<&mut T> {
        never()
    }
    /// A parameter `T`.
    fn by_value(self, _: T) -> Refused<Owned<T>> {
        never()
    }
    /// A parameter `#[nnx(static)] T`.
    fn by_hash(self, _: T) -> Refused<Owned<T>> {
        never()
    }
}

impl<T> LendUnchecked<T> for Lend<T> {}

/// No program with this is ever built: where it is called, a check of the type fails.
fn never<T>() -> T {
    // Not in a constant: an optimized build would evaluate it here, where nobody calls it.
    unreachable!("a jitted function has an argument or result of a type that it cannot have")
}

/// Calls functions that return `R`.
pub struct CallReturning<R>(PhantomData<R>);

impl<R: Output + 'static> CallReturning<R> {
    /// [`call`]
    #[track_caller]
    #[inline]
    pub fn call<A, F>(function: &'static Function, arguments: A, body: F) -> R
    where
        A: Argument,
        F: for<'t> FnOnce(A::Body<'t>) -> R,
    {
        call(function, arguments, body)
    }
}

/// Calls functions whose result fails a check.
pub trait CallUnchecked<R> {
    /// Does nothing.
    fn call<A, F>(_: &'static Function, _: A, _: F) -> R
    where
        A: Argument,
        F: for<'t> FnOnce(A::Body<'t>) -> R,
    {
        never()
    }
}

impl<R> CallUnchecked<R> for CallReturning<R> {}

/// An argument of a type that cannot be one.
pub struct Refused<A>(PhantomData<A>);

macro_rules! refused {
    ($form:ty, $body:ty) => {
        impl<T: 'static> Argument for Refused<$form> {
            type Tree = ();
            type Body<'t> = $body;
            fn flatten<V: Visitor>(&self, _: &mut V) {
                never()
            }
            fn updated<'a>(&'a self, _: &mut Path, _: &mut dyn FnMut(&Path, &'a dyn AnyTree)) {
                never()
            }
            fn updated_twin<'a>(_: &'a (), _: &mut dyn FnMut(&'a dyn AnyTree)) {
                never()
            }
            fn updated_mut(&mut self, _: &mut dyn FnMut(&mut dyn AnyTree)) {
                never()
            }
            fn flatten_mut<V: VisitorMut>(&mut self, _: &mut V) {
                never()
            }
            fn roles(&self, _: &mut Roles) {
                never()
            }
            fn twin<L: Leaves>(&self, _: &mut L) {
                never()
            }
            fn lend(_: &mut ()) -> Self::Body<'_> {
                never()
            }
        }
    };
}
refused!(&T, &'t T);
refused!(&mut T, &'t mut T);
refused!(Owned<T>, T);
