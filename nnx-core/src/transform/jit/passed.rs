//! How the expansion of `#[nnx::jit]` passes the parameters on.
//!
//! The expansion asks of each parameter, in a check of its own, what its type must be. If that
//! fails, everything else has to type-check, or one mistake would become several errors in terms
//! that the user never wrote. So for any type there is a way to pass it: [`Passed`] has functions
//! of its own for Modules, and takes those of the trait [`Anything`] for other types.

use super::arguments::{Argument, Mut, Owned, Ref, Role, Static};
use crate::Module;
use crate::module::{Leaves, StaticValue, Visitor, VisitorMut};
use std::hash::Hash;
use std::marker::PhantomData;

/// What a parameter under `#[nnx(static)]` must be.
///
/// Every type that is `Clone + Eq + Hash + Send + Sync + 'static` is one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a static argument: static arguments are part of the key of a compiled program, which takes `Clone + Eq + Hash + Send + Sync + 'static`",
    label = "something of `Clone`, `Eq`, `Hash`, `Send`, `Sync` and `'static` is missing",
    note = "fixes:\n  1. settings of your own: add `#[derive(Clone, PartialEq, Eq, Hash)]` to the type\n  2. floats, which have no `Eq`: write `f32` or `f64` in the signature, not another name for it\n  3. a Module or an array: take the mark off, for what is in it is no part of the program"
)]
pub trait StaticArgument {
    /// Holds for every such type.
    const OK: () = ();
}

#[diagnostic::do_not_recommend]
impl<T: Clone + Eq + Hash + Send + Sync + 'static> StaticArgument for T {}

/// Passes parameters of the type `T`.
pub struct Passed<T>(PhantomData<T>);

impl<T: Module> Passed<T> {
    /// A parameter `&T`.
    #[inline]
    pub fn by_ref(value: &T) -> Ref<'_, T> {
        Ref(value)
    }

    /// A parameter `&mut T`.
    #[inline]
    pub fn by_mut(value: &mut T) -> Mut<'_, T> {
        Mut(value)
    }

    /// A parameter `T`.
    #[inline]
    pub fn by_value(value: T) -> Owned<T> {
        Owned::new(value)
    }
}

impl<T: StaticValue + Clone> Passed<T> {
    /// A parameter `#[nnx(static)] T`.
    #[inline]
    pub fn by_hash(value: T) -> Static<T> {
        Static::new(value)
    }
}

/// Passes parameters of types for which a check fails; no program with these is ever built.
pub trait Anything<T> {
    /// A parameter `&T`.
    fn by_ref(_: &T) -> Stray<Ref<'_, T>> {
        unreachable!()
    }
    /// A parameter `&mut T`.
    fn by_mut(_: &mut T) -> Stray<Mut<'_, T>> {
        unreachable!()
    }
    /// A parameter `T`.
    fn by_value(_: T) -> Stray<Owned<T>> {
        unreachable!()
    }
    /// A parameter `#[nnx(static)] T`.
    fn by_hash(_: T) -> Stray<Owned<T>> {
        unreachable!()
    }
}

impl<T> Anything<T> for Passed<T> {}

/// An argument of a type that cannot be one.
pub struct Stray<A>(PhantomData<A>);

macro_rules! stray {
    ($form:ty, $body:ty) => {
        impl<T: 'static> Argument for Stray<$form> {
            type Body<'t> = $body;
            type Twin = ();
            type Saved = ();
            const ROLE: Role = Role::Read;
            fn flatten<'a, V: Visitor<'a>>(&'a self, _: &mut V) {
                unreachable!()
            }
            fn flatten_mut<V: VisitorMut>(&mut self, _: &mut V) {
                unreachable!()
            }
            fn twin<L: Leaves>(&self, _: &mut L) {
                unreachable!()
            }
            fn flatten_twin<'a, V: Visitor<'a>>(_: &'a (), _: &mut V) {
                unreachable!()
            }
            fn lend(_: &mut ()) -> Self::Body<'_> {
                unreachable!()
            }
            fn lend_self(&mut self) -> Self::Body<'_> {
                unreachable!()
            }
            fn save(&self) {
                unreachable!()
            }
            fn restore(&mut self, _: ()) {
                unreachable!()
            }
        }
    };
}
stray!(Ref<'_, T>, &'t T);
stray!(Mut<'_, T>, &'t mut T);
stray!(Owned<T>, T);
