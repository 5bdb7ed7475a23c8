//! How long callbacks live, and what is kept of them: caches, threads, many runs.

use super::callbacks_support::{calls_host, printed};
use nnx::jit::{cached_programs, clear_cache};
use nnx::xla::cache_stats;
use nnx::{Array, DType, debug, effects_barrier, pure_callback, vmap};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex};

fn scalar(x: f32) -> Array {
    Array::scalar(x)
}

#[test]
fn a_closure_lives_as_long_as_its_program() {
    static COUNT: Mutex<Option<Arc<()>>> = Mutex::new(None);
    #[nnx::jit(graph = false)]
    fn living(x: &Array) -> Array {
        let held = COUNT.lock().unwrap().clone();
        let f = move |x: &Array| {
            assert!(held.is_some());
            x.clone()
        };
        pure_callback(f, &Array::shape_only(x.shape().to_vec(), DType::F32), x)
    }
    if !calls_host() {
        return;
    }
    let count = Arc::new(());
    *COUNT.lock().unwrap() = Some(count.clone());
    let before = Arc::strong_count(&count);
    for _ in 0..100 {
        assert_eq!(living(&scalar(1.0)).item::<f32>(), 1.0);
    }
    assert_eq!(Arc::strong_count(&count), before + 1);
    living(&Array::from_slice(&[1.0_f32], [1]));
    assert_eq!(Arc::strong_count(&count), before + 2);
    effects_barrier().unwrap();
    assert_eq!(clear_cache("living"), 2);
    assert_eq!(Arc::strong_count(&count), before);
    // It is traced again.
    assert_eq!(living(&scalar(2.0)).item::<f32>(), 2.0);
}

#[test]
fn a_program_that_is_dropped_while_it_runs_still_calls() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    #[nnx::jit(graph = false)]
    fn dropped(x: &Array) -> Array {
        let y = x.matmul(x).matmul(x);
        let count = |_: &Array| {
            CALLS.fetch_add(1, SeqCst);
        };
        debug::callback(count, &y.sum(..));
        y
    }
    if !calls_host() {
        return;
    }
    let x = nnx::array::eye(500, DType::F32);
    for _ in 0..5 {
        // The first run of a program is waited for.
        dropped(&x);
        let y = dropped(&x);
        clear_cache("dropped");
        assert_eq!(y.sum(..).item::<f32>(), 500.0);
    }
    effects_barrier().unwrap();
    assert_eq!(CALLS.load(SeqCst), 10);
}

#[test]
fn equal_eager_programs_that_print_are_one() {
    if !calls_host() {
        return;
    }
    let rows = Array::from_slice(&[1.0_f32, 2.0], [2]);
    let print = || vmap(|x: &Array| debug::print!("one program: {}", x), &rows, 0);
    let lines = printed("one program", || {
        print();
        let before = cached_programs();
        (0..50).for_each(|_| print());
        // Other tests make programs at the same time.
        assert!(cached_programs() < before + 50);
    });
    assert_eq!(lines.len(), 102);
}

#[test]
fn programs_with_callbacks_are_not_kept_on_disk() {
    #[nnx::jit(graph = false)]
    fn not_kept(x: &Array) -> Array {
        let y = pure_callback(|x: &Array| x.clone(), &Array::shape_only([64, 64], DType::F32), x);
        // Something that takes a while to compile.
        (0..20).fold(y, |y, i| (y.matmul(x) + i as f32).tanh())
    }
    if !calls_host() {
        return;
    }
    // Other tests use the cache at the same time: the folder is looked at for the name of the program.
    not_kept(&nnx::array::eye(64, DType::F32));
    let stats = cache_stats().unwrap();
    assert!(stats.written <= stats.compiled);
    let folder = std::env::var_os("NNX_CACHE").map(std::path::PathBuf::from);
    let entries = folder.into_iter().flat_map(std::fs::read_dir).flatten().flatten();
    for entry in entries {
        let bytes = std::fs::read(entry.path()).unwrap_or_default();
        let name = b"not_kept";
        assert!(!bytes.windows(name.len()).any(|part| part == name), "{:?}", entry.path());
    }
}

#[test]
fn many_threads_call_at_once() {
    const THREADS: usize = 8;
    const RUNS: usize = 50;
    #[nnx::jit(graph = false)]
    fn threads(x: &Array) -> Array {
        debug::print!("threads: {}", x);
        let y = pure_callback(
            |x: &Array| scalar(-x.item::<f32>()),
            &Array::shape_only((), DType::F32),
            x,
        );
        debug::print!("threads: {}", y);
        y
    }
    if !calls_host() {
        return;
    }
    let start = Barrier::new(THREADS);
    let lines = printed("threads", || {
        std::thread::scope(|scope| {
            for i in 0..THREADS {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    for run in 0..RUNS {
                        let x = (i * RUNS + run + 1) as f32;
                        assert_eq!(threads(&scalar(x)).item::<f32>(), -x);
                    }
                });
            }
        });
    });
    assert_eq!(lines.len(), THREADS * RUNS * 2);
    // Each run's lines are in order.
    for x in 1..=THREADS * RUNS {
        let at = |text: String| lines.iter().position(|line| *line == text).unwrap();
        assert!(at(format!("{x}.0")) < at(format!("-{x}.0")));
    }
}

#[test]
fn clearing_a_cache_is_safe_while_programs_print() {
    #[nnx::jit(graph = false)]
    fn cleared(x: &Array) -> Array {
        debug::print!("cleared: {}", x);
        x + 1.0
    }
    if !calls_host() {
        return;
    }
    let lines = printed("cleared", || {
        for i in 0..10 {
            cleared(&scalar(i as f32));
            clear_cache("cleared");
        }
    });
    let expected: Vec<String> = (0..10).map(|i| format!("{i}.0")).collect();
    assert_eq!(lines, expected);
}
