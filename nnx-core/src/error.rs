//! The one error type of the library.

use std::cell::Cell;
use std::panic::Location;
use std::path::PathBuf;

/// The result of a fallible call of this library.
///
/// ```
/// use nnx::{Array, Result};
///
/// fn first(x: &Array) -> Result<f32> {
///     Ok(x.try_to_vec::<f32>()?[0])
/// }
///
/// assert_eq!(first(&Array::from([2.0_f32, 3.0])).unwrap(), 2.0);
/// assert!(first(&Array::from([2, 3])).is_err()); // integers
/// ```
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong, by where it went wrong.
///
/// ```
/// use nnx::{Array, Error};
///
/// #[nnx::jit]
/// fn sum(x: &Array, y: &Array) -> nnx::Result<Array> {
///     Ok(x + y)
/// }
///
/// match sum(&Array::from([1.0_f32, 2.0]), &Array::from([1.0_f32, 2.0, 3.0])) {
///     Err(Error::Op { op, location, .. }) => println!("{op} at line {}", location.line()),
///     other => panic!("{other:?}"), // two and three elements do not fit
/// }
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An operation was given shapes, dtypes or values that it cannot take.
    #[error("{op}: {message}\n  at {location}")]
    Op {
        /// Name of the operation as users call it.
        op: String,
        /// The operands and the rule that was broken.
        message: String,
        /// The user's line.
        location: &'static Location<'static>,
    },
    /// An array cannot be read: it was traced, donated, or holds no value.
    #[error("{0}")]
    Unavailable(String),
    /// No PJRT plugin was found.
    #[error("{0}")]
    NoPlugin(String),
    /// A PJRT plugin cannot be used.
    #[error("the PJRT plugin {path} cannot be used: {reason}")]
    Plugin {
        /// The shared library.
        path: PathBuf,
        /// The fault of the plugin, and how to fix it.
        reason: String,
    },
    /// XLA refused a request or failed while it carried one out.
    #[error("XLA: {call} failed ({code}): {message}")]
    Xla {
        /// The request to XLA.
        call: String,
        /// The status code's name, as `INVALID_ARGUMENT`.
        code: &'static str,
        /// XLA's message.
        message: String,
    },
    /// A file or folder cannot be read or written.
    #[error("{path}: {message}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The attempt, and the system's message.
        message: String,
    },
    /// A checkpoint is broken, or does not fit what it is loaded into.
    #[error("{path}: {message}")]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// The mistakes, with every path concerned.
        message: String,
    },
    /// The rules of `jit` were broken by the function's body or arguments.
    #[error("{function}: {message}")]
    Jit {
        /// The jitted function.
        function: String,
        /// Which rule, at which path, and how to fix it.
        message: String,
    },
    /// Something given by the caller does not fit: a name, a number, a structure.
    #[error("{0}")]
    Invalid(String),
}

impl Error {
    /// An [`Error::Io`] from what was being done to `path` and the system's error.
    ///
    /// ```
    /// use nnx::Error;
    ///
    /// let missing = std::fs::read("no such file").unwrap_err();
    /// let error = Error::io("no such file", "cannot read it", &missing);
    /// assert!(error.to_string().starts_with("no such file: cannot read it: "));
    /// ```
    pub fn io(path: impl Into<PathBuf>, what: &str, source: &std::io::Error) -> Self {
        Error::Io { path: path.into(), message: format!("{what}: {source}") }
    }
}

/// Stops the caller with `error`: a panic at the user's line, or a silent unwinding where a caller
/// turns it into an `Err`.
#[track_caller]
pub(crate) fn raise(error: Error) -> ! {
    if is_catching() {
        std::panic::resume_unwind(Box::new(error));
    }
    panic!("{error}")
}

/// The value of `result`, or [`raise`]. A function of its own, because a closure would hide the
/// user's line.
#[track_caller]
pub(crate) fn or_raise<T>(result: Result<T>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => raise(error),
    }
}

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
}

/// Runs `f` so that a mistake in it unwinds silently instead of through the panic hook; the caller
/// turns it into an `Err`.
pub(crate) fn catching<R>(f: impl FnOnce() -> R) -> Result<R, Error> {
    let before = CATCHING.replace(true);
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
    CATCHING.set(before);
    result.map_err(|payload| match payload.downcast::<Error>() {
        Ok(error) => *error,
        Err(other) => std::panic::resume_unwind(other),
    })
}

/// Whether a mistake should unwind with the error itself as payload.
pub(crate) fn is_catching() -> bool {
    CATCHING.get()
}
