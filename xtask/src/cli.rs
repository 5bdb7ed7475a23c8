//! The command line.

use crate::children::{self, Backend};
use crate::mistakes;
use crate::pins::{self, Pin};
use crate::setup::{Installed, Setup};
use crate::tidy;
use crate::xla_rs::{self, Library};
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
    --xla-rs           instead of a plugin: what the crate `xla` is built with (386 MB to fetch,
                       0.8 GB on disk; needs a C++ compiler), and how to build with it
  mnist [OPTIONS]    Set up, then train a CNN on handwritten digits (`mnist --help` lists options)
  example NAME [OPTIONS]
                     Set up, then run a program of the folder examples, optimized; without NAME
                     it names them, and each has --help
  test [ARGS]        Set up, then run all tests; ARGS are those of `cargo test`
  golden DIR [--list]
                     Set up, then compare with the reference values in DIR; --list names the
                     skipped cases
  conformance [--plugin PATH]
                     Set up, then see whether the plugin, or the one at PATH, computes what it
                     should: programs that were wrong once, random programs, the reference values,
                     and an epoch of MNIST; what to run first on a new kind of device
  tidy               Check what no compiler does: which room imports from which, where unsafe code
                     is, the length of files, names of types that stand for two things, and
                     two turns of phrase in comments
  cache list         List the compiled programs that are kept for the next start
  cache why NAME       what the newest program of a function differs in from the one before
  cache clear          remove them all
  cache bundle FILE [NAME…]
                       write them, or those of these functions, to a file for `xla::add_bundle`
  docs               Write docs/errors.md, what the compiler says of mistakes, from tests/ui; then set
                     up, and write what the programs of the guide print, and docs/api.md, the table
                     of public functions, from the code
  book               Check the pages of docs as `tidy` does, then make the book of them with mdBook,
                     in target/book
  bench NAME [--json FILE] [-- ARGS]
                     Set up, then measure: `dispatch`, the cost of a call next to a bare PJRT
                     execute; `trace`, the cost of making a program; `start`, the time to the end
                     of the first training step, with and without kept programs; `steps`, training
                     steps of three models, beside JAX and Flax NNX where there is a Python that
                     has them; `soak`, memory and memory maps over 60,000 programs; --json writes
                     one object per line
  help               Print this

`mnist`, `example`, `test`, `golden` and `bench` take --xla-rs: they set up and use the backend that
goes through the crate `xla` (docs/backends.md).

Environment:
  NNX_HOME           The folder to install to (default: nnx in XDG_DATA_HOME or ~/.local/share)
  NNX_CACHE          The folder of compiled programs, or `off` (default: cache in the folder above;
                     `test` sets `off`)
  NNX_PEERS_PYTHON   The Python of `bench steps`: one with jax, flax and optax
  NNX_PJRT_PLUGIN    A plugin's path: the other commands use it and set nothing up
  NNX_PLATFORM       The kind of plugin that they use: cpu (default), cuda, tpu
  XLA_EXTENSION_DIR  XLA's library for the crate `xla`: --xla-rs uses it and fetches nothing
  CXX                The C++ compiler for --xla-rs
";

/// Why a command failed, and the exit code.
#[derive(Debug)]
pub struct Failure {
    /// The message for the user.
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

/// Runs the command that the arguments ask for; returns the exit code.
///
/// # Errors
/// Returns an error with a message for the user and the exit code.
pub fn run(arguments: impl Iterator<Item = OsString>) -> Result<u8, Failure> {
    let mut arguments = arguments;
    // Without arguments: what there is.
    let command = arguments.next().unwrap_or_else(|| "help".into());
    let rest: Vec<OsString> = arguments.collect();
    match command.to_string_lossy().as_ref() {
        "setup" => setup(rest),
        // These hand their arguments on as they are, `--help` included.
        "mnist" => Ok(run_child(rest, children::mnist)?),
        "example" => example(rest),
        "test" => Ok(run_child(rest, children::test)?),
        "golden" => golden(rest),
        "conformance" => conformance(rest),
        "tidy" if rest.is_empty() => Ok(tidy::run(&children::workspace())?),
        "cache" => cache(&rest),
        "docs" if rest.is_empty() => docs(),
        "book" if rest.is_empty() => book(),
        "bench" => bench(rest),
        "help" | "--help" | "-h" => help(),
        other => Err(usage(format!("there is no command `{other}`"))),
    }
}

/// Runs a command that only one of its arguments is for.
fn run_child(
    mut arguments: Vec<OsString>,
    command: impl FnOnce(Backend, Vec<OsString>) -> Result<u8, String>,
) -> Result<u8, String> {
    // Arguments after `--` are for the program that the command runs.
    let end = arguments.iter().position(|a| a == "--").unwrap_or(arguments.len());
    let ours = arguments[..end].iter().position(|a| a == "--xla-rs");
    let backend = ours.map_or(Backend::Pjrt, |at| {
        arguments.remove(at);
        Backend::XlaRs
    });
    command(backend, arguments)
}

fn example(mut arguments: Vec<OsString>) -> Result<u8, Failure> {
    let names = children::examples()?;
    let known = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    // The name comes first; what follows is for the program.
    if arguments.is_empty() {
        return Err(usage(format!("example needs the name of an example: {known}")));
    }
    let name = arguments.remove(0).to_string_lossy().into_owned();
    if !names.contains(&name) {
        return Err(usage(format!("there is no example `{name}`; there are {known}")));
    }
    Ok(run_child(arguments, |backend, rest| children::example(backend, &name, rest))?)
}

fn cache(arguments: &[OsString]) -> Result<u8, Failure> {
    let words: Vec<String> = arguments.iter().map(|a| a.to_string_lossy().into_owned()).collect();
    print!("{}", crate::cache::run(&words)?);
    Ok(0)
}

fn docs() -> Result<u8, Failure> {
    let workspace = children::workspace();
    let page = mistakes::page(&mistakes::cases(&workspace)?);
    let file = workspace.join(mistakes::PAGE);
    std::fs::write(&file, page).map_err(|e| format!("cannot write {}: {e}", file.display()))?;
    Ok(children::docs()?)
}

fn book() -> Result<u8, Failure> {
    match tidy::run(&children::workspace())? {
        0 => Ok(children::book()?),
        failed => Ok(failed),
    }
}

fn help() -> Result<u8, Failure> {
    print!("{HELP}");
    Ok(0)
}

/// The source that `setup` installs from.
enum Source {
    Pinned(Pin),
    File(PathBuf),
    XlaRs,
}

fn setup(arguments: Vec<OsString>) -> Result<u8, Failure> {
    let mut sources: Vec<(&str, Source)> = Vec::new();
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("from") => sources.push(("--from", Source::File(parser.value()?.into()))),
            Long("cuda") => sources.push(("--cuda", Source::Pinned(pins::CUDA))),
            Long("tpu") => sources.push(("--tpu", Source::Pinned(pins::TPU))),
            Long("xla-rs") => sources.push(("--xla-rs", Source::XlaRs)),
            Long("help") | Short('h') => return help(),
            other => return Err(other.unexpected().into()),
        }
    }
    if let [(first, _), (second, _), ..] = sources.as_slice() {
        return Err(usage(format!("{first} and {second} exclude each other: one at a time")));
    }
    let source = sources.pop().map_or(Source::Pinned(pins::CPU), |(_, source)| source);
    match &source {
        Source::Pinned(pin) => report(&Setup::for_user()?.install_pin(pin)?, pin.needs),
        Source::File(file) => report(&Setup::for_user()?.install_file(file)?, ""),
        Source::XlaRs => report_library(&Library::for_user()?)?,
    }
    Ok(0)
}

fn report_library(library: &Library) -> Result<(), String> {
    let already = if library.already { "already " } else { "" };
    let folder = library.folder.display();
    println!("XLA for the crate `xla` is {already}set up: {folder}\n");
    print!("{}", xla_rs::environment::instructions(library, |name| std::env::var_os(name))?);
    Ok(())
}

fn report(installed: &Installed, needs: &str) {
    let plugin = installed.plugin.display();
    if installed.already {
        println!("XLA is already set up: {plugin}");
    } else {
        println!("XLA is set up: {plugin}");
    }
    if !needs.is_empty() {
        println!("It needs {needs}.");
    }
    let folder = installed.plugin.parent().and_then(|p| p.file_name()).unwrap_or_default();
    let platform = crate::installed::Platform::of(&folder.to_string_lossy());
    if platform != crate::installed::Platform::Cpu {
        println!("It is used with NNX_PLATFORM={} in the environment.", platform.name());
    }
}

fn golden(arguments: Vec<OsString>) -> Result<u8, Failure> {
    let mut folder = None;
    let mut backend = Backend::Pjrt;
    let mut rest = Vec::new();
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Value(value) if folder.is_none() => folder = Some(value),
            Long("xla-rs") => backend = Backend::XlaRs,
            Long("list") => rest.push("--list".into()),
            Long("help") | Short('h') => return help(),
            other => return Err(other.unexpected().into()),
        }
    }
    let Some(folder) = folder else {
        return Err(usage("golden needs the folder with the reference values".to_string()));
    };
    Ok(children::golden(backend, folder, rest)?)
}

fn conformance(arguments: Vec<OsString>) -> Result<u8, Failure> {
    let mut plugin = None;
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("plugin") => plugin = Some(PathBuf::from(parser.value()?)),
            Long("help") | Short('h') => return help(),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(children::conformance(plugin)?)
}

const BENCHMARKS: [&str; 5] = ["dispatch", "trace", "start", "steps", "soak"];

fn benchmarks() -> String {
    BENCHMARKS.map(|name| format!("`{name}`")).join(", ")
}

fn bench(arguments: Vec<OsString>) -> Result<u8, Failure> {
    let mut name = None;
    let mut json = None;
    let mut own = Vec::new();
    let mut backend = Backend::Pjrt;
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Value(value) if name.is_none() => name = Some(value),
            // After `--` all words are the benchmark's own.
            Value(value) => own.push(value),
            Long("xla-rs") => backend = Backend::XlaRs,
            Long("json") => json = Some(PathBuf::from(parser.value()?)),
            Long("help") | Short('h') => return help(),
            other => return Err(other.unexpected().into()),
        }
    }
    match name {
        Some(name) if BENCHMARKS.iter().any(|known| name == *known) => {
            Ok(children::bench(backend, &name, json, own)?)
        }
        Some(name) => Err(usage(format!(
            "there is no benchmark `{}`; there are {}",
            name.display(),
            benchmarks()
        ))),
        None => Err(usage(format!("bench needs the name of a benchmark: {}", benchmarks()))),
    }
}
