//! The rooms of nnx-core.

use super::{Finding, HOUSE, Rule, Source};

/// From the ground up, a floor each: a room imports from the floors before its own, and from its own.
pub(super) const FLOORS: [&[&str]; 15] = [
    &["error"],
    &["value"],
    &["xla"],
    &["lower"],
    &["graph"],
    &["run"],
    &["rewrite"],
    // Rules are written in array arithmetic, and array arithmetic binds primitives.
    &["ops", "array"],
    &["module"],
    &["transform"],
    &["jit"],
    &["random"],
    &["nn"],
    &["optim"],
    &["train"],
];

/// Rooms that import less than all below them.
pub(super) const CLOSED: [(&str, &[&str]); 2] =
    [("xla", &["error", "value"]), ("lower", &["error", "value"])];

/// Modules and types that only some rooms import, beside their own.
pub(super) const RESERVED: [(&[&str], &[&str]); 3] = [
    (&["lower", "stablehlo"], &["run"]),
    (&["lower", "hlo"], &["run"]),
    // Who compiles needs one.
    (&["xla", "Program"], &["run"]),
];

/// Files beside the rooms, which may import from all: what users see, and what the expansions of
/// the macros use.
const ROOT: [&str; 3] = ["lib", "__private", "sharding"];

/// The place of a room; `None` for a name that is not a room.
pub(super) fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&room))
}

/// The modules that lead to a file of nnx-core: none for its root.
pub(super) fn module(file: &str) -> Vec<&str> {
    let inside = file.strip_prefix(HOUSE).unwrap_or(file).trim_start_matches('/');
    let mut parts: Vec<&str> = inside.trim_end_matches(".rs").split('/').collect();
    if parts.last() == Some(&"mod") || parts == ["lib"] {
        parts.pop();
    }
    parts
}

/// The room that a file belongs to; `None` for files of the root.
pub(super) fn room(file: &str) -> Option<&str> {
    module(file).into_iter().next().filter(|first| !ROOT.contains(first))
}

/// Whether a file holds tests alone.
pub(super) fn is_test(file: &str) -> bool {
    file.ends_with("/tests.rs") || file.contains("/tests/")
}

/// Finds the rooms that are not in the table, each once.
pub(super) fn unknown<'a>(sources: impl Iterator<Item = &'a Source>, findings: &mut Vec<Finding>) {
    let mut seen: Vec<&str> = Vec::new();
    for source in sources {
        let Some(room) = room(&source.file) else { continue };
        if floor(room).is_none() && !seen.contains(&room) {
            seen.push(room);
            let message = format!("`{room}` has no place in the table, {}", file!());
            findings.push(source.finding(1, Rule::UnknownRoom, message));
        }
    }
}
