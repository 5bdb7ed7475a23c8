//! Finding a PJRT plugin on this machine.

use super::installed::{
    NAMES_VAR, PLATFORM_VAR, PLUGIN_VAR, PLUGINS, Platform, absolute, newest_install,
    shared_libraries, subfolders, user_folder,
};
use super::plugin::SETUP;
use crate::error::{Error, Result};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

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
    let platform = wanted_platform(set(PLATFORM_VAR))?;
    match user_folder(var).map_err(Error::Invalid)? {
        Some(folder) => {
            let plugins = folder.join(PLUGINS);
            if let Some(found) = newest_install(&plugins, platform) {
                return Ok(found);
            }
            tried.push(format!("the per-user folder: {}", plugins.display()));
        }
        None => tried.push("the per-user folder: neither NNX_HOME nor HOME is set".to_string()),
    }
    for site in site_packages(var)? {
        if let Some(found) = python_plugin(&site, platform) {
            return Ok(found);
        }
        tried.push(format!("Python packages: {}", site.display()));
    }
    let places: String = tried.iter().map(|place| format!("\n  - {place}")).collect();
    Err(Error::NoPlugin(format!(
        "no PJRT plugin for {} was found. Looked at:{places}\nTo install one, run: {}",
        platform.name(),
        setup_command(platform)
    )))
}

/// The kind of device that the user wants.
fn wanted_platform(value: Option<OsString>) -> Result<Platform> {
    let Some(value) = value else { return Ok(Platform::Cpu) };
    let name = value.to_string_lossy();
    Platform::parse(&name).ok_or_else(|| {
        Error::Invalid(format!("{PLATFORM_VAR} is `{name}`; it can be cpu, cuda, rocm or tpu"))
    })
}

/// The command that installs a plugin for `platform`.
fn setup_command(platform: Platform) -> String {
    match platform {
        Platform::Cuda => format!("{SETUP} --cuda"),
        Platform::Tpu => format!("{SETUP} --tpu"),
        Platform::Rocm => format!("{SETUP} --from FILE"),
        Platform::Cpu => SETUP.to_string(),
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

/// The folders where Python packages live, in the order in which Python would look.
fn site_packages(var: &dyn Fn(&str) -> Option<OsString>) -> Result<Vec<PathBuf>> {
    let set = |name| absolute(name, &var).map_err(Error::Invalid);
    let mut roots = Vec::new();
    for name in ["VIRTUAL_ENV", "CONDA_PREFIX"] {
        roots.extend(set(name)?);
    }
    roots.extend(set("HOME")?.map(|home| home.join(".local")));
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
    Ok(sites)
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    /// A home folder, and the variables that point to it.
    struct Machine {
        home: tempfile::TempDir,
        variables: Vec<(&'static str, OsString)>,
    }

    impl Machine {
        fn new() -> Self {
            let home = tempfile::tempdir().unwrap();
            let variables = vec![("HOME", home.path().as_os_str().to_owned())];
            Machine { home, variables }
        }

        fn set(&mut self, name: &'static str, value: impl Into<OsString>) {
            self.variables.push((name, value.into()));
        }

        fn file(&self, path: &str) -> PathBuf {
            let path = self.home.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, "").unwrap();
            path
        }

        fn find(&self) -> Result<PathBuf> {
            find_with(None, &|name| {
                self.variables.iter().rev().find(|(n, _)| *n == name).map(|(_, v)| v.clone())
            })
        }
    }

    #[test]
    fn places_are_searched_in_order() {
        let mut machine = Machine::new();
        let package = machine.file(
            ".local/lib/python3.12/site-packages/lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so",
        );
        assert_eq!(machine.find().unwrap(), package);
        let newer = machine.file("venv/lib/python3.12/site-packages/xla_plugins/x/x.so");
        machine.set("VIRTUAL_ENV", machine.home.path().join("venv"));
        assert_eq!(machine.find().unwrap(), newer);
        let installed = machine.file(".local/share/nnx/plugins/some-cpu-1.0/p.so");
        assert_eq!(machine.find().unwrap(), installed);
        machine.set("PJRT_NAMES_AND_LIBRARY_PATHS", "cpu:/a/b.so,cuda:/c.so");
        assert_eq!(machine.find().unwrap(), PathBuf::from("/a/b.so"));
        machine.set("NNX_PJRT_PLUGIN", "/d.so");
        assert_eq!(machine.find().unwrap(), PathBuf::from("/d.so"));
        let explicit = find_with(Some(Path::new("/e.so")), &|_| None).unwrap();
        assert_eq!(explicit, PathBuf::from("/e.so"));
    }

    #[test]
    fn the_platform_chooses_among_installed_plugins() {
        let mut machine = Machine::new();
        let cpu = machine.file(".local/share/nnx/plugins/lammps-jax-pjrt-cpu-0.11.2/p.so");
        let cuda = machine.file(".local/share/nnx/plugins/jax-cuda12-pjrt-0.9/xla_cuda_plugin.so");
        let tpu = machine.file(".local/share/nnx/plugins/libtpu-0.0.1/libtpu.so");
        machine.file(".local/share/nnx/plugins/.unfinished-cpu/p.so");
        assert_eq!(machine.find().unwrap(), cpu);
        for (name, expected) in [("cuda", &cuda), ("GPU", &cuda), ("tpu", &tpu), ("cpu", &cpu)] {
            machine.set("NNX_PLATFORM", name);
            assert_eq!(machine.find().unwrap(), *expected);
        }
        machine.set("NNX_PLATFORM", "abacus");
        let error = machine.find().unwrap_err().to_string();
        assert!(error.contains("`abacus`") && error.contains("cpu, cuda, rocm or tpu"), "{error}");
        assert!(is_cpu(&cpu) && !is_cpu(&tpu) && is_cpu(Path::new("/output/plugin.so")));
    }

    #[test]
    fn the_plugin_installed_last_is_taken() {
        let machine = Machine::new();
        let old = machine.file(".local/share/nnx/plugins/z-cpu-1.0/p.so");
        let new = machine.file(".local/share/nnx/plugins/a-cpu-1.0/p.so");
        let hour_ago = SystemTime::now() - std::time::Duration::from_secs(3600);
        let touch = |file: &Path, time| {
            std::fs::File::open(file.parent().unwrap()).unwrap().set_modified(time).unwrap();
        };
        touch(&old, hour_ago);
        assert_eq!(machine.find().unwrap(), new);
        touch(&new, hour_ago - std::time::Duration::from_secs(1));
        assert_eq!(machine.find().unwrap(), old);
    }

    #[test]
    fn relative_folders_are_refused() {
        for name in ["NNX_HOME", "VIRTUAL_ENV", "CONDA_PREFIX", "HOME"] {
            let mut machine = Machine::new();
            machine.set(name, "some/folder");
            let error = machine.find().unwrap_err().to_string();
            assert!(error.contains(name) && error.contains("`some/folder`"), "{error}");
            assert!(error.contains("absolute"), "{error}");
        }
        // A plugin that is found before they are looked at needs none of them.
        let mut machine = Machine::new();
        let installed = machine.file(".local/share/nnx/plugins/some-cpu-1.0/p.so");
        machine.set("VIRTUAL_ENV", "some/folder");
        assert_eq!(machine.find().unwrap(), installed);
    }

    #[test]
    fn a_list_without_names_is_refused() {
        let mut machine = Machine::new();
        machine.set("PJRT_NAMES_AND_LIBRARY_PATHS", "/a/b.so");
        assert!(machine.find().unwrap_err().to_string().contains("name:path"));
    }

    #[test]
    fn the_user_folder_follows_the_variables() {
        let folder = |variables: &[(&str, &str)]| {
            user_folder(|name| {
                variables.iter().find(|(n, _)| *n == name).map(|(_, v)| OsString::from(v))
            })
            .unwrap()
        };
        assert_eq!(folder(&[]), None);
        assert_eq!(folder(&[("HOME", "/h")]), Some("/h/.local/share/nnx".into()));
        let xdg = [("HOME", "/h"), ("XDG_DATA_HOME", "/d")];
        assert_eq!(folder(&xdg), Some("/d/nnx".into()));
        let relative = [("HOME", "/h"), ("XDG_DATA_HOME", "d")];
        assert_eq!(folder(&relative), Some("/h/.local/share/nnx".into()));
        assert_eq!(folder(&[("NNX_HOME", "/n"), xdg[0], xdg[1]]), Some("/n".into()));
    }
}
