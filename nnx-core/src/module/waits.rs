//! Which threads wait for which at nodes, so that those that would wait for each other for ever get an error.

use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use smallvec::SmallVec;
use std::sync::{Mutex, MutexGuard};

/// The threads that are in somebody's way.
pub(super) type Threads = SmallVec<[u64; 2]>;

struct Wait {
    gate: usize,
    others: Threads,
}

/// The waits of all threads.
static WAITS: Mutex<FxHashMap<u64, Wait>> = Mutex::new(FxHashMap::with_hasher(FxBuildHasher));

fn waits() -> MutexGuard<'static, FxHashMap<u64, Wait>> {
    // No code that could panic runs under the lock.
    WAITS.lock().unwrap_or_else(|e| e.into_inner())
}

/// Notes that thread `me` waits at `gate` until `others` leave it. False, and nothing is noted, if one of
/// them waits for `me`, at once or through others.
pub(super) fn begin(me: u64, gate: usize, others: Threads) -> bool {
    let mut waits = waits();
    let mut ahead = others.clone();
    let mut seen = FxHashSet::default();
    while let Some(thread) = ahead.pop() {
        if thread == me {
            return false;
        }
        if seen.insert(thread)
            && let Some(wait) = waits.get(&thread)
        {
            ahead.extend(wait.others.iter().copied());
        }
    }
    waits.insert(me, Wait { gate, others });
    true
}

/// Thread `me` no longer waits.
pub(super) fn end(me: u64) {
    waits().remove(&me);
}

/// Somebody left `gate`: what is noted of those who wait there is out of date, and they will look again.
pub(super) fn left(gate: usize) {
    waits().retain(|_, wait| wait.gate != gate);
}
