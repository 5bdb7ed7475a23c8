//! A jitted function: its cache of executables and its statistics.

use super::building::Building;
use super::entry::Entry;
use crate::run::{self, Evicted, ProgramCache};
use crate::xla::CompilerOption;
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, RwLock, Weak};
use std::time::{Duration, Instant};

/// The options of `#[nnx::jit(…)]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Whether buffers of old values may be reused.
    pub donate: bool,
    /// The device to run on; without it, where the arguments lie.
    pub device: Option<usize>,
    /// Whether a call inside another trace becomes part of it, rather than a function of its own.
    pub inline: bool,
    /// Whether arguments that the body does not use stay parameters of the program.
    pub keep_unused: bool,
    /// Whether the call hands back more than the values of Variables.
    pub graph_updates: bool,
    /// Whether every node has one owner, in the arguments and in the result.
    pub tree: bool,
    /// Whether the body is a closure, which may capture what it then sets.
    pub captures: bool,
    /// Further options of XLA's compiler.
    pub compiler: &'static [CompilerOption<'static>],
}

impl Options {
    /// The options of a plain `#[nnx::jit]`.
    pub const DEFAULT: Options = Options {
        donate: true,
        device: None,
        inline: true,
        keep_unused: false,
        graph_updates: false,
        tree: false,
        captures: false,
        compiler: &[],
    };

    /// With [`donate`](Options::donate).
    pub const fn donate(self, donate: bool) -> Self {
        Options { donate, ..self }
    }

    /// With [`device`](Options::device).
    pub const fn device(self, device: usize) -> Self {
        Options { device: Some(device), ..self }
    }

    /// With [`inline`](Options::inline).
    pub const fn inline(self, inline: bool) -> Self {
        Options { inline, ..self }
    }

    /// With [`graph_updates`](Options::graph_updates).
    pub const fn graph_updates(self, graph_updates: bool) -> Self {
        Options { graph_updates, ..self }
    }

    /// With [`tree`](Options::tree).
    pub const fn tree(self, tree: bool) -> Self {
        Options { tree, ..self }
    }

    /// With [`keep_unused`](Options::keep_unused).
    pub const fn keep_unused(self, keep_unused: bool) -> Self {
        Options { keep_unused, ..self }
    }

    /// With [`compiler`](Options::compiler).
    pub const fn compiler(self, compiler: &'static [CompilerOption<'static>]) -> Self {
        Options { compiler, ..self }
    }
}

/// One jitted function; a static of its expansion.
pub struct Function {
    pub(super) name: &'static str,
    pub(super) module: &'static str,
    /// The names of the parameters, for paths in messages.
    pub(super) parameters: &'static [&'static str],
    pub(super) options: Options,
    pub(super) entries: RwLock<FxHashMap<u64, Vec<Arc<Entry>>>>,
    /// The program that the next call will probably run, and the one that ran before it, if that is another.
    expected: RwLock<Option<ExpectedCall>>,
    /// The programs that are being traced and compiled.
    pub(super) building: Building,
    registered: AtomicBool,
    pub(super) traces: AtomicU64,
    pub(super) compiles: AtomicU64,
    pub(super) hits: AtomicU64,
    pub(super) trace_nanos: AtomicU64,
    pub(super) compile_nanos: AtomicU64,
    /// The time of the hits that were timed, and their number.
    timed_nanos: AtomicU64,
    timed: AtomicU64,
    /// How often each static value was the reason for a miss.
    pub(super) static_misses: Mutex<FxHashMap<String, u32>>,
    /// How many misses were due to floats alone.
    pub(super) float_misses: AtomicU64,
}

/// The program that the next call will probably run.
struct ExpectedCall {
    entry: Arc<Entry>,
    /// The program that ran last.
    after: Weak<Entry>,
}

static REGISTRY: RwLock<Vec<&'static Function>> = RwLock::new(Vec::new());

impl Function {
    /// A function that has not been called yet.
    pub const fn new(
        name: &'static str,
        module: &'static str,
        parameters: &'static [&'static str],
        options: Options,
    ) -> Self {
        Function {
            name,
            module,
            parameters,
            options,
            entries: RwLock::new(HashMap::with_hasher(FxBuildHasher)),
            expected: RwLock::new(None),
            building: Building::new(),
            registered: AtomicBool::new(false),
            traces: AtomicU64::new(0),
            compiles: AtomicU64::new(0),
            hits: AtomicU64::new(0),
            trace_nanos: AtomicU64::new(0),
            compile_nanos: AtomicU64::new(0),
            timed_nanos: AtomicU64::new(0),
            timed: AtomicU64::new(0),
            static_misses: Mutex::new(HashMap::with_hasher(FxBuildHasher)),
            float_misses: AtomicU64::new(0),
        }
    }

    /// Makes the function known to [`functions`].
    pub(super) fn register(&'static self) {
        if !self.registered.swap(true, Relaxed) {
            REGISTRY.write().unwrap_or_else(|e| e.into_inner()).push(self);
            run::register(self);
        }
    }

    /// The program that the next call will probably run.
    #[inline]
    pub(super) fn expected(&self) -> Option<Arc<Entry>> {
        let expected = self.expected.read().unwrap_or_else(|e| e.into_inner());
        expected.as_ref().map(|expected| expected.entry.clone())
    }

    /// The program that ran last, as far as it is known.
    pub(super) fn last(&self) -> Option<Arc<Entry>> {
        let expected = self.expected.read().unwrap_or_else(|e| e.into_inner());
        expected.as_ref().and_then(|expected| expected.after.upgrade())
    }

    /// Expects the next call to run `entry`, after a call that ran `after`. Links cannot be compared while the leaves
    /// are collected. A program that has made room for others meanwhile is not kept: programs leave the cache before
    /// [`expected`](Function::expected) is emptied.
    pub(super) fn expect(&self, hash: u64, entry: &Arc<Entry>, after: &Arc<Entry>) {
        let entries = self.entries.read().unwrap_or_else(|e| e.into_inner());
        let is_there = |programs: &Vec<Arc<Entry>>| programs.iter().any(|p| Arc::ptr_eq(p, entry));
        let is_expected =
            !entry.key.statics.has_links() && entries.get(&hash).is_some_and(is_there);
        let expected = || ExpectedCall { entry: entry.clone(), after: Arc::downgrade(after) };
        let before = self.replace_expected(is_expected.then(expected));
        // Values that a program holds may do anything when they are dropped: not under a lock.
        drop(entries);
        drop(before);
    }

    fn replace_expected(&self, expected: Option<ExpectedCall>) -> Option<ExpectedCall> {
        let mut place = self.expected.write().unwrap_or_else(|e| e.into_inner());
        std::mem::replace(&mut *place, expected)
    }

    /// Whether the time of the next hit is taken. Clocks are slow compared with a call, so that it is that of one
    /// hit in sixteen.
    #[inline]
    pub(super) fn is_timed(&self) -> bool {
        self.hits.load(Relaxed).is_multiple_of(16)
    }

    /// Counts the time of a call that found its executable and began at `since`.
    #[cold]
    pub(super) fn note_hit(&self, since: Instant) {
        self.timed_nanos.fetch_add(since.elapsed().as_nanos() as u64, Relaxed);
        self.timed.fetch_add(1, Relaxed);
    }

    fn hit_time(&self) -> Duration {
        let (nanos, timed) = (self.timed_nanos.load(Relaxed), self.timed.load(Relaxed));
        let hits = self.hits.load(Relaxed);
        let all = u128::from(nanos) * u128::from(hits) / u128::from(timed.max(1));
        Duration::from_nanos(u64::try_from(all).unwrap_or(u64::MAX))
    }

    /// The statistics so far.
    pub fn stats(&self) -> Stats {
        Stats {
            name: self.name,
            module: self.module,
            traces: self.traces.load(Relaxed),
            compiles: self.compiles.load(Relaxed),
            hits: self.hits.load(Relaxed),
            float_misses: self.float_misses.load(Relaxed),
            trace_time: Duration::from_nanos(self.trace_nanos.load(Relaxed)),
            compile_time: Duration::from_nanos(self.compile_nanos.load(Relaxed)),
            hit_time: self.hit_time(),
        }
    }
}

impl ProgramCache for Function {
    fn stamps(&self, visit: &mut dyn FnMut(u64)) {
        let entries = self.entries.read().unwrap_or_else(|e| e.into_inner());
        entries.values().flatten().for_each(|entry| visit(entry.used.get()));
    }

    fn evict(&self, leave: &mut dyn FnMut(u64) -> bool) -> Evicted {
        let mut evicted = Evicted::default();
        let mut entries = self.entries.write().unwrap_or_else(|e| e.into_inner());
        entries.retain(|&hash, programs| {
            for program in programs.extract_if(.., |entry| leave(entry.used.get())) {
                evicted.keys.push(hash);
                evicted.programs.push(Box::new(program));
            }
            !programs.is_empty()
        });
        drop(entries);
        let expected = self.replace_expected(None).map(|expected| expected.entry);
        evicted.programs.push(Box::new(expected));
        evicted
    }
}

/// Statistics of a jitted function.
///
/// ```
/// use nnx::jit::functions;
/// use nnx::{Array, DType, array};
///
/// #[nnx::jit]
/// fn doubled(x: &Array) -> Array {
///     x * 2.0
/// }
///
/// for length in [2, 2, 2, 3] {
///     doubled(&array::ones([length], DType::F32));
/// }
/// let stats = functions().into_iter().find(|stats| stats.name == "doubled").unwrap();
/// assert_eq!((stats.traces, stats.compiles, stats.hits), (2, 2, 2)); // one for each shape
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats {
    /// The function's name, or what `name = "…"` says.
    pub name: &'static str,
    /// The Rust module it is in; of a [closure](super::Jitted), its file.
    pub module: &'static str,
    /// How often the body was traced.
    pub traces: u64,
    /// How often XLA compiled it.
    pub compiles: u64,
    /// Calls that found their executable.
    pub hits: u64,
    /// Calls that were traced again because floats in the arguments differed, and nothing else: those should
    /// be arrays. The third comes with a warning in the log target `nnx::jit`.
    pub float_misses: u64,
    /// Time spent in tracing.
    pub trace_time: Duration,
    /// Time spent in lowering to StableHLO and in XLA's compiler.
    pub compile_time: Duration,
    /// Time spent in calls that found their executable, until they returned: the run may still have
    /// been going on then. An estimate: one call in sixteen is timed, the first among them.
    pub hit_time: Duration,
}

/// Drops the compiled programs of the jitted functions called `name`, as [`functions`] lists them, and
/// says how many there were. They are traced and compiled again when they are needed; arrays stay.
/// JAX's `clear_cache` of a function; [`clear_caches`] empties all.
///
/// ```
/// use nnx::jit::clear_cache;
/// assert_eq!(clear_cache("a function that was never called"), 0);
/// ```
pub fn clear_cache(name: &str) -> usize {
    let named = registered().into_iter().filter(|function| function.name == name);
    named.map(|function| take_entries(function).values().map(Vec::len).sum::<usize>()).sum()
}

/// Drops every compiled program, of jitted functions and of eager operations; they are compiled
/// again when they are needed. `jax.clear_caches`.
///
/// ```
/// use nnx::{Array, jit::clear_caches};
///
/// let y = Array::scalar(1.0_f32) + 1.0;
/// clear_caches();
/// assert_eq!(y.item::<f32>(), 2.0); // arrays stay
/// ```
pub fn clear_caches() {
    registered().into_iter().for_each(|function| drop(take_entries(function)));
    run::clear();
}

/// The functions that were called so far. A copy: what is done with them may call others.
fn registered() -> Vec<&'static Function> {
    REGISTRY.read().unwrap_or_else(|e| e.into_inner()).clone()
}

/// The programs of a function, to be dropped without its lock: values that they hold may do anything then.
pub(super) fn take_entries(function: &Function) -> FxHashMap<u64, Vec<Arc<Entry>>> {
    let entries = std::mem::take(&mut *function.entries.write().unwrap_or_else(|e| e.into_inner()));
    drop(function.replace_expected(None));
    entries
}

/// Statistics of every jitted function that was called so far, in the order of first calls.
///
/// ```
/// use nnx::jit::functions;
/// use nnx::Array;
///
/// #[nnx::jit(name = "train step")]
/// fn step(x: &Array) -> Array {
///     x + 1.0
/// }
///
/// step(&Array::scalar(1.0_f32));
/// for stats in functions() {
///     println!("{}: {} traces, {:?} in XLA", stats.name, stats.traces, stats.compile_time);
/// }
/// assert!(functions().iter().any(|stats| stats.name == "train step"));
/// ```
pub fn functions() -> Vec<Stats> {
    registered().into_iter().map(Function::stats).collect()
}
