//! Compares this library with reference tensors that JAX, Flax NNX and Optax computed.
//!
//! `cargo xtask golden [DIR] [--list]` runs every case of a folder that is implemented here. A
//! folder holds an `index.json` and one safetensors file per area; without one, `tests/golden/data`
//! is taken. A case that neither an implementation nor the list below knows is a failure.

#![allow(clippy::unwrap_used)]

mod compare;
mod functions;
mod initializers;
mod layers;
mod optimizers;
mod random;
mod reference;
mod state;
mod training;
mod transforms;

use reference::{Case, Reference};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;

/// What a case computes: tensors by the name under which the reference has them.
pub(crate) type Outputs = Vec<(String, nnx::Array)>;

/// How to compute a case.
pub(crate) type Run = fn(&Case) -> Outputs;

/// Cases for which nnx has no layer yet: none.
const SKIPPED: [&str; 0] = [];

/// The implementation of a case, if there is one.
fn implementation(area: &str, name: &str) -> Option<Run> {
    match area {
        "functions" => functions::find(name),
        "initializers" => initializers::find(name),
        "layers" => layers::find(name),
        "optimizers" => optimizers::find(name),
        "random" => random::find(name),
        "training" => training::find(name),
        "transforms" => transforms::find(name),
        _ => None,
    }
}

struct Options {
    folder: PathBuf,
    /// Only cases whose `area/name` holds this.
    filter: Option<String>,
    list: bool,
}

/// `cargo test` hands every test binary its own flags and a filter; those are taken or passed over.
fn options() -> Result<Options, String> {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/data");
    let mut options = Options { folder: data.into(), filter: None, list: false };
    for arg in std::env::args().skip(1) {
        match arg.as_str() {
            "--list" => options.list = true,
            flag if flag.starts_with('-') => {}
            folder if PathBuf::from(folder).is_dir() => options.folder = folder.into(),
            path if path.contains(std::path::MAIN_SEPARATOR) => {
                return Err(format!("{path}: there is no such folder"));
            }
            filter => options.filter = Some(filter.into()),
        }
    }
    Ok(options)
}

fn main() -> ExitCode {
    match options().and_then(|options| Ok((Reference::open(&options.folder)?, options))) {
        Ok((reference, options)) => run(&reference, &options),
        Err(message) => {
            eprintln!("golden: {message}");
            ExitCode::from(2)
        }
    }
}

fn run(reference: &Reference, options: &Options) -> ExitCode {
    // A case that panics is one failure line, not a backtrace.
    std::panic::set_hook(Box::new(|_| {}));
    let (mut passed, mut failed) = (0, 0);
    let mut skipped = Vec::new();
    for case in reference.cases() {
        let title = case.title();
        if options.filter.as_ref().is_some_and(|filter| !title.contains(filter.as_str())) {
            continue;
        }
        let listed = SKIPPED.contains(&title.as_str());
        let outcome = match implementation(&case.area, &case.name) {
            None if listed => {
                skipped.push(title);
                continue;
            }
            None => Err(vec!["there is no such case here".into()]),
            Some(_) if listed => Err(vec!["is implemented: take it off the list SKIPPED".into()]),
            Some(compute) => catch_unwind(AssertUnwindSafe(|| compare::check(case, compute(case))))
                .unwrap_or_else(|payload| Err(vec![panic_message(&*payload)])),
        };
        match outcome {
            Ok(()) => passed += 1,
            Err(messages) => {
                failed += 1;
                println!("FAILED {title}: {}", messages.join("; "));
            }
        }
    }
    if options.list {
        skipped.iter().for_each(|title| println!("skipped {title}"));
        compare::not_compared().for_each(|entry| println!("not compared {entry}"));
    }
    println!("{passed} passed, {failed} failed, {} skipped", skipped.len());
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The message of a panic on one line.
fn panic_message(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("panicked");
    format!("panicked: {}", text.split_whitespace().collect::<Vec<_>>().join(" "))
}
