//! The dimension that `vmap` adds, and its name, by which operations over its elements find it.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The dimension that a batch has before the others.
#[derive(Debug, Clone)]
pub(crate) struct BatchAxis {
    /// Number of elements of the batch.
    pub(crate) size: usize,
    pub(crate) name: Option<AxisName>,
}

/// The name of the axis of one call of `vmap`: two calls may give the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct AxisName {
    name: Arc<str>,
    call: u64,
}

impl fmt::Display for AxisName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

thread_local! {
    /// The named axes of the functions that are being traced, the innermost last.
    static BOUND: RefCell<Vec<BatchAxis>> = const { RefCell::new(Vec::new()) };
}

impl BatchAxis {
    pub(crate) fn new(size: usize, name: Option<&str>) -> Self {
        static CALLS: AtomicU64 = AtomicU64::new(0);
        let name =
            name.map(|name| AxisName { name: name.into(), call: CALLS.fetch_add(1, Relaxed) });
        BatchAxis { size, name }
    }

    /// While `f` traces the function of one element, its axis can be found by its name.
    pub(crate) fn bind<R>(&self, f: impl FnOnce() -> R) -> R {
        struct Unbind;
        impl Drop for Unbind {
            fn drop(&mut self) {
                BOUND.with_borrow_mut(Vec::pop);
            }
        }
        if self.name.is_none() {
            return f();
        }
        BOUND.with_borrow_mut(|bound| bound.push(self.clone()));
        let _bound = Unbind;
        f()
    }

    /// The innermost axis with this name, and its size; else, the names that there are.
    pub(crate) fn named(name: &str) -> Result<(AxisName, usize), Vec<String>> {
        BOUND.with_borrow(|bound| {
            let names =
                || bound.iter().rev().filter_map(|axis| Some((axis.name.as_ref()?, axis.size)));
            match names().find(|(bound, _)| *bound.name == *name) {
                Some((name, size)) => Ok((name.clone(), size)),
                None => Err(names().map(|(name, _)| name.to_string()).collect()),
            }
        })
    }
}
