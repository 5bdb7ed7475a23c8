//! Functions of users as settings.

use crate::module::{Leaves, Module, Schema, Visitor, VisitorMut};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A user's function; static, and equal to its own clones only.
pub(super) struct UserFunction<F: ?Sized>(pub(super) Arc<F>);

impl<F: ?Sized> UserFunction<F> {
    fn address(&self) -> usize {
        Arc::as_ptr(&self.0).cast::<()>().addr()
    }
}

impl<F: ?Sized> Clone for UserFunction<F> {
    fn clone(&self) -> Self {
        UserFunction(self.0.clone())
    }
}
impl<F: ?Sized> PartialEq for UserFunction<F> {
    fn eq(&self, other: &Self) -> bool {
        self.address() == other.address()
    }
}
impl<F: ?Sized> Eq for UserFunction<F> {}
impl<F: ?Sized> Hash for UserFunction<F> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.address().hash(state);
    }
}
impl<F: ?Sized> fmt::Debug for UserFunction<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a function")
    }
}

#[diagnostic::do_not_recommend]
impl<F: ?Sized + Send + Sync + 'static> Module for UserFunction<F> {
    const SCHEMA: &'static Schema = &Schema::Static("UserFunction");
    fn flatten<V: Visitor>(&self, visitor: &mut V) {
        visitor.static_value(self);
    }
    fn flatten_mut<V: VisitorMut>(&mut self, _: &mut V) {}
    fn unflatten<L: Leaves>(&self, _: &mut L) -> Self {
        self.clone()
    }
}
