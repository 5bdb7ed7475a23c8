//! Installing a PJRT plugin for the user, whole or not at all.

use crate::contents::{self, cannot};
use crate::installed::{PLUGINS, Platform, newest_install, shared_libraries};
use crate::pins::Pin;
use crate::pip;
use crate::store::{Store, make_folder};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Advice for machines where pip cannot fetch a plugin.
const OFFLINE: &str = "On a machine without pip or network: fetch the wheel elsewhere, then \
                       `cargo xtask setup --from FILE`";

/// Where a set-up installs to and finds its tools.
#[derive(Clone, Debug)]
pub struct Setup {
    /// One folder per plugin.
    plugins: Store,
    /// Where Python is looked for, in the form of `PATH`.
    search_path: Option<OsString>,
}

/// The result of a set-up.
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
        Setup { plugins: Store::new(home.join(PLUGINS)), search_path }
    }

    /// A set-up into the folder of the user who runs this.
    ///
    /// # Errors
    /// Returns an error if the environment names no home.
    pub fn for_user() -> Result<Self, String> {
        Ok(Setup::new(&user_home()?, std::env::var_os("PATH")))
    }

    /// Makes sure that some plugin for `platform` is installed, and gives the one in use.
    pub(crate) fn ensure(&self, platform: Platform) -> Result<Installed, String> {
        if let Some(plugin) = newest_install(self.plugins.root(), platform) {
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
    /// Returns an error if it cannot be fetched, is not the pinned one, or cannot be written.
    /// Nothing is installed then.
    pub fn install_pin(&self, pin: &Pin) -> Result<Installed, String> {
        // Without a look at the network, and in a folder that may be read-only.
        if let Some(plugin) = self.installed(&pin.folder()) {
            return Ok(Installed { plugin, already: true });
        }
        check_machine(pin)?;
        self.install(&pin.folder(), |staging, plugin| {
            let downloads = staging.join("download");
            make_folder(&downloads)?;
            let wheel = pip::fetch(pin, &downloads, self.search_path.as_deref(), OFFLINE)?;
            contents::unpack(&wheel, plugin)
        })
    }

    /// Installs a plugin from a wheel or a shared library on disk.
    ///
    /// # Errors
    /// Returns an error if the file is neither, or cannot be installed. Nothing is installed then.
    pub fn install_file(&self, file: &Path) -> Result<Installed, String> {
        if !file.is_file() {
            return Err(format!("{} is no file", file.display()));
        }
        if contents::is_zip(file)? {
            let folder = wheel_folder(file)?;
            if let Some(pin) = Pin::by_folder(&folder) {
                pip::check_digest(file, &pin, "Fetch the wheel again")?;
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
            // The plugin installed last is used.
            self.plugins.touch(folder);
        }
        Ok(installed)
    }

    /// The plugin in a folder that was installed before.
    fn installed(&self, folder: &str) -> Option<PathBuf> {
        plugin_in(&self.plugins.path(folder))
    }

    /// Lets `fill` put a plugin's files into a new folder: see [`Store::install`].
    fn install(
        &self,
        folder: &str,
        fill: impl FnOnce(&Path, &Path) -> Result<(), String>,
    ) -> Result<Installed, String> {
        let already = self.plugins.install(folder, |path| plugin_in(path).is_some(), fill)?;
        let plugin = self.installed(folder).ok_or_else(|| {
            format!("{} vanished while it was installed", self.plugins.path(folder).display())
        })?;
        Ok(Installed { plugin, already })
    }
}

fn plugin_in(folder: &Path) -> Option<PathBuf> {
    shared_libraries(folder).into_iter().next()
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

/// The folder that everything is installed to for the user who runs this.
pub(crate) fn user_home() -> Result<PathBuf, String> {
    let home = crate::installed::user_folder(|name| std::env::var_os(name)).ok_or(
        "there is no folder to install to: set HOME, or NNX_HOME to a folder of your choice",
    )?;
    // A relative NNX_HOME would mean another folder in every place.
    std::path::absolute(&home).map_err(|e| cannot("use", &home, &e))
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
