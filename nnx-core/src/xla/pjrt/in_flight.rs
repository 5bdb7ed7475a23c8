//! Runs in progress: the plugin tells of each when it is done, by an event.

use super::ffi;
use super::ffi::Functions;
use crate::error::{Error, Result};
use crate::xla::callback::Callback;
use crate::xla::exit;
use crate::xla::runtime::Habits;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

/// The events of runs that were still going on when their calls returned.
pub(super) struct InFlight {
    events: Mutex<Vec<RunEvent>>,
    /// How many events there are, for a look without the lock.
    count: AtomicUsize,
    /// The first failure of a run that calls the host since somebody asked.
    failure: Mutex<Option<Error>>,
    /// One thread at a time waits for callbacks.
    waiting: Mutex<()>,
}

/// The functions of the host that a run calls.
type Callbacks = Arc<[Arc<Callback>]>;

/// An event that nobody else has, and what its run calls.
struct RunEvent(NonNull<ffi::PjrtEvent>, Callbacks);

// SAFETY: PJRT events may be used from any thread.
unsafe impl Send for RunEvent {}

/// So many events are kept before those that have happened are looked for.
const MANY: usize = 16;

/// There is room for so many from the start: a call allocates nothing for its event.
const ROOM: usize = 256;

impl InFlight {
    pub(super) fn new() -> Self {
        InFlight {
            events: Mutex::new(Vec::with_capacity(ROOM)),
            count: AtomicUsize::new(0),
            failure: Mutex::default(),
            waiting: Mutex::default(),
        }
    }

    /// Whether a run is to have an event. One of a program that is done when its call returns needs none,
    /// unless it may have to wait for another.
    #[inline]
    pub(super) fn wants_event(&self, habits: &Habits) -> bool {
        !habits.is_quick() || self.count.load(Relaxed) > 0
    }

    /// Takes the event of a run that was started.
    #[cold]
    pub(super) fn add(&self, functions: &Functions, event: *mut ffi::PjrtEvent, habits: &Habits) {
        let Some(event) = NonNull::new(event) else { return };
        let run = RunEvent(event, habits.callbacks.clone());
        if habits.is_first() {
            // A program's first run sets up what its kind of program needs. The end of the process takes
            // that down before it waits, unless it is told again to wait. A failure shows where a result
            // is read.
            self.finish(functions, &run);
            habits.note_first();
            exit::watch();
            return;
        }
        if is_ready(functions, event) {
            self.finish(functions, &run);
            habits.note(true);
            if self.count.load(Relaxed) > 0 {
                let mut events = self.lock();
                let done = self.sweep(functions, &mut events);
                drop(events);
                drop(done);
            }
            return;
        }
        habits.note(false);
        let mut events = self.lock();
        let done = match events.len() >= MANY {
            true => self.sweep(functions, &mut events),
            false => Vec::new(),
        };
        events.push(run);
        self.count.store(events.len(), Relaxed);
        drop(events);
        drop(done);
    }

    /// Waits for the runs that call the host, those that were started up to now.
    ///
    /// # Errors
    /// Returns the first failure of one of them, or of one before them since the last time.
    pub(super) fn wait_for_callbacks(&self, functions: &Functions) -> Result<()> {
        // Another thread may wait for runs that are not in the list any more.
        let _one = self.waiting.lock().unwrap_or_else(|e| e.into_inner());
        let mut events = self.lock();
        let calls = |run: &mut RunEvent| !run.1.is_empty();
        let runs: Vec<RunEvent> = events.extract_if(.., calls).collect();
        self.count.store(events.len(), Relaxed);
        drop(events);
        runs.iter().for_each(|run| self.finish(functions, run));
        let failure = self.failure.lock().unwrap_or_else(|e| e.into_inner()).take();
        // Values of closures may run any code when they are dropped: not under the lock.
        drop(_one);
        drop(runs);
        failure.map_or(Ok(()), Err)
    }

    /// Whether some runs are not done.
    pub(super) fn any(&self, functions: &Functions) -> bool {
        let mut events = self.lock();
        let done = self.sweep(functions, &mut events);
        let any = !events.is_empty();
        drop(events);
        drop(done);
        any
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<RunEvent>> {
        self.events.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Lets go of the events that have happened. Gives what their runs called on the host, which may do anything when
    /// it is dropped: not under the lock.
    fn sweep(&self, functions: &Functions, events: &mut Vec<RunEvent>) -> Vec<Callbacks> {
        let mut done = Vec::new();
        events.retain(|run| {
            let ready = is_ready(functions, run.0);
            if ready {
                self.finish(functions, run);
                if !run.1.is_empty() {
                    done.push(run.1.clone());
                }
            }
            !ready
        });
        self.count.store(events.len(), Relaxed);
        done
    }

    /// Waits for a run, whose event is freed, and takes note of its failure if it calls the host.
    fn finish(&self, functions: &Functions, run: &RunEvent) {
        let what = || "a run with callbacks".to_string();
        let outcome = functions.wait(run.0.as_ptr(), what);
        if let Err(error) = outcome
            && !run.1.is_empty()
        {
            let mut failure = self.failure.lock().unwrap_or_else(|e| e.into_inner());
            failure.get_or_insert(error);
        }
    }
}

/// Whether an event has happened; one that cannot be asked counts as one that has.
fn is_ready(functions: &Functions, event: NonNull<ffi::PjrtEvent>) -> bool {
    let Some(event_is_ready) = functions.event_is_ready else { return true };
    let mut args = ffi::EventIsReadyArgs::new();
    args.event = event.as_ptr();
    // SAFETY: the event is alive.
    let error = unsafe { event_is_ready(&mut args) };
    functions.check(error, String::new).is_err() || args.is_ready
}
