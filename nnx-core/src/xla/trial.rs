//! A trial of what may end the process, in a process of its own.

use super::flags;
use crate::error::{Error, Result};

/// Tries `start`, which makes a client of `library`, if `XLA_FLAGS` holds flags: XLA ends the process over a flag
/// or a value that it does not like, and only XLA knows each flag's rules.
///
/// # Errors
/// [`Error::Invalid`] with the reason that XLA gave.
pub(super) fn of_flags(library: &str, start: impl FnOnce()) -> Result<()> {
    let names = flags::names()?;
    if names.is_empty() {
        return Ok(());
    }
    // Without another process, or a file for its words, the flags are taken as they are.
    let Some(words) = child::last_words(start) else { return Ok(()) };
    let flags: Vec<String> = names.iter().map(|name| format!("`--{name}`")).collect();
    let reason = reason(&words).unwrap_or_else(|| {
        format!("it cannot read {}, and does not say why", flags.join(" or the value of "))
    });
    Err(Error::Invalid(format!(
        "{}: XLA would end the process: {reason} (in {library}); correct the variable or unset it",
        flags::VAR
    )))
}

/// The reason in XLA's log: the text of the first line about an error that says more than that there was one.
fn reason(words: &str) -> Option<String> {
    let text = |line: &'_ str| {
        let level = line.strip_prefix(['E', 'F'])?;
        let says = level.starts_with(|c: char| c.is_ascii_digit());
        says.then(|| line.split_once("] ").map(|(_, text)| text.trim().to_string())).flatten()
    };
    words.lines().filter_map(text).find(|text| !text.contains("Flag parsing failed"))
}

#[cfg(unix)]
mod child {
    use std::ffi::c_int;
    use std::io::{Read, Seek};
    use std::os::fd::AsRawFd;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::time::{Duration, Instant};

    unsafe extern "C" {
        fn fork() -> c_int;
        fn waitpid(process: c_int, status: *mut c_int, options: c_int) -> c_int;
        fn kill(process: c_int, signal: c_int) -> c_int;
        fn dup2(from: c_int, to: c_int) -> c_int;
        fn _exit(code: c_int) -> !;
    }

    const WITHOUT_WAITING: c_int = 1;
    const KILL: c_int = 9;
    /// The longest that a trial may take; then it counts as a success.
    const LIMIT: Duration = Duration::from_secs(60);

    /// The output of a child that did not survive `trial`. `None` if it did, or could not be made.
    pub(super) fn last_words(trial: impl FnOnce()) -> Option<String> {
        let mut output = tempfile::tempfile().ok()?;
        let file = output.as_raw_fd();
        // SAFETY: the child has this thread alone. It calls the system, the loader and the plugin, and never
        // returns. glibc makes its memory usable in a child; where a lock is held for ever, the limit ends it.
        let process = unsafe { fork() };
        if process == 0 {
            // SAFETY: the file is open; the standard streams are the child's own.
            unsafe { (dup2(file, 1), dup2(file, 2)) };
            let _ = catch_unwind(AssertUnwindSafe(trial));
            // SAFETY: nothing of the parent, such as what it does at its end, is to run here.
            unsafe { _exit(0) }
        }
        if process < 0 || survived(process)? {
            return None;
        }
        let mut words = Vec::new();
        output.rewind().and_then(|()| output.read_to_end(&mut words)).ok()?;
        Some(String::from_utf8_lossy(&words).into_owned())
    }

    /// Waits for the child. `None` if the system does not tell.
    fn survived(process: c_int) -> Option<bool> {
        let start = Instant::now();
        let mut status = 0;
        loop {
            // SAFETY: the child is this process's, and nobody else waits for it.
            match unsafe { waitpid(process, &mut status, WITHOUT_WAITING) } {
                0 if start.elapsed() > LIMIT => {
                    // SAFETY: as above.
                    unsafe { (kill(process, KILL), waitpid(process, &mut status, 0)) };
                    return Some(true);
                }
                0 => std::thread::sleep(Duration::from_millis(2)),
                found if found == process => return Some(status == 0),
                _ => return None,
            }
        }
    }
}

#[cfg(not(unix))]
mod child {
    pub(super) fn last_words(_trial: impl FnOnce()) -> Option<String> {
        None
    }
}
