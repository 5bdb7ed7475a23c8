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

/// Must be called before anything of the backend.
///
/// # Errors
/// Returns an error in a forked child.
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
    use crate::error::Result;
    use crate::value::{Aval, DType};
    use crate::xla::{Backend, Buffer, ClientOptions, Executable, Placement, Program, init};

    unsafe extern "C" {
        fn fork() -> i32;
        fn waitpid(pid: i32, status: *mut i32, options: i32) -> i32;
        fn _exit(status: i32) -> !;
    }

    const TEST: &str = "xla::fork::tests::a_forked_child_says_that_it_is_one";

    fn doubled(double: &Executable, x: &Buffer) -> Result<Vec<u8>> {
        let mut call = double.call();
        call.arg(x, false)?;
        call.run()?.take(0)?.to_host()
    }

    #[test]
    fn a_forked_child_says_that_it_is_one() {
        if std::env::var("NNX_TEST_CHILD").as_deref() != Ok(TEST) {
            let mut command = std::process::Command::new(std::env::current_exe().unwrap());
            command.args(["--exact", TEST, "--nocapture"]).env("NNX_TEST_CHILD", TEST);
            let output = command.output().unwrap();
            assert!(output.status.success(), "{output:?}");
            return;
        }
        let client = init(ClientOptions::new().backend(Backend::Pjrt)).unwrap();
        let avals = [Aval::new(DType::U8, &[2])];
        let text = "module @f {
  func.func public @main(%x: tensor<2xui8>) -> tensor<2xui8> {
    %y = stablehlo.add %x, %x : tensor<2xui8>
    return %y : tensor<2xui8>
  }
}";
        let program = Program::stablehlo("f", text, &avals, &avals);
        let double = client.compile(&program).unwrap();
        let x = client.upload(&[1, 2], avals[0].clone(), Placement::default()).unwrap();
        assert_eq!(doubled(&double, &x).unwrap(), [2, 4]);
        // SAFETY: the child calls nothing that waits for a thread of the parent.
        match unsafe { fork() } {
            0 => {
                let calls = [
                    x.to_host().map(drop),
                    x.wait(),
                    doubled(&double, &x).map(drop),
                    client.upload(&[1, 2], avals[0].clone(), Placement::default()).map(drop),
                    client.compile(&program).map(drop),
                ];
                drop((x, double));
                let is_told = |call: Result<()>| {
                    call.is_err_and(|error| error.to_string().contains("the fork of"))
                };
                // SAFETY: ends the child at once.
                unsafe { _exit(if calls.into_iter().all(is_told) { 7 } else { 1 }) }
            }
            child => {
                let mut status = 0;
                // SAFETY: waits for the child above.
                assert_eq!(unsafe { waitpid(child, &mut status, 0) }, child);
                assert_eq!(status >> 8, 7);
                // The parent goes on.
                assert_eq!(doubled(&double, &x).unwrap(), [2, 4]);
            }
        }
    }
}
