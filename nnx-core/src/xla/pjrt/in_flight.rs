//! Runs in progress: the plugin tells of each when it is done, by an event.

use super::ffi;
use super::ffi::Functions;
use crate::xla::exit;
use crate::xla::runtime::Habits;
use std::ptr::NonNull;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The events of runs that were still going on when their calls returned.
pub(super) struct InFlight {
    events: Mutex<Vec<RunEvent>>,
    /// How many events there are, for a look without the lock.
    count: AtomicUsize,
}

/// An event that nobody else has.
struct RunEvent(NonNull<ffi::PjrtEvent>);

// SAFETY: PJRT events may be used from any thread.
unsafe impl Send for RunEvent {}

/// So many events are kept before those that have happened are looked for.
const MANY: usize = 16;

/// There is room for so many from the start: a call allocates nothing for its event.
const ROOM: usize = 256;

impl InFlight {
    pub(super) fn new() -> Self {
        InFlight { events: Mutex::new(Vec::with_capacity(ROOM)), count: AtomicUsize::new(0) }
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
        if habits.is_first() {
            // A program's first run sets up what its kind of program needs. The end of the process takes
            // that down before it waits, unless it is told again to wait. A failure shows where a result
            // is read.
            let _ = functions.wait(event, String::new);
            habits.note_first();
            exit::watch();
            return;
        }
        let Some(event) = NonNull::new(event) else { return };
        if is_ready(functions, event) {
            destroy(functions, event);
            habits.note(true);
            if self.count.load(Relaxed) > 0 {
                self.sweep(functions, &mut self.lock());
            }
            return;
        }
        habits.note(false);
        let mut events = self.lock();
        if events.len() >= MANY {
            self.sweep(functions, &mut events);
        }
        events.push(RunEvent(event));
        self.count.store(events.len(), Relaxed);
    }

    /// Whether some runs are not done.
    pub(super) fn any(&self, functions: &Functions) -> bool {
        let mut events = self.lock();
        self.sweep(functions, &mut events);
        !events.is_empty()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<RunEvent>> {
        self.events.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Lets go of the events that have happened.
    fn sweep(&self, functions: &Functions, events: &mut Vec<RunEvent>) {
        events.retain(|event| {
            let ready = is_ready(functions, event.0);
            if ready {
                destroy(functions, event.0);
            }
            !ready
        });
        self.count.store(events.len(), Relaxed);
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

fn destroy(functions: &Functions, event: NonNull<ffi::PjrtEvent>) {
    let mut args = ffi::EventDestroyArgs::new();
    args.event = event.as_ptr();
    // SAFETY: nobody else has the event.
    let error = unsafe { (functions.event_destroy)(&mut args) };
    functions.destroy_error(error);
}
