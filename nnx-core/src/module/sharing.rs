//! The bounds that the derive puts on a field's type that is called `Rc`, `Cell` or the like: that it is a Module, in
//! words for the standard library's types of these names. A type of the user's that is a Module passes.

use super::doubt::{Blamed, Excused};
use super::{Module, VariableKind};
use std::marker::PhantomData;
use std::{rc, sync};

/// Traits that every Module has, with the message for a type that is not one. `Inner` is the type inside.
macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident: $message:literal, $label:literal, $note:literal;)*) => {$(
        $(#[$doc])*
        #[diagnostic::on_unimplemented(message = $message, label = $label, note = $note)]
        pub trait $name<Inner: ?Sized> {
            /// Holds for every Module.
            const OK: () = ();
        }

        #[diagnostic::do_not_recommend]
        impl<T: Module, Inner: ?Sized> $name<Inner> for T {}
    )*};
}

fields! {
    /// A field of a type called `Rc`, `Arc` or `Weak`.
    CountedField:
        "`{Self}` cannot be part of a Module: what several places own cannot be updated through one of them",
        "several places may own it",
        "fixes:\n  1. own it: `{Inner}` (arrays share their buffers anyway)\n  2. one layer in several places: `nnx::module::Shared<{Inner}>` (a link back: `SharedWeak`), or keep it in one field and lend it to the others when they are called\n  3. settings that never change (`Eq + Hash`): mark the field `#[module(static)]`, with an `Arc` in place of an `Rc`\n  4. anything without arrays that no jitted function looks at: mark the field `#[module(skip)]`";
    /// The same, with a trait object in it.
    CountedObject:
        "`{Self}` cannot be part of a Module: what several places own cannot be updated through one of them",
        "several places may own it",
        "fixes:\n  1. own it: `Box<{Inner}>`\n  2. one object in several places: `nnx::module::Shared<Box<{Inner}>>`, or keep it in one field and lend it to the others when they are called\n  3. anything without arrays that no jitted function looks at: mark the field `#[module(skip)]`";
    /// The same, with nothing but data in it.
    CountedData:
        "`{Self}` cannot be part of a Module: what several places own cannot be updated through one of them",
        "several places may own it",
        "fixes:\n  1. own it: `{Inner}` (arrays share their buffers anyway)\n  2. one in several places: `nnx::module::Shared<{Inner}>`, or keep it in one field and lend it to the others when they are called";
    /// The same, with nothing but data in it.
    InteriorData:
        "`{Self}` cannot be part of a Module: what changes behind a shared reference would change without the jitted function knowing",
        "it changes behind a shared reference",
        "fix: hold `{Inner}` itself and change it through `&mut self`";
    /// A field of a type called `Cell`, `Mutex` or the like.
    InteriorField:
        "`{Self}` cannot be part of a Module: what changes behind a shared reference would change without the jitted function knowing",
        "it changes behind a shared reference",
        "fixes:\n  1. hold `{Inner}` itself and change it through `&mut self`\n  2. numbers that a jitted function changes: use a `Variable`\n  3. anything without arrays that no jitted function looks at: mark the field `#[module(skip)]`, if it can be cloned (`Arc<…>` can)";
    /// A field with a trait object in a box.
    ObjectField:
        "`{Self}` is not a Module: nothing says what is in a `{Inner}`",
        "not a Module",
        "fixes:\n  1. a trait of yours: put `#[nnx::dyn_module]` on it, and box the object as it is (`Box<dyn Layer>`, with `Send` and `Sync` as supertraits)\n  2. layers that map an array to an array: `nnx::nn::List`, or `Box<dyn nnx::nn::AnyLayer>`\n  3. one of several types: an enum that derives Module, with a variant for each\n  4. a function: `nnx::nn::Activation`, or a `fn(&Array) -> Array` in a field marked `#[module(static)]`";
}

/// A type of a field or an argument with another name that turns out to be `Rc`, `Arc` or `Weak`; see [`Unnamed`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a Module: what several places own cannot be updated through one of them",
    label = "several places may own it",
    note = "fixes:\n  1. own it: `{Inner}` (arrays share their buffers anyway)\n  2. one layer in several places: `nnx::module::Shared<{Inner}>` (a link back: `SharedWeak`), or keep it in one field and lend it to the others when they are called\n  3. settings that never change (`Eq + Hash`), in an `Arc`: mark the field `#[module(static)]`, or the parameter `#[nnx(static)]`\n  4. anything without arrays that no jitted function looks at: mark the field `#[module(skip)]`"
)]
pub trait CountedAlias<Inner: ?Sized, Case = Blamed> {
    /// Holds for every Module.
    fn ok(_: PhantomData<Inner>, _: Case) {}
}

#[diagnostic::do_not_recommend]
impl<T: Module, Inner: ?Sized> CountedAlias<Inner> for T {}
#[diagnostic::do_not_recommend]
impl<T: ?Sized, Inner: ?Sized> CountedAlias<Inner, Excused> for T {}
// As of `IsModule`: rustc would take the case to be the only one that fits.
#[diagnostic::do_not_recommend]
impl<T: ?Sized, Inner: ?Sized> CountedAlias<Inner, ()> for T {}

/// A type of a field or an argument that turns out to be a kind of Variable; see [`Unnamed`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is a kind of Variable, and not a type of Variable",
    label = "a Variable of this kind is `Variable<{Self}>`",
    note = "fix: `Variable<{Self}>`"
)]
pub trait KindAsType<Case = Blamed> {
    /// Holds for every Module.
    fn ok(_: Case) {}
}

#[diagnostic::do_not_recommend]
impl<T: Module> KindAsType for T {}
#[diagnostic::do_not_recommend]
impl<T: ?Sized> KindAsType<Excused> for T {}
// As of `IsModule`.
#[diagnostic::do_not_recommend]
impl<T: ?Sized> KindAsType<()> for T {}

/// A type whose name does not tell what it is: `Tied`, for `type Tied = Rc<Param>`.
pub struct Unnamed<T: ?Sized>(PhantomData<T>);

impl<T: ?Sized> Unnamed<T> {
    /// For the type.
    pub const NEW: Self = Unnamed(PhantomData);
}

macro_rules! counted {
    ($($pointer:ty),*) => {$(
        impl<T: ?Sized> Unnamed<$pointer> {
            /// The message is not that of any type.
            pub fn of_any(&self) -> Excused {
                Excused
            }
            /// It is that of [`CountedAlias`].
            pub fn of_counted(&self) -> Blamed {
                Blamed
            }
            /// It is not that of [`KindAsType`].
            pub fn of_kind(&self) -> Excused {
                Excused
            }
            /// The type inside.
            pub fn inner(&self) -> PhantomData<T> {
                PhantomData
            }
        }
    )*};
}

counted!(rc::Rc<T>, rc::Weak<T>, sync::Arc<T>, sync::Weak<T>);

/// The same of the kinds of Variables.
pub trait UnnamedKind {
    /// The message is not that of any type.
    fn of_any(&self) -> Excused {
        Excused
    }
    /// It is not that of [`CountedAlias`].
    fn of_counted(&self) -> Excused {
        Excused
    }
    /// It is that of [`KindAsType`].
    fn of_kind(&self) -> Blamed {
        Blamed
    }
    /// There is no type inside.
    fn inner(&self) -> PhantomData<()> {
        PhantomData
    }
}

impl<T: VariableKind> UnnamedKind for Unnamed<T> {}

/// The same of all other types.
pub trait UnnamedOther {
    /// The message is that of any type.
    fn of_any(&self) -> Blamed {
        Blamed
    }
    /// It is not that of [`CountedAlias`].
    fn of_counted(&self) -> Excused {
        Excused
    }
    /// It is not that of [`KindAsType`].
    fn of_kind(&self) -> Excused {
        Excused
    }
    /// No type is known inside.
    fn inner(&self) -> PhantomData<()> {
        PhantomData
    }
}

// A reference, so that it comes after the kinds.
impl<T: ?Sized> UnnamedOther for &Unnamed<T> {}
