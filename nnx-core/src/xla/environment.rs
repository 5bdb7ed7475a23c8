//! Environment variables that XLA reads when it is loaded or started.

use crate::error::{Error, Result};
use std::ffi::OsStr;

/// More CPU devices or threads than this are a mistake, and would take the machine down.
pub(super) const MAX_CPU_COUNT: usize = 1024;

/// XLA's log level: 0 writes information to stderr, 1 only warnings and errors.
const LOG_LEVEL: &str = "TF_CPP_MIN_LOG_LEVEL";
/// Number of threads of XLA's CPU client.
const CPU_THREADS: &str = "PJRT_NPROC";

/// Sets the environment up for starting XLA: no chatter on stderr, unless the user has set a
/// log level; the number of threads, if one is asked for. Gives whether there is to be no chatter.
///
/// As with every change of the environment, another thread that reads it at the same moment
/// through C (not through Rust's standard library, which takes a lock) may misread it. Programs
/// with such threads should make their client before starting them, or set the log level
/// themselves, in which case nothing is changed here.
///
/// # Errors
/// When the environment has a number of threads that is none, or too large: XLA starts them all.
pub(super) fn prepare(cpu_threads: Option<usize>) -> Result<bool> {
    if let (None, Some(given)) = (cpu_threads, std::env::var_os(CPU_THREADS)) {
        let given = given.to_string_lossy();
        let count = given.trim().parse::<usize>().ok();
        if !given.is_empty() && !count.is_some_and(|n| (1..=MAX_CPU_COUNT).contains(&n)) {
            return Err(Error::Invalid(format!(
                "{CPU_THREADS} is `{given}`; the number of CPU threads must be between 1 and \
                 {MAX_CPU_COUNT}"
            )));
        }
    }
    let quiet = std::env::var_os(LOG_LEVEL).is_none();
    if quiet {
        set(LOG_LEVEL, OsStr::new("1"));
    }
    if let Some(count) = cpu_threads {
        set(CPU_THREADS, OsStr::new(&count.to_string()));
    }
    Ok(quiet)
}

fn set(name: &str, value: &OsStr) {
    // SAFETY: Rust's own reads and writes are synchronized; for C's see `prepare`.
    unsafe { std::env::set_var(name, value) };
}

/// Adds a flag to those that XLA is given, unless the user has set it.
#[cfg(feature = "xla-rs")]
pub(super) fn add_flag(name: &str, value: &str) -> Result<()> {
    if let Some(flags) = super::flags::with(name, value)? {
        set(super::flags::VAR, OsStr::new(&flags));
    }
    Ok(())
}
