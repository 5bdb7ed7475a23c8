//! Child processes: this test binary again, with one test alone.

use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const VAR: &str = "NNX_TEST_CHILD";

/// Whether this process is the child that runs `test`.
pub(crate) fn is(test: &str) -> bool {
    std::env::var(VAR).is_ok_and(|name| name == test)
}

/// The command that runs the test `test` (with its module's path) in a child.
pub(crate) fn command(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(VAR, test);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs to the end, which must come within two minutes.
pub(crate) fn run(command: &mut Command) -> Output {
    run_within(Duration::from_secs(120), command)
}

/// Runs to the end, which must come within this time.
pub(crate) fn run_within(limit: Duration, command: &mut Command) -> Output {
    let mut child: Child = command.spawn().unwrap();
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > limit {
            child.kill().unwrap();
            panic!("the child does not end: {:?}", child.wait_with_output().unwrap());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.wait_with_output().unwrap()
}

/// The standard output of a child that ended well.
pub(crate) fn output(command: &mut Command) -> String {
    let output = run(command);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
