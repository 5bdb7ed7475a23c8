//! Types of the standard library that can be no part of a Module, whatever name they go by.
//!
//! The derive sees `Rc<…>` by its name and says so; behind an alias or a type parameter it is the
//! impls below that say it. Their bound never holds: it is there for its message.

use super::{Leaves, Module, Schema, Visitor, VisitorMut};

/// Holds for no type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a Module: a Module owns its data and changes only through `&mut`",
    label = "not owned, or changed behind a shared reference",
    note = "1. own the value itself (arrays share their buffers anyway)",
    note = "2. settings that never change: mark the field `#[module(static)]`",
    note = "3. anything that no jitted function looks at: mark the field `#[module(skip)]`"
)]
pub trait Owned {}

macro_rules! forbidden {
    ($([$($generics:tt)*] $t:ty),* $(,)?) => {$(
        #[doc(hidden)]
        impl<$($generics)*> Module for $t
        where
            $t: Owned,
        {
            const SCHEMA: &'static Schema = &Schema::Skipped;
            fn flatten<'a, V: Visitor<'a>>(&'a self, _: &mut V) {}
            fn flatten_mut<V: VisitorMut>(&mut self, _: &mut V) {}
            fn unflatten<L: Leaves>(&self, _: &mut L) -> Self {
                unreachable!("no type is `Owned`")
            }
        }
    )*};
}

forbidden! {
    [T: ?Sized] std::rc::Rc<T>,
    [T: ?Sized] std::rc::Weak<T>,
    [T: ?Sized] std::sync::Arc<T>,
    [T: ?Sized] std::sync::Weak<T>,
    [T] std::cell::Cell<T>,
    [T] std::cell::RefCell<T>,
    [T] std::cell::OnceCell<T>,
    [T] std::sync::Mutex<T>,
    [T] std::sync::RwLock<T>,
    [T] std::sync::OnceLock<T>,
    [T] *const T,
    [T] *mut T,
}
