//! Fetching a wheel with the user's own pip, and so with the user's own configuration of it.

use crate::pins::Pin;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Downloads the pinned wheel into the empty folder `to`, looking for Python in `search_path`.
pub(crate) fn download(
    pin: &Pin,
    to: &Path,
    search_path: Option<&OsStr>,
) -> Result<PathBuf, String> {
    let python = find_python(search_path)?;
    eprintln!("fetching {} with {} -m pip", pin.requirement(), python.display());
    let status = Command::new(&python)
        .args(["-m", "pip", "download", "--no-deps", "--only-binary=:all:"])
        .args(["--disable-pip-version-check", "--dest"])
        .arg(to)
        .args(pin.pip_tags)
        .arg(pin.requirement())
        .stdin(Stdio::null())
        // Standard output belongs to the command that this set-up is done for.
        .stdout(std::io::stderr())
        .status()
        .map_err(|error| format!("{} cannot be started: {error}", python.display()))?;
    let offline = format!(
        "On a machine without network: fetch the wheel of {} elsewhere, then \
         `cargo xtask setup --from FILE`",
        pin.requirement()
    );
    if !status.success() {
        return Err(format!(
            "pip could not fetch {} ({status}); its own messages are above. {offline}",
            pin.requirement()
        ));
    }
    let files = std::fs::read_dir(to).map_err(|e| format!("{}: {e}", to.display()))?;
    files
        .filter_map(|entry| entry.ok())
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|e| e == "whl"))
        .ok_or_else(|| format!("pip fetched no wheel of {}. {offline}", pin.requirement()))
}

/// The first Python that has pip.
fn find_python(search_path: Option<&OsStr>) -> Result<PathBuf, String> {
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
    let other = "Or fetch the wheel elsewhere and run `cargo xtask setup --from FILE`";
    Err(match without_pip {
        Some(python) => format!(
            "{} has no pip, which fetches the plugin. To get it: `{} -m ensurepip --upgrade`, or \
             your system's package `python3-pip`. {other}",
            python.display(),
            python.display()
        ),
        None => format!(
            "no `python3` was found in PATH; its pip fetches the plugin. Install Python 3 with \
             pip (your system's packages `python3` and `python3-pip`). {other}"
        ),
    })
}
