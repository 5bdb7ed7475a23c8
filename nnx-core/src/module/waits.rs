//! Which threads wait for which at nodes, so that those that would wait for each other for ever get an error.

use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use smallvec::SmallVec;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

/// How long a thread waits before it looks again for whom.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// The threads that are in somebody's way.
pub(super) type Threads = SmallVec<[u64; 2]>;

struct Wait {
    gate: usize,
    others: Threads,
    /// Whether the wait ends by itself if one of the others waits for its thread.
    gives_way: bool,
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
    if leads_to(&waits, me, &others, |wait| !wait.gives_way) {
        return false;
    }
    waits.insert(me, Wait { gate, others, gives_way: false });
    true
}

/// Whether a way from one of `others` leads to thread `me`, along waits that `counts` takes.
fn leads_to(
    waits: &FxHashMap<u64, Wait>,
    me: u64,
    others: &Threads,
    counts: impl Fn(&Wait) -> bool,
) -> bool {
    let mut ahead = others.clone();
    let mut seen = FxHashSet::default();
    while let Some(thread) = ahead.pop() {
        if thread == me {
            return true;
        }
        if seen.insert(thread)
            && let Some(wait) = waits.get(&thread).filter(|wait| counts(wait))
        {
            ahead.extend(wait.others.iter().copied());
        }
    }
    false
}

/// A wait of this thread for the work of another one, which it could do itself.
pub(crate) struct Patience {
    me: u64,
    other: u64,
}

impl Patience {
    /// Notes that this thread waits for thread `other`, until this is dropped.
    pub(crate) fn with(other: u64) -> Self {
        let me = thread();
        // No gate: it does not end because somebody left one.
        let wait = Wait { gate: 0, others: Threads::from_slice(&[other]), gives_way: true };
        waits().insert(me, wait);
        Patience { me, other }
    }

    /// Whether the other thread waits for this one, at once or through others.
    pub(crate) fn is_vain(&self) -> bool {
        leads_to(&waits(), self.me, &Threads::from_slice(&[self.other]), |_| true)
    }
}

impl Drop for Patience {
    fn drop(&mut self) {
        end(self.me);
    }
}

/// A number of this thread, never 0.
#[inline]
pub(crate) fn thread() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    thread_local! {
        static ME: u64 = NEXT.fetch_add(1, Relaxed);
    }
    ME.with(|me| *me)
}

/// Thread `me` no longer waits.
pub(super) fn end(me: u64) {
    waits().remove(&me);
}

/// Somebody left `gate`: what is noted of those who wait there is out of date, and they will look again.
pub(super) fn left(gate: usize) {
    waits().retain(|_, wait| wait.gate != gate);
}
