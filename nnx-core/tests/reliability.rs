//! Nothing that a user can ask for ends the process. What would is asked for in a child process.
#![allow(missing_docs, clippy::unwrap_used)]

#[macro_use]
#[path = "reliability/failures.rs"]
mod failures;

#[path = "reliability/arithmetic.rs"]
mod arithmetic;
#[path = "reliability/child.rs"]
mod child;
#[path = "reliability/exit.rs"]
mod exit;
#[path = "reliability/extremes.rs"]
mod extremes;
#[path = "reliability/extremes_of_functions.rs"]
mod extremes_of_functions;
#[path = "reliability/fuzz.rs"]
mod fuzz;
#[path = "reliability/memory.rs"]
mod memory;
#[path = "reliability/program_cache.rs"]
mod program_cache;
#[path = "reliability/sizes.rs"]
mod sizes;
