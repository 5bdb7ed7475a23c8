//! Whether a plugin computes what it should: `cargo xtask conformance [--plugin PATH]`.
#![allow(clippy::unwrap_used)]

mod compare;
mod faults;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut failed = false;
    for (index, fault) in faults::FAULTS.iter().enumerate() {
        let wrong = faults::check(index);
        println!("{}: {}", fault.name, if wrong.is_empty() { "ok" } else { "WRONG" });
        wrong.iter().for_each(|line| println!("  {line}"));
        failed |= !wrong.is_empty();
    }
    ExitCode::from(u8::from(failed))
}
