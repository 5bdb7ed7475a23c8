//! The commands that set up, then run cargo.

use crate::installed::{NAMES_VAR, PLATFORM_VAR, PLUGIN_VAR, Platform};
use crate::setup::Setup;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::Command;

/// `cargo xtask mnist`: trains the digits example.
///
/// # Errors
/// When the set-up fails, or cargo cannot be started.
pub fn mnist(arguments: Vec<OsString>) -> Result<u8, String> {
    let mut cargo = cargo("run")?;
    cargo.args(["--example", "mnist", "--"]).args(arguments);
    hand_over(cargo)
}

/// `cargo xtask test`: all tests of the workspace, or those that cargo's own arguments choose.
///
/// # Errors
/// As for [`mnist`].
pub fn test(arguments: Vec<OsString>) -> Result<u8, String> {
    let mut cargo = cargo("test")?;
    if !chooses_packages(&arguments) {
        cargo.arg("--workspace");
    }
    cargo.args(arguments);
    hand_over(cargo)
}

/// `cargo xtask golden DIR`: compares with the reference values in a folder.
///
/// # Errors
/// As for [`mnist`]; also when there is no such folder.
pub fn golden(folder: OsString, arguments: Vec<OsString>) -> Result<u8, String> {
    // The tests run in another folder than the user does.
    let folder = std::fs::canonicalize(&folder)
        .map_err(|e| format!("the reference folder {}: {e}", PathBuf::from(&folder).display()))?;
    let mut cargo = cargo("test")?;
    cargo.args(["--package", "nnx", "--test", "golden", "--"]).arg(folder).args(arguments);
    hand_over(cargo)
}

/// `cargo xtask docs`: writes the table of public functions anew.
///
/// # Errors
/// As for [`mnist`].
pub fn docs() -> Result<u8, String> {
    let mut cargo = cargo("test")?;
    cargo.args(["--package", "nnx-core", "--test", "api"]).env("NNX_WRITE_DOCS", "1");
    hand_over(cargo)
}

/// `cargo xtask bench NAME`: runs a benchmark.
///
/// # Errors
/// As for [`mnist`]; also when the file for the results has no absolute path.
pub fn bench(name: &OsStr, json: Option<PathBuf>) -> Result<u8, String> {
    let mut cargo = cargo("bench")?;
    cargo.args(["--package", "nnx", "--bench"]).arg(name);
    if let Some(json) = json {
        // The benchmark runs in another folder than the user does.
        let json = std::path::absolute(&json).map_err(|e| format!("{}: {e}", json.display()))?;
        cargo.args(["--", "--json"]).arg(json);
    }
    hand_over(cargo)
}

/// A cargo command on this workspace, with a plugin to run on.
fn cargo(subcommand: &str) -> Result<Command, String> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    command.arg(subcommand).arg("--manifest-path").arg(workspace().join("Cargo.toml"));
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    // A plugin that the user names is used as it is.
    if !set(PLUGIN_VAR) && !set(NAMES_VAR) {
        let installed = Setup::for_user()?.ensure(wanted_platform()?)?;
        command.env(PLUGIN_VAR, installed.plugin);
    }
    Ok(command)
}

fn wanted_platform() -> Result<Platform, String> {
    match std::env::var_os(PLATFORM_VAR).filter(|value| !value.is_empty()) {
        None => Ok(Platform::Cpu),
        Some(name) => Platform::parse(&name.to_string_lossy()).ok_or_else(|| {
            format!("{PLATFORM_VAR} is `{}`; it can be cpu, cuda, rocm or tpu", name.display())
        }),
    }
}

/// The folder of the workspace: the one above this crate's.
fn workspace() -> PathBuf {
    let this = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or(env!("CARGO_MANIFEST_DIR").into());
    let mut folder = PathBuf::from(this);
    folder.pop();
    folder
}

fn chooses_packages(arguments: &[OsString]) -> bool {
    let chooses = |argument: &OsStr| {
        let text = argument.to_string_lossy();
        text.starts_with("-p") || text.starts_with("--package") || text == "--workspace"
    };
    arguments.iter().take_while(|a| *a != "--").any(|a| chooses(a))
}

/// Becomes the command, so that signals and the exit code are its own.
#[cfg(unix)]
fn hand_over(mut command: Command) -> Result<u8, String> {
    use std::os::unix::process::CommandExt;
    let error = command.exec();
    Err(format!("{} cannot be started: {error}", command.get_program().display()))
}

/// Runs the command and gives its exit code.
#[cfg(not(unix))]
fn hand_over(mut command: Command) -> Result<u8, String> {
    let status = command
        .status()
        .map_err(|e| format!("{} cannot be started: {e}", command.get_program().display()))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}
