//! A process may end while programs run.

use super::child;
use nnx_core::{Array, DType, array, while_loop};

const MAIN: &str = "exit::a_process_may_exit_while_programs_run";
const THREAD: &str = "exit::a_process_may_exit_while_another_thread_runs_programs";

const MANY: &str = "exit::a_process_may_exit_while_many_threads_run_programs_of_all_lengths";

const LOOP: &str = "exit::a_process_may_exit_while_a_loop_runs_that_was_always_short";

/// A part of the warning that the end of a process gives when it waited for long enough.
const GIVEN_UP: &str = "the process ends though a program runs";

/// So many processes end.
const TRIES: usize = 25;

fn all_end_well(test: &str, tries: usize) {
    for attempt in 0..tries {
        let output = child::run(&mut child::command(test));
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(7), "{attempt}: {:?} {error}", output.status);
        assert!(!error.contains("panicked"), "{attempt}: {error}");
        // Nobody waits for a run that is over.
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(!said.contains(GIVEN_UP), "{attempt}: {said}");
    }
}

/// Starts runs that go on for a while.
fn start(x: &Array, runs: usize) {
    let mut y = x.clone();
    for _ in 0..runs {
        y = y.matmul(x) * 1e-3;
    }
}

#[test]
fn a_process_may_exit_while_programs_run() {
    if child::is(MAIN) {
        child::show_warnings("nnx::xla");
        start(&array::ones([400, 400], DType::F32), 20);
        std::process::exit(7);
    }
    all_end_well(MAIN, TRIES);
}

#[test]
fn a_process_may_exit_while_another_thread_runs_programs() {
    if child::is(THREAD) {
        child::show_warnings("nnx::xla");
        let (started, wait) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let (large, small) =
                (array::ones([300, 300], DType::F32), array::ones([3], DType::F32));
            for i in 0.. {
                start(&large, 2);
                assert_eq!((&small + 1.0).sum(..).item::<f32>(), 6.0);
                if i == 3 {
                    started.send(()).unwrap();
                }
            }
        });
        wait.recv().unwrap();
        std::process::exit(7);
    }
    all_end_well(THREAD, TRIES);
}

/// Only its arguments say how long a loop goes on.
#[test]
fn a_process_may_exit_while_a_loop_runs_that_was_always_short() {
    if child::is(LOOP) {
        child::show_warnings("nnx::xla");
        let x = array::ones([64, 64], DType::F32);
        let powers = |n: i32| {
            while_loop(
                |(left, ..): &(Array, Array, Array)| left.gt(0),
                |(left, x, y)| (left - 1, x.clone(), y.matmul(&x) * 1e-2),
                (Array::scalar(n), x.clone(), x.clone()),
            )
        };
        for _ in 0..40 {
            powers(1);
        }
        powers(3000);
        std::process::exit(7);
    }
    all_end_well(LOOP, TRIES);
}

/// Quick and slow runs of the same programs from many threads: what is counted as in flight is right at any
/// moment at which the process ends, and nobody waits for a run that is over.
#[test]
fn a_process_may_exit_while_many_threads_run_programs_of_all_lengths() {
    if child::is(MANY) {
        child::show_warnings("nnx::xla");
        let (started, wait) = std::sync::mpsc::channel();
        for thread in 0..6_usize {
            let started = started.clone();
            std::thread::spawn(move || {
                for i in 0.. {
                    let n = [2, 3, 150, 200][(i + thread) % 4];
                    let x = array::ones([n, n], DType::F32);
                    start(&x, 1 + i % 3);
                    if i % 5 == thread % 5 {
                        assert_eq!((&x + 1.0).sum(..).item::<f32>(), (2 * n * n) as f32);
                    }
                    if i == 12 {
                        started.send(()).unwrap();
                    }
                }
            });
        }
        (0..6).for_each(|_| wait.recv().unwrap());
        std::process::exit(7);
    }
    all_end_well(MANY, TRIES / 3);
}
