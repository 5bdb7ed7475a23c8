//! A folder of things that are installed completely or not at all.

use crate::contents::cannot;
use crate::installed::subfolders;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Folders of unfinished set-ups start with this.
const STAGING: &str = ".setup-";

/// A folder with one folder for each installed thing.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    root: PathBuf,
}

impl Store {
    pub(crate) fn new(root: PathBuf) -> Self {
        Store { root }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where the thing of this name is, or would be.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Lets `fill` put files into a new folder, and moves that to its place at once. `fill` is
    /// given a folder for its own use, and the one to fill. Nothing is done when `whole` says that
    /// the folder of this name holds all it should; returns whether it did before.
    pub(crate) fn install(
        &self,
        name: &str,
        whole: impl Fn(&Path) -> bool,
        fill: impl FnOnce(&Path, &Path) -> Result<(), String>,
    ) -> Result<bool, String> {
        make_folder(&self.root)?;
        let _lock = self.lock()?;
        let target = self.path(name);
        // Another set-up may have been first.
        if whole(&target) {
            return Ok(true);
        }
        self.remove_leftovers();
        let staging = tempfile::Builder::new()
            .prefix(STAGING)
            .tempdir_in(&self.root)
            .map_err(|e| unwritable(&self.root, &e))?;
        let new = staging.path().join("new");
        make_folder(&new)?;
        fill(staging.path(), &new)?;
        set_modes(&new).map_err(|e| cannot("set the permissions of", &new, &e))?;
        if target.exists() {
            // Someone took out what must be in it.
            let old = staging.path().join("old");
            std::fs::rename(&target, &old).map_err(|e| cannot("replace", &target, &e))?;
        }
        std::fs::rename(&new, &target).map_err(|e| cannot("make", &target, &e))?;
        Ok(false)
    }

    /// Makes the thing of this name the one installed last. A read-only folder stays as it is.
    pub(crate) fn touch(&self, name: &str) {
        if let Ok(folder) = File::open(self.path(name)) {
            let _ = folder.set_modified(SystemTime::now());
        }
    }

    /// Waits until no other set-up works in the folder. The lock ends with the returned file.
    fn lock(&self) -> Result<File, String> {
        let path = self.root.join(".lock");
        let file = File::create(&path).map_err(|e| unwritable(&self.root, &e))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => {
                eprintln!("another set-up is running; waiting for it to end");
                file.lock().map_err(|e| cannot("lock", &path, &e))?;
                Ok(file)
            }
            Err(TryLockError::Error(e)) => Err(cannot("lock", &path, &e)),
        }
    }

    /// Removes files left by set-ups that were killed. Called under the lock.
    fn remove_leftovers(&self) {
        for folder in subfolders(&self.root) {
            let name = folder.file_name().map(|n| n.to_string_lossy().into_owned());
            if name.is_some_and(|n| n.starts_with(STAGING)) {
                let _ = std::fs::remove_dir_all(folder);
            }
        }
    }
}

/// Makes a folder, and those above it, that only its owner may write to.
pub(crate) fn make_folder(folder: &Path) -> Result<(), String> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o755);
    builder.create(folder).map_err(|e| unwritable(folder, &e))
}

/// Lets everybody read what is in a folder, and only its owner write there, whatever the umask is.
#[cfg(unix)]
fn set_modes(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let is_folder = path.symlink_metadata()?.is_dir();
    let mode = if is_folder { 0o755 } else { 0o644 };
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode))?;
    if is_folder {
        for entry in std::fs::read_dir(path)? {
            set_modes(&entry?.path())?;
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn set_modes(_: &Path) -> std::io::Result<()> {
    Ok(())
}

fn unwritable(folder: &Path, error: &std::io::Error) -> String {
    format!(
        "cannot write to {}: {error}. Make room or give yourself access, or set NNX_HOME to \
         another folder",
        folder.display()
    )
}
