//! Programs that are being made: concurrent first calls with one key make one, those with different
//! keys do not wait for each other.

use std::collections::HashSet;
use std::sync::{Condvar, Mutex, MutexGuard};

/// The keys, by their hashes, whose programs are being traced and compiled.
pub(super) struct Building {
    keys: Mutex<Option<HashSet<u64>>>,
    ended: Condvar,
}

impl Building {
    pub(super) const fn new() -> Self {
        Building { keys: Mutex::new(None), ended: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Option<HashSet<u64>>> {
        // A set of numbers has no state that a panic could leave half done.
        self.keys.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Waits until no other thread makes the program of `key`, and begins to make it.
    pub(super) fn begin(&self, key: u64) -> Turn<'_> {
        let mut keys = self.lock();
        while !keys.get_or_insert_default().insert(key) {
            keys = self.ended.wait(keys).unwrap_or_else(|e| e.into_inner());
        }
        Turn { building: self, key }
    }
}

/// The right to make the program of a key; others may have made it before.
pub(super) struct Turn<'a> {
    building: &'a Building,
    key: u64,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(keys) = self.building.lock().as_mut() {
            keys.remove(&self.key);
        }
        self.building.ended.notify_all();
    }
}
