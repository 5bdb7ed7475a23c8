//! Installing a PJRT plugin for the user, whole or not at all.

use crate::contents::{self, cannot};
use crate::installed::{PLUGINS, Platform, newest_install, shared_libraries, subfolders};
use crate::pins::Pin;
use crate::pip;
use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Folders of unfinished set-ups start with this.
const STAGING: &str = ".setup-";

/// Where a set-up installs to and finds its tools.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The folder with one folder per plugin.
    plugins: PathBuf,
    /// Where Python is looked for, in the form of `PATH`.
    search_path: Option<OsString>,
}

/// What a set-up did.
#[derive(Debug, PartialEq, Eq)]
pub struct Installed {
    /// The plugin's file.
    pub plugin: PathBuf,
    /// Whether it was there before.
    pub already: bool,
}

impl Setup {
    /// A set-up into the per-user folder `home`.
    pub fn new(home: &Path, search_path: Option<OsString>) -> Self {
        Setup { plugins: home.join(PLUGINS), search_path }
    }

    /// A set-up into the folder of the user who runs this.
    ///
    /// # Errors
    /// When the environment names no home.
    pub fn for_user() -> Result<Self, String> {
        let home = crate::installed::user_folder(|name| std::env::var_os(name)).ok_or(
            "there is no folder to install to: set HOME, or NNX_HOME to a folder of your choice",
        )?;
        // A relative NNX_HOME would mean another folder in every place.
        let home = std::path::absolute(&home).map_err(|e| cannot("use", &home, &e))?;
        Ok(Setup::new(&home, std::env::var_os("PATH")))
    }

    /// Makes sure that some plugin for `platform` is installed, and gives the one in use.
    pub(crate) fn ensure(&self, platform: Platform) -> Result<Installed, String> {
        if let Some(plugin) = newest_install(&self.plugins, platform) {
            return Ok(Installed { plugin, already: true });
        }
        match Pin::of(platform) {
            Some(pin) => self.install_pin(&pin),
            None => Err(format!(
                "there is no plugin for {} to fetch; install one from a file: `cargo xtask setup \
                 --from FILE`",
                platform.name()
            )),
        }
    }

    /// Fetches and installs a pinned plugin, unless it is there.
    ///
    /// # Errors
    /// When it cannot be fetched, is not the pinned one, or cannot be written. Nothing is
    /// installed then.
    pub fn install_pin(&self, pin: &Pin) -> Result<Installed, String> {
        // Without a look at the network, and in a folder that may be read-only.
        if let Some(plugin) = self.installed(&pin.folder()) {
            return Ok(Installed { plugin, already: true });
        }
        check_machine(pin)?;
        self.install(&pin.folder(), |staging, plugin| {
            let downloads = staging.join("download");
            make_folder(&downloads)?;
            let wheel = pip::download(pin, &downloads, self.search_path.as_deref())?;
            check_digest(
                &wheel,
                pin,
                "Try again; if it stays so, something between here and \
                 the package index alters it",
            )?;
            contents::unpack(&wheel, plugin)
        })
    }

    /// Installs a plugin from a wheel or a shared library on disk.
    ///
    /// # Errors
    /// When the file is neither, or cannot be installed. Nothing is installed then.
    pub fn install_file(&self, file: &Path) -> Result<Installed, String> {
        if !file.is_file() {
            return Err(format!("{} is no file", file.display()));
        }
        if contents::is_zip(file)? {
            let folder = wheel_folder(file)?;
            if let Some(pin) = Pin::by_folder(&folder) {
                check_digest(file, &pin, "Fetch the wheel again")?;
            }
            self.install_or_prefer(&folder, |_, plugin| contents::unpack(file, plugin))
        } else {
            let digest = contents::sha256(file)?;
            let stem = file.file_stem().unwrap_or_default().to_string_lossy();
            let folder = format!("{}-{}", stem.trim_start_matches('.'), &digest[..12]);
            self.install_or_prefer(&folder, |_, plugin| contents::copy_library(file, plugin))
        }
    }

    /// Installs what the user asked for by name; if it is there already, makes it the one in use.
    fn install_or_prefer(
        &self,
        folder: &str,
        fill: impl FnOnce(&Path, &Path) -> Result<(), String>,
    ) -> Result<Installed, String> {
        let installed = self.install(folder, fill)?;
        if installed.already {
            // The plugin installed last is used. A read-only folder stays as it is.
            if let Ok(folder) = File::open(self.plugins.join(folder)) {
                let _ = folder.set_modified(SystemTime::now());
            }
        }
        Ok(installed)
    }

    /// The plugin in a folder that was installed before.
    fn installed(&self, folder: &str) -> Option<PathBuf> {
        shared_libraries(&self.plugins.join(folder)).into_iter().next()
    }

    /// Lets `fill` put a plugin's files into a new folder, and moves that to its place at once.
    /// `fill` is given a folder for its own use, and the one to fill.
    fn install(
        &self,
        folder: &str,
        fill: impl FnOnce(&Path, &Path) -> Result<(), String>,
    ) -> Result<Installed, String> {
        make_folder(&self.plugins)?;
        let _lock = self.lock()?;
        // Another set-up may have been first.
        if let Some(plugin) = self.installed(folder) {
            return Ok(Installed { plugin, already: true });
        }
        self.remove_leftovers();
        let staging = tempfile::Builder::new()
            .prefix(STAGING)
            .tempdir_in(&self.plugins)
            .map_err(|e| unwritable(&self.plugins, &e))?;
        let new = staging.path().join("plugin");
        make_folder(&new)?;
        fill(staging.path(), &new)?;
        let target = self.plugins.join(folder);
        if target.exists() {
            // A folder without a plugin: someone emptied it.
            let old = staging.path().join("old");
            std::fs::rename(&target, &old).map_err(|e| cannot("replace", &target, &e))?;
        }
        std::fs::rename(&new, &target).map_err(|e| cannot("make", &target, &e))?;
        let plugin = self
            .installed(folder)
            .ok_or_else(|| format!("{} vanished while it was installed", target.display()))?;
        Ok(Installed { plugin, already: false })
    }

    /// Waits until no other set-up works in the folder. The lock ends with the returned file.
    fn lock(&self) -> Result<File, String> {
        let path = self.plugins.join(".lock");
        let file = File::create(&path).map_err(|e| unwritable(&self.plugins, &e))?;
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

    /// Removes what set-ups left behind that were killed. Called under the lock.
    fn remove_leftovers(&self) {
        for folder in subfolders(&self.plugins) {
            let name = folder.file_name().map(|n| n.to_string_lossy().into_owned());
            if name.is_some_and(|n| n.starts_with(STAGING)) {
                let _ = std::fs::remove_dir_all(folder);
            }
        }
    }
}

/// `<name>-<version>` of a wheel, from its file name `name-version-…whl`.
fn wheel_folder(wheel: &Path) -> Result<String, String> {
    let stem = wheel.file_stem().unwrap_or_default().to_string_lossy();
    let mut parts = stem.split('-');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(name), Some(version), Some(_)) if !name.is_empty() && !version.is_empty() => {
            Ok(format!("{}-{version}", name.trim_start_matches('.').replace('_', "-")))
        }
        _ => Err(format!(
            "{} is an archive, but its name is not that of a wheel (`name-version-….whl`)",
            wheel.display()
        )),
    }
}

fn check_machine(pin: &Pin) -> Result<(), String> {
    use std::env::consts::{ARCH, OS};
    if (OS, ARCH) == ("linux", "x86_64") {
        return Ok(());
    }
    Err(format!(
        "{} is built for Linux on x86-64, and this machine runs {OS} on {ARCH}. Install a PJRT \
         plugin built for it: `cargo xtask setup --from FILE`",
        pin.requirement()
    ))
}

fn check_digest(wheel: &Path, pin: &Pin, advice: &str) -> Result<(), String> {
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

fn make_folder(folder: &Path) -> Result<(), String> {
    std::fs::create_dir_all(folder).map_err(|e| unwritable(folder, &e))
}

fn unwritable(folder: &Path, error: &std::io::Error) -> String {
    format!(
        "cannot write to {}: {error}. Make room or give yourself access, or set NNX_HOME to \
         another folder",
        folder.display()
    )
}
