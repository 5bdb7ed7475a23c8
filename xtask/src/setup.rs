//! Installing a PJRT plugin for the user, whole or not at all.

use crate::contents::{self, cannot};
use crate::installed::{PLUGINS, Platform, newest_install, shared_libraries};
use crate::pins::Pin;
use crate::pip;
use crate::probe;
use crate::record::{self, Thorough};
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
        let pin = Pin::of(platform);
        if let Some(plugin) = newest_install(self.plugins.root(), platform) {
            let Some(why) = damage(&plugin, Thorough::IfChanged)? else {
                return Ok(Installed { plugin, already: true });
            };
            // A pinned plugin can be fetched again; other things only whoever installed them has.
            if pin.as_ref().is_none_or(|pin| self.installed(&pin.folder()) != Some(plugin.clone()))
            {
                return Err(format!(
                    "{} is damaged: {why}. Install it again (`cargo xtask setup --from FILE`), or remove \
                     its folder",
                    plugin.display()
                ));
            }
        }
        match pin {
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
            match self.trouble(&plugin)? {
                None => return Ok(Installed { plugin, already: true }),
                Some(why) => {
                    eprintln!("{} is damaged: {why}. It is installed again", plugin.display());
                }
            }
        }
        check_machine(pin)?;
        let installed = self.install(&pin.folder(), |staging, plugin| {
            let downloads = staging.join("download");
            make_folder(&downloads)?;
            let wheel = pip::fetch(pin, &downloads, self.search_path.as_deref(), OFFLINE)?;
            contents::unpack(&wheel, plugin)
        })?;
        // Libraries that it needs may be installed later.
        if let Err(why) = probe::loads(&installed.plugin) {
            eprintln!("warning: {}: {why}", installed.plugin.display());
        }
        Ok(installed)
    }

    /// Looks a plugin over that is installed: what is wrong with the file itself, if something is.
    fn trouble(&self, plugin: &Path) -> Result<Option<String>, String> {
        if let Some(why) = damage(plugin, Thorough::Always)? {
            return Ok(Some(why));
        }
        match probe::loads(plugin) {
            Ok(()) if !record::exists(plugin) => {
                // From an earlier version of this command: from now on damage is found.
                let _ = record::write(plugin);
                Ok(None)
            }
            Ok(()) => Ok(None),
            // A file that is as it was installed is not fixed by another copy.
            Err(why) if record::exists(plugin) => {
                eprintln!("warning: {}: {why}", plugin.display());
                Ok(None)
            }
            Err(why) => Ok(Some(why)),
        }
    }

    /// Installs a plugin from a wheel or a shared library on disk.
    ///
    /// # Errors
    /// Returns an error if the file is neither, or cannot be installed. Nothing is installed then.
    pub fn install_file(&self, file: &Path) -> Result<Installed, String> {
        if !file.is_file() {
            return Err(format!("{} is not a file", file.display()));
        }
        if contents::is_zip(file)? {
            let folder = wheel_folder(file)?;
            if let Some(pin) = Pin::by_folder(&folder) {
                pip::check_digest(file, &pin, "Fetch the wheel again")?;
            }
            self.install_or_prefer(&folder, |_, plugin| {
                contents::unpack(file, plugin)?;
                must_load(plugin, file)
            })
        } else {
            let digest = contents::sha256(file)?;
            let stem = file.file_stem().unwrap_or_default().to_string_lossy();
            let folder = format!("{}-{}", stem.trim_start_matches('.'), &digest[..12]);
            self.install_or_prefer(&folder, |_, plugin| {
                contents::copy_library(file, plugin)?;
                must_load(plugin, file)
            })
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
        let whole = |path: &Path| {
            plugin_in(path)
                .is_some_and(|plugin| self.trouble(&plugin).is_ok_and(|trouble| trouble.is_none()))
        };
        let already = self.plugins.install(folder, whole, |staging, new| {
            fill(staging, new)?;
            match plugin_in(new) {
                Some(plugin) => record::write(&plugin).map_err(|e| cannot("read", &plugin, &e)),
                None => Ok(()),
            }
        })?;
        let plugin = self.installed(folder).ok_or_else(|| {
            format!("{} vanished while it was installed", self.plugins.path(folder).display())
        })?;
        Ok(Installed { plugin, already })
    }
}

fn plugin_in(folder: &Path) -> Option<PathBuf> {
    shared_libraries(folder).into_iter().next()
}

/// The damage to a plugin's file, by its record and by the sizes that it names itself.
fn damage(plugin: &Path, thorough: Thorough) -> Result<Option<String>, String> {
    let cannot_read = |e: std::io::Error| cannot("read", plugin, &e);
    if let Some(why) = crate::elf::truncated(plugin).map_err(cannot_read)? {
        return Ok(Some(why));
    }
    record::damage(plugin, thorough).map_err(cannot_read)
}

/// Refuses what cannot be loaded, before it is installed from `file`.
fn must_load(folder: &Path, file: &Path) -> Result<(), String> {
    match plugin_in(folder) {
        Some(plugin) => probe::loads(&plugin)
            .map_err(|why| format!("{} was not installed: {why}", file.display())),
        None => Ok(()),
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

/// The folder that everything is installed to for the user who runs this.
pub(crate) fn user_home() -> Result<PathBuf, String> {
    crate::installed::user_folder(|name| std::env::var_os(name))?.ok_or(
        "there is no folder to install to: set HOME, or NNX_HOME to a folder of your choice".into(),
    )
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
