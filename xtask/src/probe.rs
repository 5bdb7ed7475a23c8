//! Loading a library in a process of its own: one that is broken may end the process that loads it.

use std::path::Path;
use std::process::{Command, Stdio};

/// Refuses a library that the system's loader cannot load. A library for another system is left to
/// whoever loads it.
pub(crate) fn loads(library: &Path) -> Result<(), String> {
    let (Some(folder), Some(name)) = (library.parent(), library.file_name()) else { return Ok(()) };
    let name = name.to_string_lossy();
    // The loader's list has blanks and colons between the names.
    if !cfg!(target_os = "linux") || name.contains([' ', ':']) || !is_elf(library) {
        return Ok(());
    }
    // A program that does nothing, but is given the library before it starts.
    let mut program = Command::new("true");
    program.current_dir(folder).env("LD_PRELOAD", format!("./{name}")).env("LC_ALL", "C");
    // Wrong flags would be the fault of the flags.
    program.env_remove("XLA_FLAGS").stdin(Stdio::null()).stdout(Stdio::null());
    let Ok(output) = program.stderr(Stdio::piped()).output() else { return Ok(()) };
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("loading it ends the process ({}) {}", output.status, said.trim_end()));
    }
    match said.lines().find(|line| line.contains("LD_PRELOAD") || line.contains(&*name)) {
        Some(line) => Err(format!("it cannot be loaded on this machine: {}", reason(line))),
        None => Ok(()),
    }
}

/// The reason inside `… cannot be preloaded (reason): ignored.`
fn reason(line: &str) -> &str {
    let inner = line.split_once(" cannot be preloaded (").map(|(_, rest)| rest);
    inner.and_then(|rest| rest.rsplit_once("): ")).map_or(line, |(reason, _)| reason)
}

fn is_elf(path: &Path) -> bool {
    let mut start = [0; 4];
    let file = std::fs::File::open(path);
    file.is_ok_and(|mut file| std::io::Read::read_exact(&mut file, &mut start).is_ok())
        && start == *b"\x7fELF"
}
