//! `docs/api.md`: what the public functions are called in JAX, and what works on them, found out by
//! tracing each of them; and the names of JAX, Flax and Optax with ours. The test fails when a public function
//! has no probe, or when the page is not what the code says; `cargo xtask docs` writes it again.
//!
//! Tests run in the order of their names, those that panic a lot before those that compile a lot: each
//! executable registers its unwind tables, and from some thousand on a panic takes milliseconds.
#![allow(clippy::unwrap_used)]

mod fuzz;
// A list of imports, a line each.
#[rustfmt::skip]
mod homes;
mod mistakes;
mod more_probes;
mod names;
mod operand_calls;
mod operands;
mod points;
mod probe;
mod probes;
mod source;
mod table;
mod values;
