//! Fetching a wheel with the user's own pip, and so with the user's own configuration of it.

use crate::contents;
use crate::pins::Pin;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Downloads the pinned wheel into the empty folder `to`, looking for Python in `search_path`, and
/// checks that it is exactly the pinned one. `otherwise` tells what else to do where pip cannot.
pub(crate) fn fetch(
    pin: &Pin,
    to: &Path,
    search_path: Option<&OsStr>,
    otherwise: &str,
) -> Result<PathBuf, String> {
    let wheel = download(pin, to, &find_python(search_path, otherwise)?, otherwise)?;
    check_digest(
        &wheel,
        pin,
        "Try again; if it stays so, something between here and the package index alters it",
    )?;
    Ok(wheel)
}

/// Refuses a wheel that is not the pinned one.
pub(crate) fn check_digest(wheel: &Path, pin: &Pin, advice: &str) -> Result<(), String> {
    let found = contents::sha256(wheel)?;
    if found == pin.sha256 {
        return Ok(());
    }
    Err(format!(
        "the wheel of {} is not the pinned one, and was not installed:\n  its SHA-256 is {found}\n  \
         but must be  {}\n{advice}",
        pin.requirement(),
        pin.sha256
    ))
}

fn download(pin: &Pin, to: &Path, python: &Path, otherwise: &str) -> Result<PathBuf, String> {
    eprintln!("fetching {} with {} -m pip", pin.requirement(), python.display());
    let status = Command::new(python)
        .args(["-m", "pip", "download", "--no-deps", "--only-binary=:all:"])
        .args(["--disable-pip-version-check", "--dest"])
        .arg(to)
        .args(pin.pip_tags)
        .arg(pin.requirement())
        .stdin(Stdio::null())
        // Where there must be room anyway; the system's own may be small.
        .env("TMPDIR", to.parent().unwrap_or(to))
        // Standard output belongs to the command that this set-up is done for.
        .stdout(std::io::stderr())
        .status()
        .map_err(|error| format!("{} cannot be started: {error}", python.display()))?;
    if !status.success() {
        return Err(format!(
            "pip could not fetch {} ({status}); its own messages are above. {otherwise}",
            pin.requirement()
        ));
    }
    let files = std::fs::read_dir(to).map_err(|e| format!("{}: {e}", to.display()))?;
    files
        .filter_map(|entry| entry.ok())
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|e| e == "whl"))
        .ok_or_else(|| format!("pip fetched no wheel of {}. {otherwise}", pin.requirement()))
}

/// The first Python that has pip.
fn find_python(search_path: Option<&OsStr>, otherwise: &str) -> Result<PathBuf, String> {
    let folders: Vec<PathBuf> =
        search_path.map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
    let suffix = std::env::consts::EXE_SUFFIX;
    let pythons = ["python3", "python"]
        .into_iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(format!("{name}{suffix}"))));
    let mut without_pip = None;
    for python in pythons.filter(|path| path.is_file()) {
        let version = Command::new(&python)
            .args(["-m", "pip", "--version"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        match version {
            Ok(status) if status.success() => return Ok(python),
            _ => without_pip = without_pip.or(Some(python)),
        }
    }
    Err(match without_pip {
        Some(python) => format!(
            "{} has no pip, which fetches XLA. To get it: `{} -m ensurepip --upgrade`, or \
             your system's package `python3-pip`. {otherwise}",
            python.display(),
            python.display()
        ),
        None => format!(
            "no `python3` was found in PATH; its pip fetches XLA. Install Python 3 with \
             pip (your system's packages `python3` and `python3-pip`). {otherwise}"
        ),
    })
}
