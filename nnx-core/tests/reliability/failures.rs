//! Calls at the ends of the integers: each gives a result, or a refusal.

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};

/// Calls that did not go as they should.
#[derive(Default)]
pub(super) struct Failures(pub(super) Vec<String>);

impl Failures {
    /// Requires a result, or a refusal that names an operation and a line of the test.
    #[track_caller]
    pub(super) fn check<R>(&mut self, call: &str, argument: impl Debug, f: impl FnOnce() -> R) {
        self.check_line(Location::caller().file(), call, argument, f);
    }

    /// As `check`, where the line is that of the panic alone.
    pub(super) fn check_name<R>(
        &mut self,
        call: &str,
        argument: impl Debug,
        f: impl FnOnce() -> R,
    ) {
        self.check_line("", call, argument, f);
    }

    fn check_line<R>(
        &mut self,
        file: &str,
        call: &str,
        argument: impl Debug,
        f: impl FnOnce() -> R,
    ) {
        let outcome = catch_unwind(AssertUnwindSafe(|| drop(f())));
        let Err(payload) = outcome else { return };
        let message = match payload.downcast::<String>() {
            Ok(message) => *message,
            Err(payload) => payload.downcast::<&str>().map_or(String::new(), |text| (*text).into()),
        };
        if !message.contains(file) || !message.contains(": ") {
            self.0.push(format!("{call}({argument:?}): {message}"));
        }
    }
}

macro_rules! each {
    (@ $failures:ident.$check:ident, $argument:ident, $($call:expr;)*) => {
        $($failures.$check(stringify!($call), $argument, || $call);)*
    };
    ($failures:ident, $argument:ident, $($call:expr;)*) => {
        each!(@ $failures.check, $argument, $($call;)*)
    };
}
