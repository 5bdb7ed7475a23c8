//! The caches of compiled programs are bounded. The limits are the process's, so this is a process of its
//! own.

use nnx::jit::{CacheLimits, cache_limits, cached_programs, functions, set_cache_limits};
use nnx::{Array, Module, Param};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard};

/// One test at a time, from the same limits.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    let one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    nnx::jit::clear_caches();
    set_cache_limits(CacheLimits { programs: 40, maps: usize::MAX });
    one
}

fn array(n: usize) -> Array {
    Array::from_slice(&vec![1.0_f32; n], [n])
}

/// The memory maps of this process; 0 where the system does not say.
fn maps() -> usize {
    std::fs::read_to_string("/proc/self/maps").unwrap_or_default().lines().count()
}

#[test]
fn ever_new_shapes_leave_memory_maps_and_programs_bounded() {
    #[nnx::jit(graph = false)]
    fn sum(x: &Array) -> Array {
        (x + 1.0).sum(..)
    }
    let _one = alone();
    let run = |n: usize| {
        assert_eq!((-array(n)).to_vec::<f32>(), vec![-1.0; n]);
        assert_eq!(sum(&array(n)).item::<f32>(), 2.0 * n as f32);
        assert!(cached_programs() <= 40, "{}", cached_programs());
    };
    (1..=45).for_each(run);
    let before = maps();
    (46..=150).for_each(run);
    assert!(maps() < before + 100, "{} memory maps, {before} before", maps());
}

#[test]
fn the_least_recently_used_programs_go_first() {
    #[nnx::jit(graph = false)]
    fn old_and_new(x: &Array) -> Array {
        x * 3.0
    }
    let _one = alone();
    let compiles = || {
        let functions = functions();
        functions.iter().find(|f| f.name == "old_and_new").unwrap().compiles
    };
    for n in 1..=80 {
        old_and_new(&array(n));
        // Used now and then, and so kept.
        old_and_new(&array(1));
    }
    assert_eq!(compiles(), 80);
    old_and_new(&array(1));
    old_and_new(&array(79));
    assert_eq!(compiles(), 80, "the latest are there");
    old_and_new(&array(2));
    assert_eq!(compiles(), 81, "the oldest are not");
}

#[test]
fn limits_can_be_read_and_set_and_take_effect_at_once() {
    let _one = alone();
    let limits = cache_limits();
    assert_eq!(limits.programs, 40);
    (1..=30).for_each(|n| drop(-array(n)));
    assert_eq!(cached_programs(), 30);
    set_cache_limits(CacheLimits { programs: 10, ..limits });
    assert_eq!(cached_programs(), 10);
    // Three maps a program.
    set_cache_limits(CacheLimits { maps: 15, ..limits });
    assert_eq!(cached_programs(), 5);
    set_cache_limits(CacheLimits { programs: 0, ..limits });
    assert_eq!(cached_programs(), 1, "one is always kept");
    assert_eq!((-array(7)).to_vec::<f32>(), [-1.0; 7]);
}

#[test]
fn threads_may_run_programs_while_others_make_room() {
    #[nnx::jit(graph = false)]
    fn busy(x: &Array) -> Array {
        x.sum(..) + 1.0
    }
    let _one = alone();
    set_cache_limits(CacheLimits { programs: 4, maps: usize::MAX });
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for i in 0..30 {
                    let n = 1 + (i * (thread + 1)) % 13;
                    assert_eq!(busy(&array(n)).item::<f32>(), n as f32 + 1.0);
                    assert_eq!((-array(n)).to_vec::<f32>(), vec![-1.0; n]);
                }
            });
        }
    });
    set_cache_limits(cache_limits());
    assert!(cached_programs() <= 4);
}

/// Counts how many of it there are.
#[derive(Debug)]
struct Counted(Arc<AtomicUsize>);

impl Clone for Counted {
    fn clone(&self) -> Self {
        self.0.fetch_add(1, SeqCst);
        Counted(self.0.clone())
    }
}
impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}
impl PartialEq for Counted {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Counted {}
impl std::hash::Hash for Counted {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

#[derive(Module)]
struct Grown {
    weights: Param,
    more: Option<Param>,
    #[module(static)]
    counted: Counted,
}

/// The argument changes its structure, so that a template of it is kept by the thread.
#[nnx::jit]
fn grow(model: &mut Grown) {
    model.more = match model.more.take() {
        Some(_) => None,
        None => Some(Param::new(&*model.weights + 1.0)),
    };
}

#[test]
fn templates_of_arguments_are_freed_with_their_programs() {
    let _one = alone();
    set_cache_limits(CacheLimits { programs: 4, maps: usize::MAX });
    let count = Arc::new(AtomicUsize::new(0));
    let of = |n: usize| {
        count.fetch_add(1, SeqCst);
        let weights = Param::new(array(n));
        Grown { weights, more: None, counted: Counted(count.clone()) }
    };
    let most = |range: std::ops::Range<usize>| {
        let counts = range.map(|n| {
            grow(&mut of(n));
            count.load(SeqCst)
        });
        counts.max().unwrap()
    };
    let few = most(1..20);
    let many = most(20..60);
    assert!(many <= few, "{many} after many programs, {few} after few");
    // Those that another thread has made room for are freed at the next program.
    std::thread::scope(|scope| drop(scope.spawn(nnx::jit::clear_caches).join()));
    grow(&mut of(1));
    let one = count.load(SeqCst);
    nnx::jit::clear_caches();
    assert!(one < few, "{one}");
    assert_eq!(count.load(SeqCst), 0);
}
