//! Functions of the host that compiled programs call while they run.
//!
//! A program names a callback by its number. The callback lives as long as somebody holds it: the executable of
//! the program, and each run of it that was not done when its call returned.

use crate::error::{Error, Result};
use crate::value::Aval;
use rustc_hash::FxHashMap;
use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Arc, LazyLock, RwLock, Weak};

/// The name by which programs call the host: the `call_target_name` of a typed custom call (`api_version` 4), whose
/// attribute [`CALLBACK_ID`] is the number of a [`Callback`].
pub(crate) const CALLBACK_TARGET: &str = "nnx_host_callback";
/// The attribute with the number of a callback.
pub(crate) const CALLBACK_ID: &str = "id";

/// From the operands' bytes to those of the results: dense, the last dimension fastest, little-endian, one byte per
/// bool. An error is the run's.
pub(crate) type CallbackBody =
    dyn Fn(&[&[u8]], &mut [&mut [u8]]) -> Result<(), String> + Send + Sync;

/// A function of the host, as one place of a program calls it.
pub(crate) struct Callback {
    id: i64,
    /// Its name and place, as errors put it.
    name: String,
    inputs: Vec<Aval>,
    outputs: Vec<Aval>,
    function: Box<CallbackBody>,
}

static CALLBACKS: LazyLock<RwLock<FxHashMap<i64, Weak<Callback>>>> =
    LazyLock::new(Default::default);

impl Callback {
    /// A callback of these operands and results, all of which have elements.
    pub(crate) fn new(
        name: String,
        inputs: Vec<Aval>,
        outputs: Vec<Aval>,
        function: Box<CallbackBody>,
    ) -> Arc<Self> {
        static NEXT: AtomicI64 = AtomicI64::new(1);
        let id = NEXT.fetch_add(1, Relaxed);
        let callback = Arc::new(Callback { id, name, inputs, outputs, function });
        let mut callbacks = CALLBACKS.write().unwrap_or_else(|e| e.into_inner());
        callbacks.insert(id, Arc::downgrade(&callback));
        callback
    }

    /// The number by which programs name it, for as long as it lives.
    pub(crate) fn id(&self) -> i64 {
        self.id
    }

    pub(super) fn inputs(&self) -> &[Aval] {
        &self.inputs
    }

    pub(super) fn outputs(&self) -> &[Aval] {
        &self.outputs
    }

    /// The callback with this number, if somebody holds it.
    pub(super) fn find(id: i64) -> Option<Arc<Callback>> {
        CALLBACKS.read().unwrap_or_else(|e| e.into_inner()).get(&id)?.upgrade()
    }

    /// Runs the function. A panic in it is an error; every error is logged, because nobody may read a result of
    /// the run.
    pub(super) fn run(&self, args: &[&[u8]], results: &mut [&mut [u8]]) -> Result<(), String> {
        let _running = RunningCallback::begin();
        let outcome = match catch_unwind(AssertUnwindSafe(|| (self.function)(args, results))) {
            Ok(outcome) => outcome,
            Err(payload) => Err(format!("it panicked: {}", message(payload))),
        };
        outcome.map_err(|why| {
            let message = format!("{} failed: {why}", self.name);
            tracing::error!(target: "nnx::callback", "{message}");
            message
        })
    }
}

impl Drop for Callback {
    fn drop(&mut self) {
        CALLBACKS.write().unwrap_or_else(|e| e.into_inner()).remove(&self.id);
    }
}

/// As in `the callback `debug::print!` at src/main.rs:3:5`.
impl fmt::Display for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Callback({}, {})", self.id, self.name)
    }
}

/// The message of a panic, whose payload is given up.
fn message(payload: Box<dyn Any + Send>) -> String {
    let text = if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_string()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else if let Some(error) = payload.downcast_ref::<Error>() {
        error.to_string()
    } else {
        "with a value that is not a text".to_string()
    };
    // The payload's own `drop` may panic.
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(again);
    }
    text
}

thread_local! {
    static RUNNING: Cell<usize> = const { Cell::new(0) };
}

/// A callback that runs on this thread.
struct RunningCallback;

impl RunningCallback {
    fn begin() -> Self {
        let _ = RUNNING.try_with(|running| running.set(running.get() + 1));
        RunningCallback
    }
}

impl Drop for RunningCallback {
    fn drop(&mut self) {
        let _ = RUNNING.try_with(|running| running.set(running.get().saturating_sub(1)));
    }
}

/// Whether a callback runs on this thread.
pub(crate) fn is_in_callback() -> bool {
    RUNNING.try_with(|running| running.get() > 0).unwrap_or(false)
}

/// Refuses a run of `name` inside of a callback.
#[inline]
pub(crate) fn refuse_inside(name: &str) -> Result<()> {
    if is_in_callback() { Err(refusal(name)) } else { Ok(()) }
}

#[cold]
fn refusal(name: &str) -> Error {
    Error::Unavailable(format!(
        "`{name}` cannot run inside of a callback: the program that waits for the callback holds threads that it needs, \
         and both could wait for ever\n\
         fixes:\n  \
         1. compute in Rust, with the elements (`x.to_vec::<f32>()`), and make an array of what comes out \
         (`Array::from_slice`)\n  \
         2. compute with arrays in the program, before or after the callback"
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn callback(function: Box<CallbackBody>) -> Arc<Callback> {
        Callback::new("the callback".into(), vec![], vec![], function)
    }

    #[test]
    fn a_callback_is_found_as_long_as_it_is_held() {
        let callback = callback(Box::new(|_, _| Ok(())));
        let id = callback.id();
        assert!(Callback::find(id).is_some());
        let again = callback.clone();
        drop(callback);
        assert!(Callback::find(id).is_some());
        drop(again);
        assert!(Callback::find(id).is_none());
    }

    #[test]
    fn panics_of_all_kinds_are_errors() {
        /// A payload that panics when it is dropped.
        struct Bad;
        impl Drop for Bad {
            fn drop(&mut self) {
                panic!("again");
            }
        }
        let failed = |function: Box<CallbackBody>| {
            let error = callback(function).run(&[], &mut []).unwrap_err();
            assert!(!is_in_callback());
            error
        };
        let error = failed(Box::new(|_, _| panic!("oh {}", 1)));
        assert_eq!(error, "the callback failed: it panicked: oh 1");
        let error = failed(Box::new(|_, _| std::panic::panic_any(Bad)));
        assert_eq!(error, "the callback failed: it panicked: with a value that is not a text");
        let invalid = Error::Invalid("no".into());
        let error = failed(Box::new(move |_, _| std::panic::panic_any(invalid.clone())));
        assert_eq!(error, "the callback failed: it panicked: no");
        assert_eq!(failed(Box::new(|_, _| Err("no".into()))), "the callback failed: no");
    }
}
