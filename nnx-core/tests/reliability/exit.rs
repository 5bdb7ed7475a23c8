//! A process may end while programs run.

use super::child;
use nnx_core::{Array, DType, array};

const MAIN: &str = "exit::a_process_may_exit_while_programs_run";
const THREAD: &str = "exit::a_process_may_exit_while_another_thread_runs_programs";

/// So many processes end.
const TRIES: usize = 25;

fn all_end_well(test: &str) {
    for attempt in 0..TRIES {
        let output = child::run(&mut child::command(test));
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(7), "{attempt}: {:?} {error}", output.status);
        assert!(!error.contains("panicked"), "{attempt}: {error}");
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
        start(&array::ones([400, 400], DType::F32), 20);
        std::process::exit(7);
    }
    all_end_well(MAIN);
}

#[test]
fn a_process_may_exit_while_another_thread_runs_programs() {
    if child::is(THREAD) {
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
    all_end_well(THREAD);
}
