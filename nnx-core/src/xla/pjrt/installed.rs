//! The plugins in the per-user folder. The set-up command includes this file too, so that what it
//! installs is what the library looks for.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Where plugins and other things of this library are kept for one user: `NNX_HOME`, else `nnx` in
/// `XDG_DATA_HOME`, else `.local/share/nnx` in the home folder. `None` when no home is known.
///
/// `var` looks up an environment variable; an empty or (for XDG) relative value counts as unset.
///
/// # Errors
/// For a relative value of a variable that must not be one: it would mean whatever folder of that name lies
/// where the program was started.
pub(crate) fn user_folder(
    var: impl Fn(&str) -> Option<OsString>,
) -> Result<Option<PathBuf>, String> {
    let path = |name| var(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    if let Some(home) = absolute("NNX_HOME", &var)? {
        return Ok(Some(home));
    }
    if let Some(data) = path("XDG_DATA_HOME").filter(|p| p.is_absolute()) {
        return Ok(Some(data.join("nnx")));
    }
    let home = absolute("HOME", &var)?.or_else(|| path("USERPROFILE"));
    Ok(home.map(|home| home.join(".local/share/nnx")))
}

/// The folder that a variable names; none if it is not set.
///
/// # Errors
/// For a relative path.
pub(crate) fn absolute(
    name: &str,
    var: &impl Fn(&str) -> Option<OsString>,
) -> Result<Option<PathBuf>, String> {
    match var(name).filter(|value| !value.is_empty()).map(PathBuf::from) {
        Some(path) if !path.is_absolute() => Err(format!(
            "{name} is `{}`, a relative path: what lies there depends on the folder in which a program is \
             started, and would be loaded; set it to an absolute path",
            path.display()
        )),
        path => Ok(path),
    }
}

/// The folder, inside [`user_folder`], with one folder `<name>-<version>` per installed plugin.
pub(crate) const PLUGINS: &str = "plugins";

/// Names one plugin file, which is then used without looking further.
pub(crate) const PLUGIN_VAR: &str = "NNX_PJRT_PLUGIN";
/// The variable that PJRT frameworks share: `name:path,name:path`.
pub(crate) const NAMES_VAR: &str = "PJRT_NAMES_AND_LIBRARY_PATHS";
/// Which kind of device to use, when several plugins are installed: `cpu`, `cuda`, `rocm`, `tpu`.
pub(crate) const PLATFORM_VAR: &str = "NNX_PLATFORM";

/// The kind of device that a plugin drives, as far as its file's path says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Platform {
    Cpu,
    Cuda,
    Rocm,
    Tpu,
}

impl Platform {
    /// By a file's or folder's name, one of whose words tells; CPU if none does.
    pub(crate) fn of(name: &str) -> Platform {
        let name = name.to_lowercase();
        name.split(|c: char| !c.is_ascii_alphanumeric())
            .map(|word| word.strip_prefix("lib").unwrap_or(word))
            .find_map(|word| match word {
                _ if word.starts_with("cuda") || word.starts_with("gpu") => Some(Platform::Cuda),
                _ if word.starts_with("rocm") => Some(Platform::Rocm),
                _ if word.starts_with("tpu") => Some(Platform::Tpu),
                _ => None,
            })
            .unwrap_or(Platform::Cpu)
    }

    /// By the name that a user gives it.
    pub(crate) fn parse(name: &str) -> Option<Platform> {
        match name.to_lowercase().as_str() {
            "cpu" => Some(Platform::Cpu),
            "cuda" | "gpu" => Some(Platform::Cuda),
            "rocm" => Some(Platform::Rocm),
            "tpu" => Some(Platform::Tpu),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Platform::Cpu => "cpu",
            Platform::Cuda => "cuda",
            Platform::Rocm => "rocm",
            Platform::Tpu => "tpu",
        }
    }
}

/// The plugin installed last for `platform` among the folders in `plugins`.
pub(crate) fn newest_install(plugins: &Path, platform: Platform) -> Option<PathBuf> {
    let mut found: Vec<(SystemTime, PathBuf)> = Vec::new();
    for folder in subfolders(plugins) {
        let name = folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        // A set-up in progress works in a folder whose name starts with a dot.
        if name.starts_with('.') || Platform::of(&name) != platform {
            continue;
        }
        let time = folder.metadata().and_then(|m| m.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        found.extend(shared_libraries(&folder).into_iter().map(|file| (time, file)));
    }
    found.into_iter().max().map(|(_, file)| file)
}

/// Folders inside `folder`, by name; none when it cannot be read.
pub(crate) fn subfolders(folder: &Path) -> Vec<PathBuf> {
    entries(folder, |path| path.is_dir())
}

/// Files directly inside `folder` that a plugin could be, by name.
pub(crate) fn shared_libraries(folder: &Path) -> Vec<PathBuf> {
    entries(folder, |path| {
        path.extension().is_some_and(|e| e == "so" || e == "dylib" || e == "dll") && path.is_file()
    })
}

fn entries(folder: &Path, keep: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> =
        entries.filter_map(|e| e.ok()).map(|e| e.path()).filter(|p| keep(p)).collect();
    paths.sort();
    paths
}
