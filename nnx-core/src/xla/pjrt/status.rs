//! The plugin's errors and events, turned into ours.

use super::ffi;
use super::ffi::Functions;
use crate::error::{Error, Result};
use crate::xla::CODES;
use std::ptr::NonNull;

impl Functions {
    /// Turns what a function of the table returned into a result. `call` says what was asked and
    /// is only evaluated on failure.
    #[inline]
    pub(super) fn check(
        &self,
        error: *mut ffi::PjrtError,
        call: impl FnOnce() -> String,
    ) -> Result<()> {
        match NonNull::new(error) {
            None => Ok(()),
            Some(error) => Err(self.convert(error, call())),
        }
    }

    #[cold]
    fn convert(&self, error: NonNull<ffi::PjrtError>, call: String) -> Error {
        let (code, message) = self.describe(error);
        self.destroy_error(error.as_ptr());
        Error::Xla { call, code, message }
    }

    /// Code and message of an error that stays alive.
    fn describe(&self, error: NonNull<ffi::PjrtError>) -> (&'static str, String) {
        let mut message = ffi::ErrorMessageArgs::new();
        message.error = error.as_ptr();
        // SAFETY: the error is alive, and the message lives as long as it does.
        let text = unsafe {
            (self.error_message)(&mut message);
            text_from(message.message, message.message_size)
        };
        let mut code = ffi::ErrorCodeArgs::new();
        code.error = error.as_ptr();
        // SAFETY: the error is alive.
        let failed = unsafe { (self.error_get_code)(&mut code) };
        self.destroy_error(failed);
        let name = usize::try_from(code.code).ok().and_then(|code| CODES.get(code));
        (name.copied().unwrap_or("UNKNOWN"), text.trim_end().to_string())
    }

    /// Frees an error, or does nothing when it is null.
    pub(super) fn destroy_error(&self, error: *mut ffi::PjrtError) {
        if !error.is_null() {
            let mut args = ffi::ErrorDestroyArgs::new();
            args.error = error;
            // SAFETY: the plugin gave us this error to free, and nobody uses it after this.
            unsafe { (self.error_destroy)(&mut args) };
        }
    }

    /// Waits for an event and frees it. A null event is one that has already happened.
    pub(super) fn wait(
        &self,
        event: *mut ffi::PjrtEvent,
        call: impl FnOnce() -> String,
    ) -> Result<()> {
        if event.is_null() {
            return Ok(());
        }
        let mut wait = ffi::EventAwaitArgs::new();
        wait.event = event;
        // SAFETY: the plugin gave us this event, which is freed only below.
        let outcome = unsafe { (self.event_await)(&mut wait) };
        let mut destroy = ffi::EventDestroyArgs::new();
        destroy.event = event;
        // SAFETY: the event is ours to free and is not used again.
        let failed = unsafe { (self.event_destroy)(&mut destroy) };
        self.destroy_error(failed);
        self.check(outcome, call)
    }
}

/// A copy of the plugin's text.
///
/// # Safety
/// `text` is null or points to `size` readable bytes.
pub(super) unsafe fn text_from(text: *const std::ffi::c_char, size: usize) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: the caller's promise.
    let bytes = unsafe { std::slice::from_raw_parts(text.cast::<u8>(), size) };
    String::from_utf8_lossy(bytes).into_owned()
}
