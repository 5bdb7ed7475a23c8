//! How many compiled programs are kept, over all caches: the least recently used make room for new ones.

use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{LazyLock, Mutex, RwLock, TryLockError};

/// The bounds of the caches of compiled programs, those of jitted functions and those of eager
/// operations together.
///
/// A program that is not kept is traced and compiled again when it is needed. Those that were not used
/// for the longest time go first.
///
/// ```
/// use nnx::jit::{CacheLimits, set_cache_limits};
///
/// set_cache_limits(CacheLimits { programs: 1000, maps: usize::MAX });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheLimits {
    /// The most programs; at least one is kept. 4096 without a setting. A small one takes 0.2 MB.
    pub programs: usize,
    /// The most memory maps of the process, of which a program takes three and more: beyond them a quarter
    /// of the programs goes. Half of `vm.max_map_count` without a setting; no bound where there is none.
    /// Looked at after every 64 new programs.
    pub maps: usize,
}

/// The least memory maps of a program, on the plugins of XLA for CPUs: code, constants and tables.
const MAPS_PER_PROGRAM: usize = 3;
/// After so many new programs the memory maps are counted.
const MAPS_COUNTED_EVERY: u64 = 64;

impl CacheLimits {
    fn of_this_machine() -> Self {
        let system = std::fs::read_to_string("/proc/sys/vm/max_map_count");
        let maps = system.ok().and_then(|text| text.trim().parse::<usize>().ok());
        CacheLimits { programs: 4096, maps: maps.map_or(usize::MAX, |maps| maps / 2) }
    }

    fn most_programs(self) -> usize {
        self.programs.min(self.maps / MAPS_PER_PROGRAM).max(1)
    }
}

static LIMITS: LazyLock<RwLock<CacheLimits>> =
    LazyLock::new(|| RwLock::new(CacheLimits::of_this_machine()));

/// The bounds of the caches of compiled programs.
///
/// ```
/// use nnx::jit::{cache_limits, cached_programs};
///
/// assert!(cached_programs() <= cache_limits().programs);
/// ```
pub fn cache_limits() -> CacheLimits {
    *LIMITS.read().unwrap_or_else(|e| e.into_inner())
}

/// Sets the bounds of the caches of compiled programs. Programs beyond them are dropped at once, the
/// least recently used first.
///
/// ```
/// use nnx::jit::{cache_limits, cached_programs, set_cache_limits};
/// let mut limits = cache_limits();
/// limits.programs = 500;
/// set_cache_limits(limits);
/// assert!(cached_programs() <= 500);
/// ```
pub fn set_cache_limits(limits: CacheLimits) {
    *LIMITS.write().unwrap_or_else(|e| e.into_inner()) = limits;
    make_room(0);
}

/// How many compiled programs the caches hold, those of jitted functions and of eager operations.
///
/// ```
/// use nnx::jit::cached_programs;
/// use nnx::Array;
///
/// let x = Array::from([1.0_f32, 2.0]) * 3.0; // an operation is a program
/// assert_eq!(x.to_vec::<f32>(), [3.0, 6.0]);
/// assert!(cached_programs() > 0);
/// ```
pub fn cached_programs() -> usize {
    KEPT.load(Relaxed)
}

/// A cache of programs.
pub(crate) trait ProgramCache: Sync {
    /// Visits the stamp of every program.
    fn stamps(&self, visit: &mut dyn FnMut(u64));
    /// Takes the programs out for which `leave` says so, given their stamps, and the keys of these.
    fn evict(&self, leave: &mut dyn FnMut(u64) -> bool) -> Evicted;
}

/// Programs that were taken out, to be dropped where no lock is held, and their keys.
#[derive(Default)]
pub(crate) struct Evicted {
    pub(crate) keys: Vec<u64>,
    pub(crate) programs: Vec<Box<dyn std::any::Any>>,
}

static CACHES: RwLock<Vec<&'static dyn ProgramCache>> = RwLock::new(Vec::new());

/// Lets programs of `cache` make room for others, to be called once.
pub(crate) fn register(cache: &'static dyn ProgramCache) {
    CACHES.write().unwrap_or_else(|e| e.into_inner()).push(cache);
}

/// Programs in the caches, and those that were taken out but still run.
static KEPT: AtomicUsize = AtomicUsize::new(0);
/// Advances with each new program.
static CLOCK: AtomicU64 = AtomicU64::new(0);

/// When a program was used last; one for each program.
pub(crate) struct Stamp(AtomicU64);

impl Stamp {
    /// The stamp of a new program.
    pub(crate) fn new() -> Self {
        KEPT.fetch_add(1, Relaxed);
        Stamp(AtomicU64::new(CLOCK.fetch_add(1, Relaxed) + 1))
    }

    /// The program is used. Only the programs that were made since count, so that a program that
    /// is used again and again is not written to.
    #[inline]
    pub(crate) fn touch(&self) {
        let now = CLOCK.load(Relaxed);
        if self.0.load(Relaxed) != now {
            self.0.store(now, Relaxed);
        }
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

impl Drop for Stamp {
    fn drop(&mut self) {
        KEPT.fetch_sub(1, Relaxed);
    }
}

/// One thread at a time makes room.
static MAKING_ROOM: Mutex<()> = Mutex::new(());

/// Drops the least recently used programs if there are more than the limits allow; `slack` more, so that
/// this is not done for every new program.
fn make_room(slack: usize) {
    let most = cache_limits().most_programs();
    if KEPT.load(Relaxed) > most {
        keep(most.saturating_sub(slack));
    }
}

/// Drops the least recently used programs but for `most`, or for one.
fn keep(most: usize) {
    let _one = match MAKING_ROOM.try_lock() {
        Ok(one) => one,
        Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        // Another thread does it.
        Err(TryLockError::WouldBlock) => return,
    };
    let caches = CACHES.read().unwrap_or_else(|e| e.into_inner()).clone();
    let mut stamps = Vec::new();
    caches.iter().for_each(|cache| cache.stamps(&mut |stamp| stamps.push(stamp)));
    let more = stamps.len().saturating_sub(most.max(1));
    if more == 0 {
        return;
    }
    let (_, &mut youngest, _) = stamps.select_nth_unstable(more - 1);
    // Of those of one age as many as are needed.
    let mut left = more;
    let mut leave = |stamp: u64| {
        let leaves = stamp <= youngest && left > 0;
        left -= usize::from(leaves);
        leaves
    };
    let evicted: Vec<Evicted> = caches.iter().map(|cache| cache.evict(&mut leave)).collect();
    let mut known = EVICTED.lock().unwrap_or_else(|e| e.into_inner());
    if known.len() > MOST_REMEMBERED {
        known.clear();
    }
    known.extend(evicted.iter().flat_map(|evicted| &evicted.keys));
}

/// Must be called after a program was put into a cache, with no lock held.
pub(crate) fn inserted() {
    let limits = cache_limits();
    make_room(limits.most_programs() / 8);
    // Programs are made by several threads: none of them may meet a certain number.
    static DUE: AtomicU64 = AtomicU64::new(0);
    let (made, due) = (CLOCK.load(Relaxed), DUE.load(Relaxed));
    let next = made + MAPS_COUNTED_EVERY;
    let is_time = made >= due && DUE.compare_exchange(due, next, Relaxed, Relaxed).is_ok();
    if is_time && limits.maps < usize::MAX && maps_of_process() > limits.maps {
        keep(KEPT.load(Relaxed) / 4 * 3);
    }
}

/// How many memory maps the process has; 0 where the system does not say.
fn maps_of_process() -> usize {
    let maps = std::fs::read("/proc/self/maps").unwrap_or_default();
    maps.iter().filter(|&&byte| byte == b'\n').count()
}

/// The keys of programs that made room for others.
static EVICTED: LazyLock<Mutex<FxHashSet<u64>>> = LazyLock::new(Default::default);
/// So many keys are remembered.
const MOST_REMEMBERED: usize = 1 << 17;

/// Must be called when a program is compiled. Logs a warning if it was compiled before and had to make room;
/// for many such programs of one function or operation, ever less often.
pub(crate) fn note_compiled(what: &str, key: u64) {
    static AGAIN: LazyLock<Mutex<FxHashMap<String, u64>>> = LazyLock::new(Default::default);
    if !EVICTED.lock().unwrap_or_else(|e| e.into_inner()).remove(&key) {
        return;
    }
    let again = {
        let mut again = AGAIN.lock().unwrap_or_else(|e| e.into_inner());
        let again = again.entry(what.to_owned()).or_default();
        *again += 1;
        *again
    };
    if again.is_power_of_two() {
        tracing::warn!(
            target: "nnx::jit",
            "`{what}` is compiled again, having made room for other programs: no more than {} are kept, \
             and this happened to it {again} times so far. Every shape is a program of its own: pad arrays to \
             a few sizes, or sort them into buckets of one shape each. If there is memory for more \
             programs, raise the limit (`nnx::jit::set_cache_limits`)",
            cache_limits().most_programs(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smaller_limit_counts_and_one_program_is_always_kept() {
        let most = |programs, maps| CacheLimits { programs, maps }.most_programs();
        assert_eq!(most(10, 300), 10);
        assert_eq!(most(1000, 300), 100);
        assert_eq!(most(0, 300), 1);
        assert_eq!(most(10, 0), 1);
    }
}
