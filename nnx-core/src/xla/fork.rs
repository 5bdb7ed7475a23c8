//! Forks: a child of a process that used XLA has none of XLA's threads, so that any operation in it
//! would wait for ever.

use crate::error::{Error, Result};
#[cfg(unix)]
use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether this is the child of a process that had a client.
static IS_FORKED: AtomicBool = AtomicBool::new(false);

/// Whether this is a forked child, in which nothing of the backend may be called.
#[inline]
pub(super) fn is_forked() -> bool {
    IS_FORKED.load(Ordering::Relaxed)
}

/// To be called before anything of the backend.
///
/// # Errors
/// In a forked child.
#[inline]
pub(super) fn check() -> Result<()> {
    if is_forked() { Err(refusal()) } else { Ok(()) }
}

#[cold]
fn refusal() -> Error {
    Error::Unavailable(
        "this process is the fork of one that used XLA, whose threads a fork does not have, so that \
         any operation would wait for ever: fork before the first array, or start a new process \
         (`std::process::Command`)"
            .into(),
    )
}

#[cfg(unix)]
unsafe extern "C" {
    fn pthread_atfork(
        prepare: Option<extern "C" fn()>,
        parent: Option<extern "C" fn()>,
        child: Option<extern "C" fn()>,
    ) -> c_int;
}

/// Takes note of forks from now on.
pub(super) fn watch() {
    #[cfg(unix)]
    // SAFETY: the system's own function, given one that only stores a flag. Without room for
    // another entry a fork goes unnoticed.
    let _ = unsafe { pthread_atfork(None, None, Some(note)) };
}

#[cfg(unix)]
extern "C" fn note() {
    IS_FORKED.store(true, Ordering::Relaxed);
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::graph::Array;
    use crate::value::DType;

    unsafe extern "C" {
        fn fork() -> i32;
        fn waitpid(pid: i32, status: *mut i32, options: i32) -> i32;
        fn _exit(status: i32) -> !;
    }

    const TEST: &str = "xla::fork::tests::a_forked_child_says_that_it_is_one";

    #[test]
    fn a_forked_child_says_that_it_is_one() {
        if std::env::var("NNX_TEST_CHILD").as_deref() != Ok(TEST) {
            let mut command = std::process::Command::new(std::env::current_exe().unwrap());
            command.args(["--exact", TEST, "--nocapture"]).env("NNX_TEST_CHILD", TEST);
            let output = command.output().unwrap();
            assert!(output.status.success(), "{output:?}");
            return;
        }
        let x = Array::from_slice(&[1.0_f32, 2.0], [2]);
        assert_eq!((&x + 1.0).to_vec::<f32>(), [2.0, 3.0]);
        // SAFETY: the child calls nothing that waits for a thread of the parent.
        match unsafe { fork() } {
            0 => {
                let is_told = |text: String| text.contains("the fork of");
                let sum = std::panic::catch_unwind(|| &x + 2.0).map(drop);
                let refused = x.to_bytes().is_err_and(|e| is_told(e.to_string()))
                    && Array::from_bytes(&[0; 4], DType::F32, &[1])
                        .is_err_and(|e| is_told(e.to_string()))
                    && sum.is_err_and(|e| e.downcast::<String>().is_ok_and(|text| is_told(*text)));
                drop(x);
                // SAFETY: ends the child at once.
                unsafe { _exit(if refused { 7 } else { 1 }) }
            }
            child => {
                let mut status = 0;
                // SAFETY: waits for the child above.
                assert_eq!(unsafe { waitpid(child, &mut status, 0) }, child);
                assert_eq!(status >> 8, 7);
                // The parent goes on.
                assert_eq!((&x + 1.0).to_vec::<f32>(), [2.0, 3.0]);
            }
        }
    }
}
