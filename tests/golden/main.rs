//! Compares this library with reference tensors that JAX, Flax NNX and Optax computed.
//!
//! `cargo xtask golden DIR [--list]` runs every case of a folder that is implemented here. A folder
//! holds an `index.json` and one safetensors file per area; `generate.py` makes one. Without one,
//! `tests/golden/data` and `tests/golden/more` are taken. A case that neither an implementation nor the list below knows is a failure.

#![allow(clippy::unwrap_used)]

#[path = "../common/queue.rs"]
mod queue;

mod arguments;
mod compare;
mod contrib;
mod distributions;
mod functions;
mod initializers;
mod layers;
mod more;
mod norms;
mod optax;
mod optimizers;
mod projections;
mod random;
mod reference;
mod searches;
mod small_modules;
mod state;
mod training;
mod transforms;
mod wrappers;

use reference::{Case, Reference};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;

/// The results of a case: tensors by the name under which the reference has them.
pub(crate) type Outputs = Vec<(String, nnx::Array)>;

/// How to compute a case.
pub(crate) type Run = fn(&Case) -> Outputs;

/// Cases for which nnx has no layer yet: none.
const SKIPPED: [&str; 0] = [];

/// The implementation of a case, if there is one.
fn implementation(area: &str, name: &str) -> Option<Run> {
    match area {
        "arguments" => arguments::find(name),
        "contrib" => contrib::find(name),
        "distributions" => distributions::find(name),
        "functions" => functions::find(name),
        "initializers" => initializers::find(name).or_else(|| more::initializer(name)),
        "attention" | "convolutions" | "linears" | "pools" | "recurrent" => more::find(name),
        "layers" => layers::find(name),
        "losses" => optax::loss(name),
        "norms" => norms::find(name),
        "optimizers" => optimizers::find(name),
        "projections" => projections::find(name),
        "random" => random::find(name),
        "schedules" => optax::schedule(name),
        "searches" => searches::find(name),
        "small_modules" => small_modules::find(name),
        "training" => training::find(name),
        "transforms" => transforms::find(name),
        "updates" => optax::update(name),
        "wrappers" => wrappers::find(name),
        _ => None,
    }
}

struct Options {
    folders: Vec<PathBuf>,
    /// Only cases whose `area/name` holds this.
    filter: Option<String>,
    list: bool,
    /// Whether to print a line per area, for the table of `cargo xtask conformance`.
    table: bool,
    /// Whether the folders are those of this repository.
    is_whole: bool,
}

/// `cargo test` hands every test binary its own flags and a filter; those are taken or passed over.
fn options() -> Result<Options, String> {
    let mut options =
        Options { folders: Vec::new(), filter: None, list: false, table: false, is_whole: false };
    for arg in std::env::args().skip(1) {
        match arg.as_str() {
            "--list" => options.list = true,
            "--table" => options.table = true,
            flag if flag.starts_with('-') => {}
            folder if PathBuf::from(folder).is_dir() => options.folders.push(folder.into()),
            path if path.contains(std::path::MAIN_SEPARATOR) => {
                return Err(format!("{path}: there is no such folder"));
            }
            filter => options.filter = Some(filter.into()),
        }
    }
    if options.folders.is_empty() {
        let here = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden"));
        options.folders = vec![here.join("data"), here.join("more")];
        options.is_whole = true;
    }
    Ok(options)
}

fn main() -> ExitCode {
    // A case that panics is one failure line, not a backtrace.
    std::panic::set_hook(Box::new(|_| {}));
    let all = options().and_then(|options| {
        let mut areas = Areas::new();
        let mut run = |folder: &PathBuf| Ok(run(&Reference::open(folder)?, &options, &mut areas));
        let passed = options.folders.iter().map(&mut run).collect::<Result<Vec<bool>, String>>();
        // Who tries a plugin compares with the table there.
        let docs = include_str!("../../docs/backends.md");
        let has_row = |area: &str| docs.contains(&format!("\n| reference values: {area} |"));
        let untold: Vec<&String> = areas.keys().filter(|area| !has_row(area)).collect();
        untold.iter().for_each(|area| println!("`{area}` has no row in docs/backends.md"));
        for (area, (passed, failed, worst)) in areas.iter().filter(|_| options.table) {
            let cases = passed + failed;
            println!("| reference values: {area} | {cases} | {passed} | {failed} | {worst:.2} |");
        }
        passed.map(|mut passed| {
            passed.push(untold.is_empty() || !options.is_whole);
            passed
        })
    });
    match all {
        Ok(passed) if passed.iter().all(|&passed| passed) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("golden: {message}");
            ExitCode::from(2)
        }
    }
}

/// Of each area: how many cases agree, how many do not, and the largest error as a share of what is allowed.
type Areas = BTreeMap<String, (usize, usize, f64)>;

/// Whether all cases of a folder agree.
fn run(reference: &Reference, options: &Options, areas: &mut Areas) -> bool {
    let (mut passed, mut failed) = (0, 0);
    let mut skipped = Vec::new();
    let chosen = |case: &&Case| {
        options.filter.as_ref().is_none_or(|filter| case.title().contains(filter.as_str()))
    };
    for (case, outcome) in outcomes(reference.cases().filter(chosen)) {
        let title = case.title();
        let Some(outcome) = outcome else {
            skipped.push(title);
            continue;
        };
        let area = areas.entry(case.area.clone()).or_default();
        match outcome {
            Ok(worst) => {
                passed += 1;
                area.0 += 1;
                area.2 = area.2.max(worst);
            }
            Err(messages) => {
                failed += 1;
                area.1 += 1;
                area.2 = f64::INFINITY;
                println!("FAILED {title}: {}", messages.join("; "));
            }
        }
    }
    if options.list {
        skipped.iter().for_each(|title| println!("skipped {title}"));
        compare::not_compared().for_each(|entry| println!("not compared {entry}"));
    }
    println!("{passed} passed, {failed} failed, {} skipped", skipped.len());
    failed == 0
}

/// The largest error of a case, as a share of what is allowed, or what is wrong; nothing if it is skipped.
type Outcome = Option<Result<f64, Vec<String>>>;

/// Runs the cases on all processors, because the compiler of a small program uses one.
fn outcomes<'a>(cases: impl Iterator<Item = &'a Case>) -> Vec<(&'a Case, Outcome)> {
    let cases: Vec<&Case> = cases.collect();
    queue::share(queue::processors(), &cases, |_, case| (*case, outcome(case)))
}

fn outcome(case: &Case) -> Outcome {
    let listed = SKIPPED.contains(&case.title().as_str());
    Some(match implementation(&case.area, &case.name) {
        None if listed => return None,
        None => Err(vec!["there is no such case here".into()]),
        Some(_) if listed => Err(vec!["is implemented: take it off the list SKIPPED".into()]),
        Some(compute) => catch_unwind(AssertUnwindSafe(|| compare::check(case, compute(case))))
            .unwrap_or_else(|payload| Err(vec![panic_message(&*payload)])),
    })
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
