//! The command line.

use crate::children;
use crate::pins::{self, Pin};
use crate::setup::{Installed, Setup};
use lexopt::Arg::{Long, Short, Value};
use std::ffi::OsString;
use std::path::PathBuf;

const HELP: &str = "\
Set-up and developer commands of nnx

Usage: cargo xtask COMMAND [OPTIONS]

Commands:
  setup              Install XLA for this user: the pinned PJRT plugin for CPUs, fetched with pip
    --from FILE        from a wheel or a plugin on disk instead
    --cuda             the plugin for NVIDIA GPUs (used with NNX_PLATFORM=cuda)
    --tpu              the plugin for TPUs (used with NNX_PLATFORM=tpu)
  mnist [OPTIONS]    Set up, then train a CNN on handwritten digits (`mnist --help` lists options)
  test [ARGS]        Set up, then run all tests; ARGS are those of `cargo test`
  golden DIR [--list]
                     Set up, then compare with the reference values in DIR; --list names the
                     skipped cases
  docs               Set up, then write docs/api.md, the table of public functions, from the code
  bench NAME [--json FILE]
                     Set up, then measure: `dispatch`, the cost of a call beside a bare PJRT
                     execute; `trace`, the cost of making a program; --json writes one object
                     per line
  help               Print this

Environment:
  NNX_HOME           The folder to install to (default: nnx in XDG_DATA_HOME or ~/.local/share)
  NNX_PJRT_PLUGIN    A plugin's path: the other commands use it and set nothing up
  NNX_PLATFORM       The kind of plugin that they use: cpu (default), cuda, tpu
";

/// Why a command failed, and the exit code.
#[derive(Debug)]
pub struct Failure {
    /// For the user.
    pub message: String,
    /// 1, or 2 when the command line was wrong.
    pub code: u8,
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Failure { message, code: 1 }
    }
}

impl From<lexopt::Error> for Failure {
    fn from(error: lexopt::Error) -> Self {
        usage(error.to_string())
    }
}

fn usage(message: String) -> Failure {
    Failure { message: format!("{message}\nSee `cargo xtask --help`"), code: 2 }
}

/// Runs the command that the arguments ask for; gives the exit code.
///
/// # Errors
/// With a message for the user and the exit code.
pub fn run(arguments: impl Iterator<Item = OsString>) -> Result<u8, Failure> {
    let mut arguments = arguments;
    let Some(command) = arguments.next() else {
        return Err(usage("no command was given".to_string()));
    };
    let rest: Vec<OsString> = arguments.collect();
    match command.to_string_lossy().as_ref() {
        "setup" => setup(rest),
        // These hand their arguments on as they are, `--help` included.
        "mnist" => Ok(children::mnist(rest)?),
        "test" => Ok(children::test(rest)?),
        "golden" => golden(rest),
        "docs" if rest.is_empty() => Ok(children::docs()?),
        "bench" => bench(rest),
        "help" | "--help" | "-h" => help(),
        other => Err(usage(format!("there is no command `{other}`"))),
    }
}

fn help() -> Result<u8, Failure> {
    print!("{HELP}");
    Ok(0)
}

/// What `setup` installs.
enum Source {
    Pinned(Pin),
    File(PathBuf),
}

fn setup(arguments: Vec<OsString>) -> Result<u8, Failure> {
    let mut sources: Vec<(&str, Source)> = Vec::new();
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("from") => sources.push(("--from", Source::File(parser.value()?.into()))),
            Long("cuda") => sources.push(("--cuda", Source::Pinned(pins::CUDA))),
            Long("tpu") => sources.push(("--tpu", Source::Pinned(pins::TPU))),
            Long("help") | Short('h') => return help(),
            other => return Err(other.unexpected().into()),
        }
    }
    if let [(first, _), (second, _), ..] = sources.as_slice() {
        return Err(usage(format!("{first} and {second} exclude each other: one plugin a time")));
    }
    let setup = Setup::for_user()?;
    let source = sources.pop().map_or(Source::Pinned(pins::CPU), |(_, source)| source);
    let installed = match &source {
        Source::Pinned(pin) => setup.install_pin(pin)?,
        Source::File(file) => setup.install_file(file)?,
    };
    report(&installed, &source);
    Ok(0)
}

fn report(installed: &Installed, source: &Source) {
    let plugin = installed.plugin.display();
    if installed.already {
        println!("XLA is already set up: {plugin}");
    } else {
        println!("XLA is set up: {plugin}");
    }
    if let Source::Pinned(pin) = source
        && !pin.needs.is_empty()
    {
        println!("It needs {}.", pin.needs);
    }
    let folder = installed.plugin.parent().and_then(|p| p.file_name()).unwrap_or_default();
    let platform = crate::installed::Platform::of(&folder.to_string_lossy());
    if platform != crate::installed::Platform::Cpu {
        println!("It is used with NNX_PLATFORM={} in the environment.", platform.name());
    }
}

fn golden(arguments: Vec<OsString>) -> Result<u8, Failure> {
    let mut folder = None;
    let mut rest = Vec::new();
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Value(value) if folder.is_none() => folder = Some(value),
            Long("list") => rest.push("--list".into()),
            Long("help") | Short('h') => return help(),
            other => return Err(other.unexpected().into()),
        }
    }
    let Some(folder) = folder else {
        return Err(usage("golden needs the folder with the reference values".to_string()));
    };
    Ok(children::golden(folder, rest)?)
}

const BENCHMARKS: [&str; 2] = ["dispatch", "trace"];

fn benchmarks() -> String {
    BENCHMARKS.map(|name| format!("`{name}`")).join(" and ")
}

fn bench(arguments: Vec<OsString>) -> Result<u8, Failure> {
    let mut name = None;
    let mut json = None;
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Value(value) if name.is_none() => name = Some(value),
            Long("json") => json = Some(PathBuf::from(parser.value()?)),
            Long("help") | Short('h') => return help(),
            other => return Err(other.unexpected().into()),
        }
    }
    match name {
        Some(name) if BENCHMARKS.iter().any(|known| name == *known) => {
            Ok(children::bench(&name, json)?)
        }
        Some(name) => Err(usage(format!(
            "there is no benchmark `{}`; there are {}",
            name.display(),
            benchmarks()
        ))),
        None => Err(usage(format!("bench needs the name of a benchmark: {}", benchmarks()))),
    }
}
