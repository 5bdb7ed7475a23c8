//! Whether a plugin computes what it should: `cargo xtask conformance [--plugin PATH]`.
//!
//! With `--all` more than a hundred random programs run; `cargo test` runs a few of them, and every program
//! that was wrong on a plugin. Each group is a process of its own, so that one that ends its process
//! is a line of the table.
#![allow(clippy::unwrap_used)]

#[path = "../common/queue.rs"]
mod queue;

mod compare;
mod faults;
mod random;

use compare::Distance;
use std::process::{Command, ExitCode, Stdio};

/// Random programs per dtype: all, and those of the ordinary test suite.
const PROGRAMS: [u64; 2] = [18, 2];

/// Cases that share one line of the table.
struct Group {
    name: String,
    cases: usize,
    run: Box<dyn Fn() -> Vec<(String, Distance)> + Sync>,
}

fn groups(all: bool) -> Vec<Group> {
    let programs = if all { PROGRAMS[0] } else { PROGRAMS[1] };
    let faults = faults::FAULTS.iter().enumerate().map(|(index, fault)| Group {
        name: format!("known faults: {}", fault.name),
        cases: fault.programs(),
        run: Box::new(move || faults::check(index)),
    });
    let random = random::DTYPES.into_iter().map(|dtype| Group {
        name: format!("random programs in {dtype}"),
        cases: programs as usize,
        run: Box::new(move || {
            (0..programs).map(|seed| (format!("seed {seed}"), random::check(seed, dtype))).collect()
        }),
    });
    faults.chain(random).collect()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let all = arguments.iter().any(|argument| argument == "--all");
    if let Some(at) = arguments.iter().position(|argument| argument == "--group") {
        return run(&groups(all)[arguments[at + 1].parse::<usize>().unwrap()]);
    }
    match nnx::xla::Client::global() {
        Ok(client) => println!("{client}\n"),
        Err(error) => {
            eprintln!("conformance: {error}");
            return ExitCode::from(2);
        }
    }
    println!("| group | cases | passed | failed | worst error |\n|---|---:|---:|---:|---:|");
    // A device may have memory for one process; `cargo test` has processors, and they compile on one each.
    let workers = if all { 1 } else { queue::processors() };
    let right = queue::share(workers, &groups(all), |index, group| apart(group, index, all));
    // Users look for a fault, and for its workaround, in the docs.
    let docs = include_str!("../../docs/backends.md");
    let untold = |fault: &&faults::Fault| !docs.contains(&format!("\n| {} |", fault.name));
    let untold: Vec<&str> = faults::FAULTS.iter().filter(untold).map(|fault| fault.name).collect();
    untold.iter().for_each(|name| println!("`{name}` has no row in docs/backends.md"));
    let failed = right.contains(&false) || !untold.is_empty();
    ExitCode::from(u8::from(failed))
}

/// Runs a group in a process of its own and prints what that printed; returns whether all is well.
fn apart(Group { name, cases, .. }: &Group, index: usize, all: bool) -> bool {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(all.then_some("--all")).arg("--group").arg(index.to_string());
    let output = command.stderr(Stdio::inherit()).output().unwrap();
    print!("{}", String::from_utf8_lossy(&output.stdout));
    if !matches!(output.status.code(), Some(0 | 1)) {
        println!("| {name} | {cases} | 0 | {cases} | {} |", output.status);
    }
    output.status.success()
}

/// Runs the cases of a group and prints its line, and one for each wrong case.
fn run(group: &Group) -> ExitCode {
    let found = (group.run)();
    let worst = found.iter().map(|(_, distance)| distance.share);
    let worst =
        worst.fold(0.0_f64, |m, share| if share.is_nan() { f64::INFINITY } else { m.max(share) });
    let wrong: Vec<_> = found.iter().filter(|(_, distance)| distance.is_wrong()).collect();
    let (name, cases, failed) = (&group.name, found.len(), wrong.len());
    println!("| {name} | {cases} | {} | {failed} | {worst:.2} |", cases - failed);
    for (case, distance) in &wrong {
        println!("WRONG {name}: {case}: {}", distance.text);
    }
    ExitCode::from(u8::from(failed > 0))
}
