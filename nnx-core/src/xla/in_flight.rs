//! Work of XLA that is going on, and what ends it: the end of the process, which waits for it, and a
//! fork, which leaves it without its threads.
//!
//! `std::process::exit` destroys what the plugin keeps in static variables while the plugin's
//! threads are still using it: a segmentation fault now and then. So calls and runs are counted,
//! and the first thing that the exit does is to wait until there are none.

use crate::error::{Error, Result};
use std::cell::Cell;
use std::ffi::c_int;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Calls into the backend, and runs that they started, that are not over.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// What the process is doing.
static STATE: AtomicU8 = AtomicU8::new(RUNNING);
const RUNNING: u8 = 0;
const EXITING: u8 = 1;
/// This is the child of a process that had a client.
const FORKED: u8 = 2;

/// How long the exit waits at most: a run may have no end.
const PATIENCE: Duration = Duration::from_secs(30);

thread_local! {
    /// Whether this thread is the one that ends the process.
    static ENDS_PROCESS: Cell<bool> = const { Cell::new(false) };
}

/// One call or run, for as long as it lives.
pub(super) struct InFlight(());

impl InFlight {
    /// Starts a call. While the process ends, other threads than the one that ends it stop here for
    /// ever, as they would a moment later.
    ///
    /// # Errors
    /// In a forked child.
    #[inline]
    pub(super) fn start() -> Result<Self> {
        let call = Self::unchecked();
        match STATE.load(Ordering::SeqCst) {
            RUNNING => Ok(call),
            state => call.refuse(state),
        }
    }

    /// One more, where one has been started.
    #[inline]
    pub(super) fn unchecked() -> Self {
        COUNT.fetch_add(1, Ordering::SeqCst);
        InFlight(())
    }

    /// The end of one that was forgotten.
    pub(super) fn end() {
        drop(InFlight(()));
    }

    #[cold]
    fn refuse(self, state: u8) -> Result<Self> {
        if state == FORKED {
            return Err(Error::Unavailable(
                "this process is the fork of one that used XLA, whose threads a fork does not \
                 have, so that any operation would wait for ever: fork before the first array, or \
                 start a new process (`std::process::Command`)"
                    .into(),
            ));
        }
        if ENDS_PROCESS.try_with(Cell::get).unwrap_or(true) {
            return Ok(self);
        }
        drop(self);
        loop {
            std::thread::park();
        }
    }
}

impl Drop for InFlight {
    #[inline]
    fn drop(&mut self) {
        COUNT.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Whether this is a forked child, in which nothing of the backend may be called.
#[inline]
pub(super) fn is_forked() -> bool {
    STATE.load(Ordering::Relaxed) == FORKED
}

unsafe extern "C" {
    fn atexit(f: extern "C" fn()) -> c_int;
    #[cfg(unix)]
    fn pthread_atfork(
        prepare: Option<extern "C" fn()>,
        parent: Option<extern "C" fn()>,
        child: Option<extern "C" fn()>,
    ) -> c_int;
}

/// Takes note of forks from now on.
pub(super) fn watch_forks() {
    #[cfg(unix)]
    // SAFETY: the system's own function, given one that only stores a number. Without room for
    // another entry a fork goes unnoticed.
    let _ = unsafe { pthread_atfork(None, None, Some(note_fork)) };
}

#[cfg(unix)]
extern "C" fn note_fork() {
    STATE.store(FORKED, Ordering::SeqCst);
}

/// Lets the end of the process wait. To be called again after the backend has done something for
/// the first time: what it put into static variables by then is destroyed after the wait.
pub(super) fn wait_at_exit() {
    // SAFETY: C's own function, given one that does not unwind. Without room for another entry the
    // process ends as it would without this.
    let _ = unsafe { atexit(wait) };
}

extern "C" fn wait() {
    if is_forked() || ENDS_PROCESS.try_with(|ends| ends.set(true)).is_err() {
        return;
    }
    STATE.store(EXITING, Ordering::SeqCst);
    let start = Instant::now();
    let mut waited = false;
    while COUNT.load(Ordering::SeqCst) > 0 && start.elapsed() < PATIENCE {
        waited = true;
        std::thread::sleep(Duration::from_millis(1));
    }
    if waited {
        // The thread that said that a run is over has some steps left.
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::graph::Array;

    unsafe extern "C" {
        fn fork() -> i32;
        fn waitpid(pid: i32, status: *mut i32, options: i32) -> i32;
        fn _exit(status: i32) -> !;
    }

    const TEST: &str = "xla::in_flight::tests::a_forked_child_says_that_it_is_one";

    #[test]
    fn a_forked_child_says_that_it_is_one() {
        if std::env::var("NNX_TEST_CHILD").as_deref() != Ok(TEST) {
            let mut command = std::process::Command::new(std::env::current_exe().unwrap());
            command.args(["--exact", TEST, "--nocapture"]).env("NNX_TEST_CHILD", TEST);
            let output = command.output().unwrap();
            assert!(output.status.success(), "{output:?}");
            return;
        }
        let x = Array::from_slice(&[1.0_f32, 2.0], [2]);
        assert_eq!((&x + 1.0).to_vec::<f32>(), [2.0, 3.0]);
        // SAFETY: the child calls nothing that waits for a thread of the parent.
        match unsafe { fork() } {
            0 => {
                let refused = x.to_bytes().is_err_and(|e| e.to_string().contains("the fork of"));
                drop(x);
                // SAFETY: ends the child at once.
                unsafe { _exit(if refused { 7 } else { 1 }) }
            }
            child => {
                let mut status = 0;
                // SAFETY: waits for the child above.
                assert_eq!(unsafe { waitpid(child, &mut status, 0) }, child);
                assert_eq!(status >> 8, 7);
                // The parent goes on.
                assert_eq!((&x + 1.0).to_vec::<f32>(), [2.0, 3.0]);
            }
        }
    }
}
