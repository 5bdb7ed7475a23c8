//! The per-user folder. The set-up command includes this file too, so that what it installs is
//! what the library looks for.

use std::ffi::OsString;
use std::path::PathBuf;

/// Where plugins and other things of this library are kept for one user: `NNX_HOME`, else `nnx` in
/// `XDG_DATA_HOME`, else `.local/share/nnx` in the home folder. `None` when no home is known.
///
/// `var` looks up an environment variable; an empty or (for XDG) relative value counts as unset.
pub(crate) fn user_folder(var: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let path = |name| var(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    if let Some(home) = path("NNX_HOME") {
        return Some(home);
    }
    if let Some(data) = path("XDG_DATA_HOME").filter(|p| p.is_absolute()) {
        return Some(data.join("nnx"));
    }
    path("HOME").or_else(|| path("USERPROFILE")).map(|home| home.join(".local/share/nnx"))
}

/// The folder, inside [`user_folder`], with one folder `<name>-<version>` per installed plugin.
pub(crate) const PLUGINS: &str = "plugins";
