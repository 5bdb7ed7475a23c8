//! The commands that set up, then run cargo.

use crate::installed::{NAMES_VAR, PLATFORM_VAR, PLUGIN_VAR, Platform};
use crate::setup::Setup;
use crate::xla_rs::{Library, environment};
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The package of the example programs.
const EXAMPLES: &str = "nnx-examples";

/// The example that is several programs, a file each.
const GALLERY: &str = "gallery";

/// The features that give packages the backend of XLA's C++ library.
const FEATURES: [&str; 3] = ["nnx/xla-rs", "nnx-core/xla-rs", "nnx-examples/xla-rs"];

/// The backend that runs the programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// A PJRT plugin.
    Pjrt,
    /// The crate `xla`.
    XlaRs,
}

/// `cargo xtask mnist`: trains the digits example.
///
/// # Errors
/// Returns an error if the set-up fails, or cargo cannot be started.
pub fn mnist(backend: Backend, arguments: Vec<OsString>) -> Result<u8, String> {
    run(backend, &[], "mnist", arguments)
}

/// `cargo xtask example NAME`: runs an example, optimized.
///
/// # Errors
/// As for [`mnist`].
pub fn example(backend: Backend, name: &str, mut arguments: Vec<OsString>) -> Result<u8, String> {
    let bin = match folder().join(GALLERY).join(name).with_extension("rs").is_file() {
        true => {
            arguments.insert(0, name.into());
            GALLERY
        }
        false => name,
    };
    run(backend, &["--release"], bin, arguments)
}

fn run(
    backend: Backend,
    options: &[&str],
    example: &str,
    arguments: Vec<OsString>,
) -> Result<u8, String> {
    let mut cargo = cargo("run", backend, Plugin::IfUsed)?;
    cargo.args(options).args(["--package", EXAMPLES, "--bin", example]);
    cargo.args(backend.features(&[EXAMPLES.into()])).arg("--").args(arguments);
    hand_over(cargo)
}

/// The folder of the example programs.
fn folder() -> PathBuf {
    workspace().join("examples")
}

/// The names of the examples, in order.
///
/// # Errors
/// Returns an error if their folder cannot be read.
pub fn examples() -> Result<Vec<String>, String> {
    let mut names = Vec::new();
    for entry in entries(&folder())? {
        // The other folders hold what examples have in common.
        if entry.join("main.rs").is_file() && !entry.ends_with(GALLERY) {
            names.extend(entry.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    for entry in entries(&folder().join(GALLERY))? {
        names.extend(entry.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.retain(|name| name != "main");
    names.sort_unstable();
    Ok(names)
}

/// The paths in a folder.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let paths = std::fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    paths.map_err(|e| format!("cannot read {}: {e}", folder.display()))
}

/// `cargo xtask test`: all tests of the workspace, or those that cargo's own arguments choose.
///
/// # Errors
/// As for [`mnist`].
pub fn test(backend: Backend, arguments: Vec<OsString>) -> Result<u8, String> {
    // Tests that compare the backends need both.
    let mut cargo = cargo("test", backend, Plugin::Always)?;
    let packages = packages(&arguments);
    if packages.is_empty() && !arguments.iter().any(|argument| argument == "--workspace") {
        cargo.arg("--workspace");
    }
    cargo.args(backend.features(&packages)).args(arguments);
    turn_cache_off(&mut cargo);
    hand_over(cargo)
}

/// Tests compile what they test, and nobody wants their programs again. What the user sets goes.
fn turn_cache_off(command: &mut Command) {
    if std::env::var_os("NNX_CACHE").is_none() {
        command.env("NNX_CACHE", "off");
    }
}

/// `cargo xtask golden DIR`: compares with the reference values in a folder.
///
/// # Errors
/// As for [`mnist`]; also when there is no such folder.
pub fn golden(backend: Backend, folder: OsString, arguments: Vec<OsString>) -> Result<u8, String> {
    // The tests run in another folder than the user does.
    let folder = std::fs::canonicalize(&folder)
        .map_err(|e| format!("the reference folder {}: {e}", PathBuf::from(&folder).display()))?;
    let mut cargo = cargo("test", backend, Plugin::IfUsed)?;
    cargo.args(["--package", "nnx", "--test", "golden"]).args(backend.features(&["nnx".into()]));
    cargo.arg("--").arg(folder).args(arguments);
    hand_over(cargo)
}

/// `cargo xtask conformance`: whether a plugin computes what it should. Each part is a process of its
/// own, so that one that dies is seen and the others run.
///
/// # Errors
/// As for [`mnist`]; also when there is no such plugin.
pub fn conformance(plugin: Option<PathBuf>) -> Result<u8, String> {
    let plugin = plugin
        .map(|path| {
            std::fs::canonicalize(&path).map_err(|e| format!("the plugin {}: {e}", path.display()))
        })
        .transpose()?;
    let results = tempfile::tempdir().map_err(|e| format!("a folder for results: {e}"))?;
    let parts: [(&str, &str, &[&str]); 3] = [
        ("programs", "test", &["nnx", "--test", "conformance", "--", "--all"]),
        ("reference values", "test", &["nnx", "--test", "golden", "--", "--table"]),
        ("MNIST", "run", &[EXAMPLES, "--bin", "mnist", "--", "--epochs", "1", "--out"]),
    ];
    let mut table = Table::default();
    for (name, subcommand, arguments) in parts {
        let mut cargo = match &plugin {
            // The user's own needs no set-up.
            Some(path) => {
                let mut cargo = bare(subcommand);
                cargo.env(PLUGIN_VAR, path);
                cargo
            }
            None => cargo(subcommand, Backend::Pjrt, Plugin::Always)?,
        };
        cargo.arg("--package").args(arguments);
        turn_cache_off(&mut cargo);
        if name == "MNIST" {
            cargo.arg(results.path());
        }
        table.part(name, cargo)?;
    }
    println!("\n{}", table.text());
    Ok(u8::from(table.failed))
}

/// The lines that the parts of the conformance test print.
#[derive(Default)]
struct Table {
    lines: Vec<String>,
    failed: bool,
}

impl Table {
    /// Below it, the epoch of MNIST went wrong; it comes to 0.95 on CPUs.
    const LEAST_ACCURACY: f64 = 0.93;

    /// Runs a part. Its lines of the table are kept, and the others shown at once.
    fn part(&mut self, name: &str, mut command: Command) -> Result<(), String> {
        let cannot = |e: std::io::Error| format!("cargo cannot be started: {e}");
        let mut child = command.stdout(Stdio::piped()).spawn().map_err(cannot)?;
        let mut accuracy = None;
        for line in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
            let line = line.map_err(|e| format!("the output of {name}: {e}"))?;
            if line.starts_with("| ") && !line.starts_with("| group ") {
                self.lines.push(line);
            } else if !line.starts_with('|') {
                accuracy = accuracy.or_else(|| accuracy_in(&line));
                println!("{line}");
            }
        }
        let status = child.wait().map_err(cannot)?;
        let worked = status.success() && accuracy.is_none_or(|found| found >= Self::LEAST_ACCURACY);
        self.failed |= !worked;
        if let Some(accuracy) = accuracy {
            let (passed, failed) = (u8::from(worked), u8::from(!worked));
            self.lines.push(format!(
                "| {name}, one epoch | 1 | {passed} | {failed} | accuracy {accuracy:.4} |"
            ));
        } else if !matches!(status.code(), Some(0 | 1)) || name == "MNIST" {
            self.lines.push(format!("| {name} | | | | {status} |"));
        }
        Ok(())
    }

    fn text(&self) -> String {
        let head = "| group | cases | passed | failed | worst error |\n|---|---:|---:|---:|---:|";
        format!("{head}\n{}", self.lines.join("\n"))
    }
}

/// The number in a line as `test accuracy 0.9530 after 1 epochs`.
fn accuracy_in(line: &str) -> Option<f64> {
    line.strip_prefix("test accuracy ")?.split(' ').next()?.parse().ok()
}

/// `cargo xtask docs`: writes what the programs of the guide print, and the table of public functions.
///
/// # Errors
/// As for [`mnist`].
pub fn docs() -> Result<u8, String> {
    let write = |package: &str, test: &str| {
        let mut cargo = cargo("test", Backend::Pjrt, Plugin::IfUsed)?;
        cargo.args(["--package", package, "--test", test]).env("NNX_WRITE_DOCS", "1");
        Ok::<_, String>(cargo)
    };
    let guide = write("nnx", "guide")?.status();
    match guide.map_err(|e| format!("cargo cannot be started: {e}"))?.success() {
        true => hand_over(write("nnx-core", "api")?),
        false => Ok(1),
    }
}

/// `cargo xtask book`: makes the book with mdBook.
///
/// # Errors
/// Returns an error if there is no mdBook.
pub fn book() -> Result<u8, String> {
    let mut mdbook = Command::new("mdbook");
    mdbook.arg("build").arg(workspace().join("docs"));
    hand_over(mdbook).map_err(|error| {
        format!("{error}\nmdBook makes the book: `cargo install mdbook`. The pages in docs can be read without it")
    })
}

/// `cargo xtask bench NAME`: runs a benchmark, with options of its `own`.
///
/// # Errors
/// As for [`mnist`]; also when the file for the results has no absolute path.
pub fn bench(
    backend: Backend,
    name: &OsStr,
    json: Option<PathBuf>,
    own: Vec<OsString>,
) -> Result<u8, String> {
    // Their measurements are compared with a bare plugin's.
    let mut cargo = cargo("bench", backend, Plugin::Always)?;
    // The start that is measured is that of an example.
    let package = if name == "start" { EXAMPLES } else { "nnx" };
    cargo.args(["--package", package, "--bench"]).arg(name);
    cargo.args(backend.features(&[package.into()])).arg("--").args(own);
    if let Some(json) = json {
        // The benchmark runs in another folder than the user does.
        let json = std::path::absolute(&json).map_err(|e| format!("{}: {e}", json.display()))?;
        cargo.arg("--json").arg(json);
    }
    hand_over(cargo)
}

/// Whether a command needs a PJRT plugin.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plugin {
    Always,
    /// If that is the backend.
    IfUsed,
}

/// A cargo command on this workspace.
fn bare(subcommand: &str) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    command.arg(subcommand).arg("--manifest-path").arg(workspace().join("Cargo.toml"));
    command
}

/// A cargo command on this workspace, with a backend to run on.
fn cargo(subcommand: &str, backend: Backend, plugin: Plugin) -> Result<Command, String> {
    let mut command = bare(subcommand);
    let var = |name: &str| std::env::var_os(name);
    let set = |name| var(name).is_some_and(|value| !value.is_empty());
    if backend == Backend::XlaRs {
        command.envs(environment::for_cargo(&Library::for_user()?, var)?);
    }
    // A plugin that the user names is used as it is.
    let wanted = plugin == Plugin::Always || backend == Backend::Pjrt;
    if wanted && !set(PLUGIN_VAR) && !set(NAMES_VAR) {
        let installed = Setup::for_user()?.ensure(wanted_platform()?)?;
        command.env(PLUGIN_VAR, installed.plugin);
    }
    Ok(command)
}

impl Backend {
    /// The arguments that build these packages with the backend; none means the whole workspace.
    fn features(self, packages: &[String]) -> Vec<OsString> {
        if self == Backend::Pjrt {
            return Vec::new();
        }
        // Cargo takes a package's feature only where that package is one of those chosen.
        let chosen = |feature: &&str| {
            let package = feature.split('/').next();
            packages.is_empty() || packages.iter().any(|p| Some(p.as_str()) == package)
        };
        let features: Vec<&str> = FEATURES.into_iter().filter(chosen).collect();
        match features.as_slice() {
            [] => Vec::new(),
            some => vec!["--features".into(), some.join(",").into()],
        }
    }
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
pub(crate) fn workspace() -> PathBuf {
    let this = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or(env!("CARGO_MANIFEST_DIR").into());
    let mut folder = PathBuf::from(this);
    folder.pop();
    folder
}

/// The packages that cargo's own arguments choose; none where they choose no package, or all.
fn packages(arguments: &[OsString]) -> Vec<String> {
    let mut packages = Vec::new();
    let mut arguments = arguments.iter().take_while(|a| *a != "--").map(|a| a.to_string_lossy());
    while let Some(argument) = arguments.next() {
        if argument == "-p" || argument == "--package" {
            packages.extend(arguments.next().map(|name| name.into_owned()));
        } else if let Some(name) =
            argument.strip_prefix("--package=").or_else(|| argument.strip_prefix("-p"))
        {
            packages.push(name.trim_start_matches('=').to_string());
        }
    }
    packages
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
