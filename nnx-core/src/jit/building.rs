//! Programs that are being made: concurrent first calls with one key make one, those with different
//! keys do not wait for each other.

use crate::module::waits::{LOOK_AGAIN, Patience, thread};
use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard};

/// The keys, by their hashes, whose programs are being traced and compiled, and by which threads.
pub(super) struct Building {
    keys: Mutex<Option<HashMap<u64, u64>>>,
    ended: Condvar,
}

impl Building {
    pub(super) const fn new() -> Self {
        Building { keys: Mutex::new(None), ended: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Option<HashMap<u64, u64>>> {
        // Numbers have no state that a panic could leave half done.
        self.keys.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Waits until no other thread makes the program of `key`, and begins to make it. `None` if that thread waits for
    /// a node of this call: then both make it.
    pub(super) fn begin(&self, key: u64) -> Option<Turn<'_>> {
        let mut keys = self.lock();
        while let Some(&builder) = keys.get_or_insert_default().get(&key) {
            let patience = Patience::with(builder);
            (keys, _) =
                self.ended.wait_timeout(keys, LOOK_AGAIN).unwrap_or_else(|e| e.into_inner());
            if patience.is_vain() {
                return None;
            }
        }
        keys.get_or_insert_default().insert(key, thread());
        Some(Turn { building: self, key })
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
