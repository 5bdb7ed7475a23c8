//! Environment variables that plugins read when they are loaded.

/// XLA's log level: 0 writes information to stderr, 1 only warnings and errors.
const LOG_LEVEL: &str = "TF_CPP_MIN_LOG_LEVEL";

/// Sets the environment up for loading a plugin.
///
/// Called once a process, and before any plugin is loaded. As with every change of the
/// environment, another thread that reads it at the same moment through C (not through Rust's
/// standard library, which takes a lock) may misread it: programs that do so should make their
/// client first, or set the variable themselves, in which case it is left alone.
pub(super) fn prepare() {
    if std::env::var_os(LOG_LEVEL).is_none() {
        // SAFETY: see above; Rust's own reads and writes are synchronized.
        unsafe { std::env::set_var(LOG_LEVEL, "1") };
    }
}
