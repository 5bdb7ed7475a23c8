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
    [T: ?Sized + 'static] std::rc::Rc<T>,
    [T: ?Sized + 'static] std::rc::Weak<T>,
    [T: ?Sized + 'static] std::sync::Arc<T>,
    [T: ?Sized + 'static] std::sync::Weak<T>,
    [T: 'static] std::cell::Cell<T>,
    [T: 'static] std::cell::RefCell<T>,
    [T: 'static] std::cell::OnceCell<T>,
    [T: 'static] std::sync::Mutex<T>,
    [T: 'static] std::sync::RwLock<T>,
    [T: 'static] std::sync::OnceLock<T>,
    [T: 'static] *const T,
    [T: 'static] *mut T,
}
