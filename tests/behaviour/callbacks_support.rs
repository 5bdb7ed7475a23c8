//! Helpers of the tests of callbacks.

use nnx::xla::Client;
use nnx::{debug, effects_barrier};
use std::io::Write;
use std::sync::{Mutex, Once};

/// Whether the backend can call the host; what happens elsewhere is tested in `callbacks_refused`.
pub(crate) fn calls_host() -> bool {
    Client::global().unwrap().has_callbacks()
}

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Capture;

impl Write for Capture {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let text = std::str::from_utf8(bytes).unwrap();
        LINES.lock().unwrap().push(text.to_string());
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The lines that `f` prints and that begin with `name: `, without that. All tests print through one writer.
pub(crate) fn printed(name: &str, f: impl FnOnce()) -> Vec<String> {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| debug::set_writer(Capture));
    let start = format!("{name}: ");
    let mine = |line: &&String| line.starts_with(&start);
    assert_eq!(LINES.lock().unwrap().iter().filter(mine).count(), 0, "{name} is taken");
    f();
    effects_barrier().unwrap();
    let lines = LINES.lock().unwrap();
    let text = |line: &String| line[start.len()..].strip_suffix('\n').unwrap().to_string();
    lines.iter().filter(mine).map(text).collect()
}
