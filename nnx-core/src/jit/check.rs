//! The rules for the arguments and the result of a jitted function, in tree and in graph mode, checked while the
//! user's crate compiles: the expansion of `#[nnx::jit]` calls these in constants.

use crate::module::{Schema, check};

pub use crate::module::check::Verdict;

/// Whether `schema` may be that of an argument called `name`.
pub const fn argument(name: &str, schema: &'static Schema) -> Verdict {
    check::argument(name, schema)
}

/// Whether `schema` may be that of an argument called `name` in graph mode.
pub const fn graph_argument(name: &str, schema: &'static Schema) -> Verdict {
    check::graph_argument(name, schema)
}

/// Whether `schema` may be that of an argument called `name` behind `&mut`.
pub const fn updated_argument(name: &str, schema: &'static Schema) -> Verdict {
    let verdict = check::argument(name, schema);
    if verdict.is_fine() { check::updated_argument(name, schema) } else { verdict }
}

/// Whether `schema` may be that of an argument called `name` behind `&mut` in graph mode.
pub const fn updated_graph_argument(name: &str, schema: &'static Schema) -> Verdict {
    let verdict = check::graph_argument(name, schema);
    if verdict.is_fine() { check::updated_argument(name, schema) } else { verdict }
}

/// Whether `schema` may be that of a result in graph mode, where any may.
pub const fn graph_result(_: &Schema) -> Verdict {
    Verdict::FINE
}

/// Whether `schema` may be that of a static argument called `name`.
pub const fn static_argument(name: &str, schema: &'static Schema) -> Verdict {
    check::static_argument(name, schema)
}

/// Whether `schema` may be that of a result.
pub const fn result(schema: &'static Schema) -> Verdict {
    check::result(schema)
}

/// Panics if something is wrong, which is a compile error in a constant.
///
/// # Panics
/// Panics with what is wrong.
#[track_caller]
pub const fn report(verdict: &Verdict) {
    verdict.report();
}

/// The same, but only if an `earlier` check has not said it.
///
/// # Panics
/// Panics with what is wrong.
#[track_caller]
pub const fn report_after(earlier: &Verdict, verdict: &Verdict) {
    if earlier.is_fine() {
        verdict.report();
    }
}
