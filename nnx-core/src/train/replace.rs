//! Files that are whole: written under another name, then renamed.

use crate::error::{Error, Result};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use tempfile::NamedTempFile;

/// Unfinished files are called so, with letters between.
const PREFIX: &str = ".checkpoint-";
const SUFFIX: &str = ".tmp";

/// Writes the contents of a file.
type Contents<'c> = &'c dyn Fn(&mut dyn Write) -> io::Result<()>;

/// Puts a file with the contents that `contents` writes at `path`, or leaves what is there.
pub(super) fn replace_file(path: &Path, contents: Contents<'_>) -> Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder).map_err(|e| Error::io(folder, "cannot make the folder", &e))?;
    let write = || {
        remove_unfinished(folder);
        let mut file = unfinished(folder)?;
        let mut buffer = BufWriter::new(file.as_file_mut());
        contents(&mut buffer)?;
        buffer.into_inner()?.sync_all()?;
        // Dropping the file on an error above removes it.
        file.persist(path)?;
        // The rename itself is safe once the folder is on the disk too. Not every system can do
        // this, and the file is whole either way.
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
        Ok(())
    };
    write().map_err(|e: io::Error| Error::io(path, "the checkpoint cannot be written", &e))
}

/// A new file, locked for as long as it is written.
fn unfinished(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    #[cfg(unix)]
    {
        // As any new file: readable by others unless the umask says no.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    loop {
        let file = builder.tempfile_in(folder)?;
        // Before it was locked, another save may have taken it for one of a killed process. A system
        // without locks removes none.
        if file.as_file().lock().is_err() || file.path().exists() {
            return Ok(file);
        }
    }
}

/// Removes files left by processes that were killed while they wrote: nobody holds its lock.
fn remove_unfinished(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(|entry| entry.ok());
    for entry in entries {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !name.starts_with(PREFIX) || !name.ends_with(SUFFIX) {
            continue;
        }
        if let Ok(file) = File::open(entry.path())
            && file.try_lock().is_ok()
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}
