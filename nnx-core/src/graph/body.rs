//! Programs inside of operations.

use super::Graph;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

/// A program that an operation runs. Equal programs are equal bodies.
#[derive(Clone)]
pub(crate) struct Body(Arc<Graph>);

impl From<Graph> for Body {
    fn from(graph: Graph) -> Self {
        Body(Arc::new(graph))
    }
}

impl Deref for Body {
    type Target = Graph;
    fn deref(&self) -> &Graph {
        &self.0
    }
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.same_program(other)
    }
}
impl Eq for Body {}

impl Hash for Body {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.fingerprint().hash(state);
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A derivative rule, which does not count when operations are compared: what is compiled does not
/// depend on it.
#[derive(Clone)]
pub(crate) struct Rule<T>(pub(crate) T);

impl<T> PartialEq for Rule<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl<T> Eq for Rule<T> {}

impl<T> Hash for Rule<T> {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl<T> Deref for Rule<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}
