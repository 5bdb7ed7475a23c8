//! Child processes: this test binary again, with one test alone.

use std::io::Read;
use std::process::{Child, Command, Output, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tracing::span;

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
    const LIMIT: Duration = Duration::from_secs(120);
    let mut child: Child = command.spawn().unwrap();
    // A child that nobody listens to stands still when the pipe is full.
    let stdout = read_all(child.stdout.take());
    let stderr = read_all(child.stderr.take());
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break Some(status);
        }
        if start.elapsed() > LIMIT {
            child.kill().unwrap();
            child.wait().unwrap();
            break None;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let (stdout, stderr) = (stdout.join().unwrap(), stderr.join().unwrap());
    match status {
        Some(status) => Output { status, stdout, stderr },
        None => panic!("the child does not end: {}", String::from_utf8_lossy(&stderr)),
    }
}

fn read_all(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            pipe.read_to_end(&mut bytes).unwrap();
        }
        bytes
    })
}

/// Runs the body of the test `test` in a child, which has to end.
pub(crate) fn ends(test: &str, body: impl FnOnce()) {
    match is(test) {
        true => body(),
        false => drop(output(&mut command(test))),
    }
}

/// The standard output of a child that ended well.
pub(crate) fn output(command: &mut Command) -> String {
    let output = run(command);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Writes the warnings with this log target to standard output, from now on.
pub(crate) fn show_warnings(target: &'static str) {
    tracing::subscriber::set_global_default(Warnings(target)).unwrap();
}

struct Warnings(&'static str);

impl tracing::Subscriber for Warnings {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == self.0 && *metadata.level() == tracing::Level::WARN
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        struct Text;
        impl tracing::field::Visit for Text {
            fn record_debug(&mut self, _: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                println!("warning: {value:?}");
            }
        }
        event.record(&mut Text);
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}
