//! The environment in which cargo builds and runs what depends on the crate `xla`.

use super::compiler::Compiler;
use super::{EXTENSION_VAR, Library};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// The variable that chooses the backend at run time.
pub(crate) const BACKEND_VAR: &str = "NNX_BACKEND";
/// The value of [`BACKEND_VAR`] for the crate `xla`.
pub(crate) const BACKEND: &str = "xla-rs";

const LIBCLANG_VAR: &str = "LIBCLANG_PATH";
const CLANG_VAR: &str = "BINDGEN_EXTRA_CLANG_ARGS";
const LOADER_VAR: &str =
    if cfg!(target_os = "macos") { "DYLD_LIBRARY_PATH" } else { "LD_LIBRARY_PATH" };

/// Variables of an environment, and what they must be.
type Variables = Vec<(&'static str, OsString)>;

/// Looks a variable up; an empty one counts as unset.
fn lookup<'a>(
    var: impl Fn(&str) -> Option<OsString> + 'a,
) -> impl Fn(&str) -> Option<OsString> + 'a {
    move |name| var(name).filter(|value| !value.is_empty())
}

/// The variables that a build needs, besides those that the user's environment, `var`, has.
fn for_builds(
    library: &Library,
    var: impl Fn(&str) -> Option<OsString>,
) -> Result<Variables, String> {
    let var = lookup(var);
    let mut variables = vec![(EXTENSION_VAR, library.folder.clone().into_os_string())];
    if let Some(libclang) = &library.libclang
        && var(LIBCLANG_VAR).is_none()
    {
        variables.push((LIBCLANG_VAR, libclang.clone().into_os_string()));
    }
    if var(CLANG_VAR).is_none() {
        let compiler = Compiler::find(var("CXX").as_deref(), var("PATH").as_deref())?;
        let mut include = OsString::from("-I");
        include.push(compiler.own_headers()?);
        variables.push((CLANG_VAR, include));
    }
    Ok(variables)
}

fn lib(library: &Library) -> PathBuf {
    library.folder.join("lib")
}

/// The variables for cargo and the programs that it runs.
pub(crate) fn for_cargo(
    library: &Library,
    var: impl Fn(&str) -> Option<OsString>,
) -> Result<Variables, String> {
    let mut variables = for_builds(library, &var)?;
    let mut path = lib(library).into_os_string();
    if let Some(users) = lookup(var)(LOADER_VAR) {
        path.push(":");
        path.push(users);
    }
    variables.push((LOADER_VAR, path));
    variables.push((BACKEND_VAR, BACKEND.into()));
    Ok(variables)
}

/// The lines that users put into their shell, or into the configuration of their own project.
pub(crate) fn instructions(
    library: &Library,
    var: impl Fn(&str) -> Option<OsString>,
) -> Result<String, String> {
    let mut variables = for_builds(library, var)?;
    variables.push((BACKEND_VAR, BACKEND.into()));
    let lib = lib(library);
    let mut text =
        String::from("To build a project with the feature `xla-rs` of nnx, either export\n\n");
    for (name, value) in &variables {
        text.push_str(&format!("  export {name}={}\n", shell(value)));
    }
    text.push_str(&format!(
        "  export {LOADER_VAR}={}${{{LOADER_VAR}:+:${LOADER_VAR}}}\n",
        shell(lib.as_os_str())
    ));
    text.push_str("\nor write this into the project's .cargo/config.toml:\n\n  [env]\n");
    for (name, value) in &variables {
        text.push_str(&format!("  {name} = {}\n", toml(value)));
    }
    let mut rpath = OsString::from("-Clink-arg=-Wl,-rpath,");
    rpath.push(&lib);
    text.push_str(&format!("  [build]\n  rustflags = [{}]\n", toml(&rpath)));
    Ok(text)
}

/// One word of a shell.
fn shell(value: &OsStr) -> String {
    format!("'{}'", value.to_string_lossy().replace('\'', r"'\''"))
}

/// A string of TOML.
fn toml(value: &OsStr) -> String {
    format!("{:?}", value.to_string_lossy())
}
