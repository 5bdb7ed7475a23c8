//! Types of the standard library that can be no part of a Module, whatever name they go by.
//!
//! The derive sees `Rc<…>` by its name and says so; behind an alias or a type parameter it is the
//! impls below that say it. Their bound never holds: it is there for its message.

use super::{Leaves, Module, Schema, Visitor, VisitorMut};

/// Holds for no type `T`.
///
/// `T` is no `Self` because then the compiler would show the message of [`Module`] in place of
/// this one.
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be part of a Module: a Module owns its data and changes only through `&mut`",
    label = "shared, or changed behind a shared reference",
    note = "fixes:\n  1. own the value itself (arrays share their buffers anyway)\n  2. settings that never change: mark the field `#[module(static)]`, or the parameter `#[nnx(static)]`\n  3. anything that no jitted function looks at: mark the field `#[module(skip)]`"
)]
pub trait Owns<T: ?Sized> {}

/// The `Self` of [`Owns`].
pub struct AModule;

/// What no one can reach: there is no `AModule: Owns<_>`.
macro_rules! unreachable_walks {
    () => {
        const SCHEMA: &'static Schema = &Schema::Skipped;
        fn flatten<'a, V: Visitor<'a>>(&'a self, _: &mut V) {}
        fn flatten_mut<V: VisitorMut>(&mut self, _: &mut V) {}
        fn unflatten<L: Leaves>(&self, _: &mut L) -> Self {
            unreachable!()
        }
    };
}

#[doc(hidden)]
impl<T: ?Sized + 'static> Module for std::rc::Rc<T>
where
    AModule: Owns<std::rc::Rc<T>>,
{
    unreachable_walks!();
}

#[doc(hidden)]
impl<T: ?Sized + 'static> Module for std::rc::Weak<T>
where
    AModule: Owns<std::rc::Weak<T>>,
{
    unreachable_walks!();
}

#[doc(hidden)]
impl<T: ?Sized + 'static> Module for std::sync::Arc<T>
where
    AModule: Owns<std::sync::Arc<T>>,
{
    unreachable_walks!();
}

#[doc(hidden)]
impl<T: ?Sized + 'static> Module for std::sync::Weak<T>
where
    AModule: Owns<std::sync::Weak<T>>,
{
    unreachable_walks!();
}

#[doc(hidden)]
impl<T: 'static> Module for std::cell::Cell<T>
where
    AModule: Owns<std::cell::Cell<T>>,
{
    unreachable_walks!();
}

#[doc(hidden)]
impl<T: 'static> Module for std::cell::RefCell<T>
where
    AModule: Owns<std::cell::RefCell<T>>,
{
    unreachable_walks!();
}

#[doc(hidden)]
impl<T: 'static> Module for std::cell::OnceCell<T>
where
    AModule: Owns<std::cell::OnceCell<T>>,
{
    unreachable_walks!();
}

#[doc(hidden)]
impl<T: 'static> Module for std::sync::Mutex<T>
where
    AModule: Owns<std::sync::Mutex<T>>,
{
    unreachable_walks!();
}

#[doc(hidden)]
impl<T: 'static> Module for std::sync::RwLock<T>
where
    AModule: Owns<std::sync::RwLock<T>>,
{
    unreachable_walks!();
}

#[doc(hidden)]
impl<T: 'static> Module for std::sync::OnceLock<T>
where
    AModule: Owns<std::sync::OnceLock<T>>,
{
    unreachable_walks!();
}

#[doc(hidden)]
impl<T: 'static> Module for *const T
where
    AModule: Owns<*const T>,
{
    unreachable_walks!();
}

#[doc(hidden)]
impl<T: 'static> Module for *mut T
where
    AModule: Owns<*mut T>,
{
    unreachable_walks!();
}
