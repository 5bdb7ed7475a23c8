//! Opening a PJRT plugin and checking that it is one we can work with.

use super::custom_call;
use super::ffi;
use super::ffi::{Functions, PjrtApi};
use super::record;
use super::record::Thorough;
use crate::error::{Error, Result};
use crate::xla::client::ClientOptions;
use crate::xla::{flags, trial, trust};
use std::error::Error as _;
use std::ffi::{c_int, c_void};
use std::path::{Path, PathBuf};
use std::ptr::NonNull;
use std::sync::Mutex;

/// The oldest plugin that this library was tested with.
const MIN_VERSION: (i32, i32) = (0, 81);

/// The one command that installs a plugin.
pub(super) const SETUP: &str = "cargo xtask setup";

/// A loaded plugin. It stays loaded for the life of the process.
pub(super) struct Plugin {
    pub(super) path: PathBuf,
    pub(super) version: (i32, i32),
    pub(super) functions: Functions,
    /// The plugin's table, which it never frees.
    api: *const PjrtApi,
}

impl Plugin {
    /// Loads the shared library at `path` and reads its function table.
    ///
    /// # Errors
    /// [`Error::Invalid`] when `XLA_FLAGS` does not fit it; [`Error::Plugin`] when the file cannot be
    /// loaded, is no PJRT plugin, or has an API that we do not know.
    pub(super) fn load(path: &Path) -> Result<Plugin> {
        // A name without a slash is one that the system's loader would search for elsewhere.
        let path = &std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let refuse = |reason: String| Error::Plugin { path: path.clone(), reason };
        if !path.is_file() {
            return Err(refuse(format!("there is no such file; `{SETUP}` installs a plugin")));
        }
        let unreadable = |error: std::io::Error| refuse(format!("it cannot be read: {error}"));
        match super::elf::truncated(path) {
            Ok(None) => {}
            Ok(Some(why)) => {
                return Err(refuse(format!("{why}; `{SETUP}` installs a plugin")));
            }
            Err(error) => return Err(unreadable(error)),
        }
        if let Some(why) = trust::objection(path).map_err(unreadable)? {
            return Err(refuse(why));
        }
        if let Some(why) = record::damage(path, Thorough::IfChanged).map_err(unreadable)? {
            return Err(refuse(format!("{why}; `{SETUP}` installs it again")));
        }
        flags::check(&[path.as_path()])?;
        trial::of_flags(&path.display().to_string(), || {
            if let Ok(plugin) = Plugin::open(path) {
                let _ = super::create(&plugin, &ClientOptions::default());
            }
        })?;
        Plugin::open(path)
    }

    /// Loads the file, reads its table and initializes it.
    fn open(path: &PathBuf) -> Result<Plugin> {
        let refuse = |reason: String| Error::Plugin { path: path.clone(), reason };
        // SAFETY: loading a library runs its initializers. The file was named by the user, or
        // found where only plugins are installed.
        let library = unsafe { libloading::Library::new(path) }
            .map_err(|error| refuse(format!("it cannot be loaded: {}", with_advice(&error))))?;
        // SAFETY: the type is that of the one symbol which every PJRT plugin exports.
        let get_api =
            match unsafe { library.get::<unsafe extern "C" fn() -> *const PjrtApi>(b"GetPjrtApi") }
            {
                Ok(symbol) => *symbol,
                Err(_) => {
                    return Err(refuse(
                        "it is a shared library but not a PJRT plugin (it has no `GetPjrtApi`)"
                            .to_string(),
                    ));
                }
            };
        // A plugin starts threads and registers handlers when it is used: never unload it.
        std::mem::forget(library);
        // SAFETY: a PJRT plugin's `GetPjrtApi` takes nothing and returns its table.
        let api = unsafe { get_api() };
        if api.is_null() {
            return Err(refuse("its `GetPjrtApi` returned nothing".to_string()));
        }
        let version = check_version(api).map_err(&refuse)?;
        // SAFETY: the version check says that this is a table of major version 0.
        let functions = unsafe { Functions::read(api) }.map_err(|missing| {
            refuse(format!("its API {}.{} lacks `{missing}`", version.0, version.1))
        })?;
        let plugin = Plugin { path: path.to_path_buf(), version, functions, api };
        plugin.initialize(api)?;
        Ok(plugin)
    }

    /// The plugin's extension of this kind, if it has one.
    pub(super) fn extension(&self, kind: c_int) -> Option<NonNull<c_void>> {
        // SAFETY: the table is that of a plugin.
        unsafe { custom_call::extension(self.api, kind) }
    }

    /// Initializes the plugin whose table is `api`, once in the life of the process: a library that
    /// is opened again is the same one.
    fn initialize(&self, api: *const PjrtApi) -> Result<()> {
        static INITIALIZED: Mutex<Vec<(usize, Result<()>)>> = Mutex::new(Vec::new());
        let mut initialized = INITIALIZED.lock().unwrap_or_else(|e| e.into_inner());
        if let Some((_, outcome)) = initialized.iter().find(|(table, _)| *table == api.addr()) {
            return outcome.clone();
        }
        let mut args = ffi::PluginInitializeArgs::new();
        // SAFETY: called once per load, before any other function.
        let error = unsafe { (self.functions.plugin_initialize)(&mut args) };
        let what = || format!("initializing the plugin {}", self.path.display());
        let outcome = self.functions.check(error, what);
        initialized.push((api.addr(), outcome.clone()));
        outcome
    }
}

/// The message of the system's loader, and advice about it.
fn with_advice(error: &libloading::Error) -> String {
    let mut reason = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_reason = inner.to_string();
        if !reason.contains(&inner_reason) {
            reason = format!("{reason}: {inner_reason}");
        }
        source = inner.source();
    }
    format!("{reason}; {}", advice(&reason))
}

/// The advice for this reason of the system's loader.
fn advice(reason: &str) -> String {
    let is_about = |names: &[&str]| names.iter().any(|name| reason.contains(name));
    if is_about(&["libcuda.so"]) {
        "the driver of the GPU is not installed on this machine".to_string()
    } else if is_about(&["libcu", "libnv", "libnccl"]) {
        "this is a library of CUDA: install the CUDA that the plugin was built for, and put the \
         folder that holds the library into LD_LIBRARY_PATH"
            .to_string()
    } else if is_about(&["libamd", "libroc", "librccl", "libhip", "libMIOpen", "libhsa"]) {
        "this is a library of ROCm: install ROCm, and put the folder that holds the library into \
         LD_LIBRARY_PATH"
            .to_string()
    } else if is_about(&["GLIBC_", "GLIBCXX_", "CXXABI_"]) {
        format!("the plugin was built for a newer system than this one; `{SETUP}` installs another")
    } else {
        format!("`{SETUP}` installs another")
    }
}

/// The version of the table, or why it cannot be used.
fn check_version(api: *const PjrtApi) -> Result<(i32, i32), String> {
    // SAFETY: the pointer is not null; every version of the table starts with its size, and the
    // rest of the header is read only if the size covers it.
    let version = unsafe {
        if (*api).struct_size < size_of::<PjrtApi>() {
            return Err("its function table has no version".to_string());
        }
        (*api).version
    };
    let (major, minor) = (version.major, version.minor);
    let (need_major, need_minor) = MIN_VERSION;
    if major == need_major && minor >= need_minor {
        return Ok((major, minor));
    }
    let age = if (major, minor) < MIN_VERSION { "too old" } else { "too new" };
    Err(format!(
        "its PJRT API {major}.{minor} is {age}; this library works with API \
         {need_major}.{need_minor} and later {need_major}.x. `{SETUP}` installs one that fits"
    ))
}

#[cfg(test)]
mod tests {
    use super::advice;

    #[test]
    fn well_known_reasons_have_their_own_advice() {
        for (library, expected) in [
            ("libcuda.so.1: cannot open shared object file", "the driver of the GPU"),
            ("libcudart.so.12: cannot open shared object file", "a library of CUDA"),
            ("libnvrtc.so.12: cannot open shared object file", "a library of CUDA"),
            ("libamdhip64.so.6: cannot open shared object file", "a library of ROCm"),
            ("libc.so.6: version `GLIBC_2.38' not found", "built for a newer system"),
            ("libstdc++.so.6: version `GLIBCXX_3.4.32' not found", "built for a newer system"),
            ("file too short", "installs another"),
        ] {
            let advice = advice(library);
            assert!(advice.contains(expected), "{library}: {advice}");
        }
    }
}
