//! Lists that a thread keeps for its next call, so that a call allocates nothing once its thread has made
//! one as large.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

/// Lists that calls use one after another.
pub(crate) trait Reuse: Default {
    /// Empties the lists, which keep their room.
    fn clear(&mut self);
    /// Calls `with` with the lists that this thread keeps; `None` while the thread ends and they are gone.
    fn kept<R>(with: impl FnOnce(&Kept<Self>) -> R) -> Option<R>;
}

/// The lists that a thread keeps. They are boxed because a call hands them on several times.
#[allow(clippy::vec_box)]
pub(crate) type Kept<T> = RefCell<Vec<Box<T>>>;

/// How many a thread keeps: calls are rarely nested.
const KEPT: usize = 4;

/// Lists that go back to their thread when they are dropped.
pub(crate) struct Pooled<T: Reuse>(Option<Box<T>>);

impl<T: Reuse> Pooled<T> {
    /// Empty lists.
    #[inline]
    pub(crate) fn take() -> Self {
        let kept = T::kept(|kept| kept.borrow_mut().pop()).flatten();
        Pooled(Some(kept.unwrap_or_default()))
    }
}

impl<T: Reuse> Deref for Pooled<T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        match &self.0 {
            Some(lists) => lists,
            None => unreachable!("the lists are there until they are dropped"),
        }
    }
}

impl<T: Reuse> DerefMut for Pooled<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        match &mut self.0 {
            Some(lists) => lists,
            None => unreachable!("the lists are there until they are dropped"),
        }
    }
}

impl<T: Reuse> Drop for Pooled<T> {
    fn drop(&mut self) {
        let Some(mut lists) = self.0.take() else { return };
        // A value that is dropped here may itself make a call.
        lists.clear();
        T::kept(|kept| {
            let mut kept = kept.borrow_mut();
            if kept.len() < KEPT {
                kept.push(lists);
            }
        });
    }
}
