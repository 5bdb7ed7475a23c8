//! Finding a PJRT plugin on this machine.

use super::folder::{PLUGINS, user_folder};
use super::plugin::SETUP;
use crate::{Error, Result};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Names one plugin file.
pub(super) const PLUGIN_VAR: &str = "NNX_PJRT_PLUGIN";
/// The variable that PJRT frameworks share: `name:path,name:path`.
const NAMES_VAR: &str = "PJRT_NAMES_AND_LIBRARY_PATHS";
/// Which kind of device to use, when several plugins are installed.
const PLATFORM_VAR: &str = "NNX_PLATFORM";

/// Finds the plugin to load, in the order: `explicit`, the two environment variables, the per-user
/// folder, installed Python packages.
///
/// A path that the user gave is not checked for being there: loading it reports what is wrong, and
/// another plugin is not taken in its stead.
///
/// # Errors
/// [`Error::NoPlugin`] with every place tried; [`Error::Invalid`] for a variable that cannot be
/// read.
pub(super) fn find(explicit: Option<&Path>) -> Result<PathBuf> {
    find_with(explicit, &|name| std::env::var_os(name))
}

fn find_with(explicit: Option<&Path>, var: &dyn Fn(&str) -> Option<OsString>) -> Result<PathBuf> {
    if let Some(path) = explicit {
        return Ok(path.to_path_buf());
    }
    let set = |name| var(name).filter(|value| !value.is_empty());
    let mut tried = vec!["an explicit path: none was given".to_string()];
    match set(PLUGIN_VAR) {
        Some(path) => return Ok(PathBuf::from(path)),
        None => tried.push(format!("the environment variable {PLUGIN_VAR}: not set")),
    }
    match set(NAMES_VAR) {
        Some(list) => return first_of_list(&list),
        None => tried.push(format!("the environment variable {NAMES_VAR}: not set")),
    }
    let platform = Platform::wanted(set(PLATFORM_VAR))?;
    match user_folder(var) {
        Some(folder) => {
            let plugins = folder.join(PLUGINS);
            if let Some(found) = newest_install(&plugins, platform) {
                return Ok(found);
            }
            tried.push(format!("the per-user folder: {}", plugins.display()));
        }
        None => tried.push("the per-user folder: neither NNX_HOME nor HOME is set".to_string()),
    }
    for site in site_packages(var) {
        if let Some(found) = python_plugin(&site, platform) {
            return Ok(found);
        }
        tried.push(format!("Python packages: {}", site.display()));
    }
    let places: String = tried.iter().map(|place| format!("\n  - {place}")).collect();
    Err(Error::NoPlugin(format!(
        "no PJRT plugin for {} was found. Looked at:{places}\nTo install one, run: {}",
        platform.name(),
        platform.setup()
    )))
}

/// The kind of device that a plugin drives, as far as its file's path says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Platform {
    Cpu,
    Cuda,
    Rocm,
    Tpu,
}

impl Platform {
    fn wanted(value: Option<OsString>) -> Result<Platform> {
        let Some(value) = value else { return Ok(Platform::Cpu) };
        match value.to_string_lossy().to_lowercase().as_str() {
            "cpu" => Ok(Platform::Cpu),
            "cuda" | "gpu" => Ok(Platform::Cuda),
            "rocm" => Ok(Platform::Rocm),
            "tpu" => Ok(Platform::Tpu),
            other => Err(Error::Invalid(format!(
                "{PLATFORM_VAR} is `{other}`; it can be cpu, cuda, rocm or tpu"
            ))),
        }
    }

    fn of(name: &str) -> Platform {
        let name = name.to_lowercase();
        if name.contains("cuda") || name.contains("gpu") {
            Platform::Cuda
        } else if name.contains("rocm") {
            Platform::Rocm
        } else if name.contains("tpu") {
            Platform::Tpu
        } else {
            Platform::Cpu
        }
    }

    fn name(self) -> &'static str {
        match self {
            Platform::Cpu => "cpu",
            Platform::Cuda => "cuda",
            Platform::Rocm => "rocm",
            Platform::Tpu => "tpu",
        }
    }

    fn setup(self) -> String {
        match self {
            Platform::Cuda => format!("{SETUP} --cuda"),
            Platform::Tpu => format!("{SETUP} --tpu"),
            Platform::Rocm => format!("{SETUP} --from FILE"),
            Platform::Cpu => SETUP.to_string(),
        }
    }
}

/// Whether `plugin` looks like one for CPUs, by the names of its file and of the folder around it.
pub(super) fn is_cpu(plugin: &Path) -> bool {
    let names = [Some(plugin), plugin.parent()];
    names
        .into_iter()
        .flatten()
        .filter_map(Path::file_name)
        .all(|name| Platform::of(&name.to_string_lossy()) == Platform::Cpu)
}

/// The first entry of a `name:path,name:path` list.
fn first_of_list(list: &OsString) -> Result<PathBuf> {
    let text = list.to_string_lossy();
    let first = text.split(',').map(str::trim).find(|entry| !entry.is_empty());
    match first.and_then(|entry| entry.split_once(':')) {
        Some((name, path)) if !name.is_empty() && !path.is_empty() => Ok(PathBuf::from(path)),
        _ => Err(Error::Invalid(format!(
            "{NAMES_VAR} is `{text}`; it must be a list `name:path,name:path` of plugins"
        ))),
    }
}

/// The plugin installed last for `platform` among the folders in `plugins`.
fn newest_install(plugins: &Path, platform: Platform) -> Option<PathBuf> {
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

/// The folders where Python packages live, in the order in which Python would look.
fn site_packages(var: &dyn Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let set = |name| var(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let mut roots: Vec<PathBuf> =
        ["VIRTUAL_ENV", "CONDA_PREFIX"].into_iter().filter_map(set).collect();
    roots.extend(set("HOME").map(|home| home.join(".local")));
    roots.extend(["/usr/local", "/usr"].map(PathBuf::from));
    let mut sites = Vec::new();
    for root in roots {
        let mut pythons: Vec<PathBuf> = subfolders(&root.join("lib"))
            .into_iter()
            .filter(|p| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with("python")))
            .collect();
        pythons.reverse();
        for python in pythons {
            for packages in ["site-packages", "dist-packages"] {
                let site = python.join(packages);
                if site.is_dir() {
                    sites.push(site);
                }
            }
        }
    }
    sites
}

/// A plugin for `platform` in one of the Python packages known to ship one.
fn python_plugin(site: &Path, platform: Platform) -> Option<PathBuf> {
    let mut packages: Vec<PathBuf> =
        ["lammps_jax_pjrt_cpu", "fastatomstruct_xla_cpu", "libtpu"].map(|n| site.join(n)).to_vec();
    packages.extend(subfolders(&site.join("jax_plugins")));
    packages.extend(subfolders(&site.join("xla_plugins")));
    packages
        .iter()
        .filter(|p| p.file_name().is_some_and(|n| Platform::of(&n.to_string_lossy()) == platform))
        .find_map(|package| shared_libraries(package).into_iter().next())
}

/// Folders inside `folder`, by name; none when it cannot be read.
fn subfolders(folder: &Path) -> Vec<PathBuf> {
    entries(folder, |path| path.is_dir())
}

/// Files directly inside `folder` that a plugin could be, by name.
fn shared_libraries(folder: &Path) -> Vec<PathBuf> {
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
