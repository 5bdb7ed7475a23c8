//! Jitted functions called from many threads.

use super::jit_support::*;
use nnx::{Array, Param};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

const THREADS: usize = 8;

#[test]
fn concurrent_first_calls_trace_and_compile_once_and_the_others_are_hits() {
    #[nnx::jit(graph = false)]
    fn first_calls(net: &mut Net, x: &Array) -> Array {
        let cell = &mut net.blocks[0].cells[0];
        let next = &cell.kernel + x;
        cell.kernel.set(next);
        cell.kernel.exp().log()
    }
    let start = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        for i in 0..THREADS {
            let start = &start;
            scope.spawn(move || {
                let mut net = net();
                start.wait();
                let y = first_calls(&mut net, &scalar(i as f32));
                assert!((y.item::<f32>() - (1.0 + i as f32)).abs() < 1e-5);
                assert_eq!(net.blocks[0].cells[0].kernel.item::<f32>(), 1.0 + i as f32);
            });
        }
    });
    let stats = stats("first_calls");
    assert_eq!((stats.traces, stats.compiles, stats.hits), (1, 1, THREADS as u64 - 1));
}

#[test]
fn later_calls_on_different_state_run_at_once_with_right_results() {
    #[nnx::jit(graph = false)]
    fn accumulate(net: &mut Net, x: &Array) {
        let cell = &mut net.blocks[1].cells[1];
        let next = &cell.count + x;
        cell.count.set(next);
    }
    accumulate(&mut net(), &scalar(0.0));
    let start = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        for i in 0..THREADS {
            let start = &start;
            scope.spawn(move || {
                let (mut net, x) = (net(), scalar(i as f32));
                let before = net.blocks[1].cells[1].count.item::<f32>();
                start.wait();
                for _ in 0..50 {
                    accumulate(&mut net, &x);
                }
                let sum = net.blocks[1].cells[1].count.item::<f32>() - before;
                assert_eq!(sum, 50.0 * i as f32);
            });
        }
    });
    assert_eq!(traces("accumulate"), 1);
}

#[test]
fn keys_may_differ_between_threads() {
    #[nnx::jit(graph = false)]
    fn of_length(v: &mut Param, n: usize) -> Array {
        let next = &*v * n;
        v.set(next);
        v.sum(..)
    }
    let start = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        for i in 0..THREADS {
            let start = &start;
            scope.spawn(move || {
                let n = i / 2 + 1;
                let mut v = Param::new(f32s(&vec![1.0; n]));
                start.wait();
                assert_eq!(of_length(&mut v, n).item::<f32>(), (n * n) as f32);
            });
        }
    });
    assert_eq!(traces("of_length"), THREADS as u64 / 2);
}

/// Waits in its trace for another call to run: nothing that is held while tracing may be needed by
/// calls that find their executable.
#[test]
fn a_call_that_hits_does_not_wait_for_a_trace() {
    static SLOW: AtomicBool = AtomicBool::new(false);
    static TRACING: Barrier = Barrier::new(2);
    static DONE: Barrier = Barrier::new(2);
    #[nnx::jit(graph = false)]
    fn slow_to_trace(x: &Array) -> Array {
        if SLOW.load(SeqCst) {
            TRACING.wait();
            DONE.wait();
        }
        x + 1.0
    }
    slow_to_trace(&scalar(1.0));
    SLOW.store(true, SeqCst);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| slow_to_trace(&f32s(&[1.0])).to_vec::<f32>());
        TRACING.wait();
        assert_eq!(slow_to_trace(&scalar(2.0)).item::<f32>(), 3.0);
        DONE.wait();
        assert_eq!(other.join().unwrap(), [2.0]);
    });
}

/// A Variable whose owner waits for another thread when its key is compared and when it is updated.
struct Meeting(Param);

/// Waits until two threads are in `place` at once.
fn meet(place: &AtomicUsize) {
    if MEET.load(SeqCst) {
        place.fetch_add(1, SeqCst);
        while place.load(SeqCst) < 2 {
            std::thread::yield_now();
        }
    }
}

static MEET: AtomicBool = AtomicBool::new(false);
static COMPARING: AtomicUsize = AtomicUsize::new(0);
static UPDATING: AtomicUsize = AtomicUsize::new(0);

#[allow(clippy::derived_hash_with_manual_eq, reason = "there is only one value")]
#[derive(Clone, Hash, Eq)]
struct Compared;

impl PartialEq for Compared {
    fn eq(&self, _: &Compared) -> bool {
        meet(&COMPARING);
        true
    }
}

impl nnx::Module for Meeting {
    const SCHEMA: &'static nnx::module::Schema = <Param as nnx::Module>::SCHEMA;
    fn flatten<V: nnx::module::Visitor>(&self, visitor: &mut V) {
        self.0.flatten(visitor);
    }
    fn flatten_mut<V: nnx::module::VisitorMut>(&mut self, visitor: &mut V) {
        meet(&UPDATING);
        self.0.flatten_mut(visitor);
    }
    fn unflatten<L: nnx::module::Leaves>(&self, leaves: &mut L) -> Self {
        Meeting(self.0.unflatten(leaves))
    }
}

#[test]
fn later_calls_overlap_from_the_comparison_of_the_key_to_the_update_of_the_state() {
    #[nnx::jit(graph = false)]
    fn overlapping(state: &mut Meeting, #[nnx(static)] compared: Compared) {
        let Compared = compared;
        let next = &state.0 + 1.0;
        state.0.set(next);
    }
    let state = || Meeting(Param::new(scalar(1.0)));
    overlapping(&mut state(), Compared);
    MEET.store(true, SeqCst);
    // Calls that wait for each other's end never come out of this.
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut state = state();
                overlapping(&mut state, Compared);
                assert_eq!(state.0.item::<f32>(), 2.0);
            });
        }
    });
    assert_eq!((COMPARING.load(SeqCst), UPDATING.load(SeqCst)), (2, 2));
    assert_eq!((traces("overlapping"), stats("overlapping").hits), (1, 2));
}

#[test]
fn a_first_call_that_panics_leaves_the_function_to_the_others() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    #[nnx::jit(graph = false)]
    fn fails_once(x: &Array) -> Array {
        assert!(CALLS.fetch_add(1, SeqCst) > 0, "the first trace");
        x * 2.0
    }
    let start = Barrier::new(THREADS);
    let failed: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    fails_once(&scalar(3.0)).item::<f32>()
                })
            })
            .collect();
        let results = threads.into_iter().map(|thread| thread.join());
        results.filter(|result| !matches!(result, Ok(6.0))).count()
    });
    assert_eq!(failed, 1);
    assert_eq!(CALLS.load(SeqCst), 2);
}

#[test]
fn state_may_move_between_threads() {
    #[nnx::jit(graph = false)]
    fn step(net: &mut Net) {
        let next = &net.head.0 + 1.0;
        net.head.0.set(next);
    }
    let mut net = net();
    let before = net.head.0.item::<f32>();
    for _ in 0..3 {
        step(&mut net);
        net = std::thread::spawn(move || {
            step(&mut net);
            net
        })
        .join()
        .unwrap();
    }
    assert_eq!(net.head.0.item::<f32>(), before + 6.0);
}

/// Two shapes of one function are traced at the same time: each waits for the other in its body.
#[test]
fn two_keys_of_one_function_are_traced_at_the_same_time() {
    static INSIDE: Barrier = Barrier::new(2);
    #[nnx::jit(graph = false)]
    fn meets(x: &Array) -> Array {
        INSIDE.wait();
        x.sum(..)
    }
    std::thread::scope(|scope| {
        for n in [2, 3] {
            scope.spawn(move || {
                assert_eq!(meets(&nnx::array::ones([n], nnx::DType::F32)).item::<f32>(), n as f32);
            });
        }
    });
    assert_eq!(traces("meets"), 2);
}

/// A body may wait for a thread that calls the function with another key.
#[test]
fn a_body_that_waits_for_another_key_of_its_own_function_ends() {
    #[nnx::jit(graph = false)]
    fn nested(x: &Array, #[nnx(static)] depth: usize) -> Array {
        if depth == 0 {
            return x + 1.0;
        }
        let inner = std::thread::spawn(|| nested(&scalar(1.0), 0).item::<f32>());
        x + f64::from(inner.join().unwrap())
    }
    assert_eq!(nested(&scalar(1.0), 1).item::<f32>(), 3.0);
    assert_eq!(traces("nested"), 2);
}
