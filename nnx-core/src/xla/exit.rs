//! The end of the process. A backend's threads would go on working while the library that they belong to is
//! taken down, and end in a segmentation fault: the end waits for calls and runs in progress.

use super::fork;
use super::{callback, client};
use crate::error::{Error, Result};
use std::ffi::c_int;
#[cfg(target_env = "gnu")]
use std::ffi::c_void;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

/// Calls of the backend in progress.
static CALLS: AtomicUsize = AtomicUsize::new(0);
/// Whether the process is ending.
static ENDING: AtomicBool = AtomicBool::new(false);
/// The thread that ends it.
static LAST_THREAD: OnceLock<ThreadId> = OnceLock::new();

/// A run that takes longer than this is given up: the process may end in a fault then.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks at what is in progress.
const PAUSE: Duration = Duration::from_millis(1);

/// A call of the backend in progress.
#[must_use]
pub(super) struct Calling(());

/// Must be called before anything of the backend, and the result kept until it has returned.
///
/// # Errors
/// Returns an error in a forked child, and on the thread that ends the process. On any other thread of a
/// process that is ending this does not return.
#[inline]
pub(super) fn calling() -> Result<Calling> {
    fork::check()?;
    // Either this is seen by the end of the process, or that is seen here.
    CALLS.fetch_add(1, Ordering::SeqCst);
    let calling = Calling(());
    // The end waits for callbacks of runs in progress.
    if ENDING.load(Ordering::SeqCst) && !callback::is_in_callback() {
        drop(calling);
        return Err(ended());
    }
    Ok(calling)
}

impl Drop for Calling {
    #[inline]
    fn drop(&mut self) {
        CALLS.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Whether nothing of the backend may be called any more, not even to free something.
#[inline]
pub(super) fn is_over() -> bool {
    fork::is_forked() || ENDING.load(Ordering::Relaxed)
}

#[cold]
fn ended() -> Error {
    while LAST_THREAD.get().is_some_and(|&last| last != std::thread::current().id()) {
        // An error would be reported, or retried, by a program that has ended.
        std::thread::park();
    }
    Error::Unavailable("the process is ending, so that nothing can be computed any more".into())
}

#[cfg(target_env = "gnu")]
unsafe extern "C" {
    fn on_exit(end: extern "C" fn(c_int, *mut c_void), argument: *mut c_void) -> c_int;
    fn _exit(status: c_int) -> !;
    fn fflush(stream: *mut c_void) -> c_int;
}

#[cfg(not(target_env = "gnu"))]
unsafe extern "C" {
    fn atexit(end: extern "C" fn()) -> c_int;
}

/// Has the end of the process wait from now on. The state that a library has set up since the
/// last such call is taken down before the wait, so that this is called again after the first run of each program.
#[cold]
pub(super) fn watch() {
    // The system keeps each entry to the end. After so many programs a library has set up what it needs.
    static ENTRIES: AtomicUsize = AtomicUsize::new(0);
    let entries = ENTRIES.fetch_add(1, Ordering::Relaxed);
    if entries > 1000 && !entries.is_multiple_of(1000) {
        return;
    }
    // SAFETY: the system's own function, given one that may be called once the process ends. Without
    // room for another entry the end does not wait.
    #[cfg(target_env = "gnu")]
    let _ = unsafe { on_exit(end_with, std::ptr::null_mut()) };
    // SAFETY: as above.
    #[cfg(not(target_env = "gnu"))]
    let _ = unsafe { atexit(end) };
}

/// The end with this status.
#[cfg(target_env = "gnu")]
extern "C" fn end_with(status: c_int, _: *mut c_void) {
    if callback::is_in_callback() {
        // The run that this is a part of cannot be waited for, and the library cannot be taken down under it.
        let _ = std::io::Write::flush(&mut std::io::stdout());
        // SAFETY: all open streams are written out, and the process ends without the steps that are left.
        unsafe {
            fflush(std::ptr::null_mut());
            _exit(status)
        }
    }
    end();
}

extern "C" fn end() {
    if fork::is_forked() || ENDING.load(Ordering::SeqCst) || callback::is_in_callback() {
        return;
    }
    let _ = LAST_THREAD.set(std::thread::current().id());
    ENDING.store(true, Ordering::SeqCst);
    let deadline = Instant::now() + PATIENCE;
    // At least once: what frees memory on another thread is not counted, and short.
    std::thread::sleep(PAUSE);
    let is_busy = || {
        CALLS.load(Ordering::SeqCst) > 0
            || client::running().is_some_and(|runtime| runtime.has_runs_in_flight())
    };
    while is_busy() {
        if Instant::now() > deadline {
            let seconds = PATIENCE.as_secs();
            tracing::warn!(
                target: "nnx::xla",
                "the process ends though a program runs for {seconds} s since: it may end in a fault"
            );
            return;
        }
        std::thread::sleep(PAUSE);
    }
}
