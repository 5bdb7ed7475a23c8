//! How long callbacks live, and what is kept of them: caches, threads, many runs.

use super::callbacks_support::{calls_host, printed};
use super::jit_support::in_own_process;
use nnx::jit::{cached_programs, clear_cache};
use nnx::xla::{ClientOptions, DiskCache, cache_stats, init};
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
fn programs_with_callbacks_are_neither_kept_on_disk_nor_loaded() {
    /// Something that takes a while to compile.
    fn layers(x: &Array) -> Array {
        (0..20).fold(x.clone(), |y, i| (y.matmul(x) + i as f32).tanh())
    }
    #[nnx::jit(graph = false)]
    fn kept(x: &Array) -> Array {
        layers(x)
    }
    #[nnx::jit(graph = false)]
    fn not_kept(x: &Array) -> Array {
        let shape = Array::shape_only([64, 64], DType::F32);
        layers(&pure_callback(|x: &Array| x.clone(), &shape, x))
    }
    in_own_process(
        "callbacks_life::programs_with_callbacks_are_neither_kept_on_disk_nor_loaded",
        || {
            let folder = tempfile::tempdir().unwrap();
            let cache = DiskCache::Folder(folder.path().join("cache"));
            init(ClientOptions::new().cache(cache)).unwrap();
            if !calls_host() {
                return;
            }
            let x = nnx::array::zeros([64, 64], DType::F32);
            kept(&x);
            let before = cache_stats().unwrap();
            assert!(before.written > 0, "{before:?}");
            for _ in 0..2 {
                assert_eq!(not_kept(&x).shape(), [64, 64]);
                assert_eq!(cache_stats().unwrap(), before);
                clear_cache("not_kept");
            }
        },
    );
}

/// The end of the process waits for callbacks that are still to come.
#[test]
fn a_process_that_ends_prints_the_rest() {
    const NAME: &str = "callbacks_life::a_process_that_ends_prints_the_rest";
    #[nnx::jit(graph = false)]
    fn long(x: &Array) -> Array {
        let y = (0..6).fold(x.clone(), |y, _| y.matmul(x));
        debug::print!("the end: {}", y.sum(..));
        y
    }
    if !calls_host() {
        return;
    }
    if std::env::var_os("NNX_TEST_ENDS").is_some() {
        let x = nnx::array::eye(600, DType::F32);
        long(&x);
        long(&x);
        std::process::exit(7);
    }
    let start = std::time::Instant::now();
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    let output = child.args(["--exact", NAME, "--nocapture"]).env("NNX_TEST_ENDS", "1").output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(text.matches("the end: 600.0\n").count(), 2, "{output:?}");
    assert!(start.elapsed().as_secs() < 25, "the end waits for nothing that goes on");
}

/// The run that a callback is a part of is not waited for.
#[test]
fn a_callback_may_end_the_process() {
    const NAME: &str = "callbacks_life::a_callback_may_end_the_process";
    #[nnx::jit(graph = false)]
    fn ends(x: &Array) -> Array {
        debug::callback(|x: &Array| std::process::exit(x.item::<f32>() as i32), x);
        x + 1.0
    }
    if !calls_host() {
        return;
    }
    if std::env::var_os("NNX_TEST_ENDS").is_some() {
        print!("not lost");
        ends(&scalar(9.0)).item::<f32>();
        return;
    }
    let start = std::time::Instant::now();
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    let output = child.args(["--exact", NAME, "--nocapture"]).env("NNX_TEST_ENDS", "1").output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(9), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("not lost"), "{output:?}");
    assert!(start.elapsed().as_secs() < 25, "the end waits for nothing that goes on");
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
