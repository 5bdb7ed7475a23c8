//! The rules of `cargo xtask tidy`, each on a small house that breaks it.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use xtask::tidy::{Finding, Rule, check};

/// The findings in a workspace of these files, where a path from `nnx-core/src` is enough.
fn findings(files: &[(&str, &str)]) -> Vec<Finding> {
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in files {
        let path = match file.split_once(':') {
            Some(("repo", file)) => folder.path().join(file),
            _ => folder.path().join("nnx-core/src").join(file),
        };
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    check(folder.path()).unwrap()
}

/// The lines of one file that break one rule, and no other file or rule.
#[track_caller]
fn lines(text: &str, file: &str, rule: Rule) -> Vec<usize> {
    let found = findings(&[(file, text)]);
    for finding in &found {
        assert_eq!((&finding.rule, finding.file.ends_with(file)), (&rule, true), "{finding}");
    }
    found.iter().map(|finding| finding.line).collect()
}

#[test]
fn downward_imports_pass() {
    let text = "use crate::{error::Error, graph::{Array, trace::*}};
        pub(in crate::ops) fn f(x: crate::value::DType) { crate::run::select(x) }
        use super::reduce; use super::super::graph; use self::inner::deep;";
    assert_eq!(findings(&[("ops/sin.rs", text)]), []);
}

#[test]
fn an_import_upwards_is_found_in_every_form() {
    let text = "use crate::jit::Stats;
use crate::{error::Error, nn::Linear};
use crate::{
    graph::Array,
    array::{
        math, arith as sums,
    },
    train,
};
fn f() -> crate::optim::Adam { crate::random::key::<u8>(0) }
pub use super::super::module::Path;
mod inner {
    use super::super::super::transform;
    fn g() { super::super::sin() }
}
macro_rules! m { () => { $crate::ops::jvp() } }
";
    let expected = [1, 2, 6, 6, 8, 10, 10, 11, 13, 16];
    assert_eq!(lines(text, "rewrite/sin.rs", Rule::Upwards), expected);
}

#[test]
fn the_message_names_both_rooms() {
    let found = findings(&[("graph/mod.rs", "\nuse crate::ops::Sin;")]);
    let expected =
        "nnx-core/src/graph/mod.rs:2: import upwards: `ops::Sin`: `ops` lies above `graph`";
    assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected]);
}

#[test]
fn a_room_of_one_file_is_a_room() {
    assert_eq!(lines("use super::graph::Array;", "error.rs", Rule::Upwards), [1]);
    assert!(lines("use crate::error::Error;", "graph.rs", Rule::Upwards).is_empty());
}

#[test]
fn the_runtime_knows_values_and_errors_alone() {
    let text = "use crate::error::Error;\nuse crate::value::DType;\nuse crate::graph::Graph;\n";
    assert_eq!(lines(text, "xla/client.rs", Rule::Upwards), [3]);
}

#[test]
fn comments_literals_and_tests_are_no_imports() {
    let text = r##"//! See [`crate::train`]. /* use
/* crate::nn::Linear; /* crate::nn::Linear */ crate::nn */
const A: &str = "crate::nn::Linear \" crate::nn";
const B: &str = r#"crate::nn " crate::nn"#;
const C: [u8; 2] = [b'"', b'\''];
const D: char = '"'; fn f<'crate_>(x: &'crate_ str) {} const E: char = '\'';
#[cfg(test)]
#[allow(unused)]
mod tests { use crate::nn::Linear; fn g() { let _ = [crate::nn::x()]; } }
#[cfg(test)]
use crate::nn::Linear;
fn r#type() {}
"##;
    let rest = "use crate::nn::Linear;";
    let found =
        findings(&[("graph/a.rs", text), ("graph/tests.rs", rest), ("graph/tests/b.rs", rest)]);
    assert_eq!(found, []);
    let ends = format!("{text}use crate::nn::Linear;");
    assert_eq!(lines(&ends, "graph/a.rs", Rule::Upwards), [13]);
}

#[test]
fn an_item_is_imported_from_its_room() {
    let text = "use crate::Array;
use crate::{Error, graph::Array};
fn f() -> crate::Result<()> { super::super::grad() }
use crate::*;
";
    assert_eq!(lines(text, "ops/sin.rs", Rule::ThroughTheRoot), [1, 2, 3, 3, 4]);
}

#[test]
fn a_macro_of_the_root_belongs_to_its_room() {
    let macros = "#[macro_export]\nmacro_rules! path { () => { $crate::__private::path!() } }";
    let uses = "use crate::path;\nfn f() { crate::path!() }";
    assert_eq!(findings(&[("module/path.rs", macros), ("nn/a.rs", uses)]), []);
    let found = findings(&[("module/path.rs", macros), ("ops/a.rs", uses)]);
    assert_eq!(found.iter().map(|f| (f.rule, f.line)).collect::<Vec<_>>(), [(Rule::Upwards, 1)]);
}

#[test]
fn what_the_expansions_use_is_for_them() {
    let text = "use crate::__private::Plan;";
    assert_eq!(lines(text, "jit/a.rs", Rule::ThroughTheRoot), [1]);
}

#[test]
fn the_root_imports_from_every_room() {
    let text = "pub use crate::train::fit; pub use error::Error; mod error;";
    assert_eq!(findings(&[("lib.rs", text), ("__private.rs", text)]), []);
}

#[test]
fn a_room_has_a_place_in_the_table() {
    let found = findings(&[
        ("kitchen/mod.rs", ""),
        ("kitchen/stove.rs", "use crate::error::Error;"),
        ("hall.rs", ""),
    ]);
    let found: Vec<_> = found.iter().map(|f| (f.rule, f.file.as_str())).collect();
    let expected = ["hall.rs", "kitchen/mod.rs"]
        .map(|file| (Rule::UnknownRoom, format!("nnx-core/src/{file}")));
    assert_eq!(found, expected.iter().map(|(r, f)| (*r, f.as_str())).collect::<Vec<_>>());
}

#[test]
fn unsafe_code_stands_in_one_room() {
    let text = "// unsafe\n#![forbid(unsafe_code)]\nconst A: &str = \"unsafe\";\nunsafe fn f() {}";
    assert_eq!(lines(text, "graph/a.rs", Rule::Unsafe), [4]);
    let inside_a_test = "#[cfg(test)]\nmod tests { fn f() { unsafe {} } }";
    assert_eq!(lines(inside_a_test, "graph/b.rs", Rule::Unsafe), [2]);
    assert_eq!(findings(&[("xla/a.rs", text), ("repo:tests/ui/a.rs", text)]), []);
    for file in ["repo:tests/a.rs", "repo:xtask/src/main.rs", "repo:nnx-core/src/xlarge/a.rs"] {
        let found = findings(&[(file, text)]);
        assert!(found.iter().any(|f| f.rule == Rule::Unsafe && f.line == 4), "{file}");
    }
}

#[test]
fn a_file_has_600_lines_at_most() {
    assert_eq!(findings(&[("repo:tests/a.rs", &"\n".repeat(600))]), []);
    let found = findings(&[("repo:tests/a.rs", &"\n".repeat(601))]);
    assert_eq!(found.iter().map(|f| f.rule).collect::<Vec<_>>(), [Rule::TooLong]);
    let short = |lines| findings(&[("repo:examples/gallery/a.rs", &*"\n".repeat(lines))]);
    assert_eq!((short(250).len(), short(251).len()), (0, 1));
}

#[test]
fn a_type_name_stands_for_one_thing() {
    let a = "pub struct Key;\nstruct Own;\npub enum Kind { A }\npub(super) fn key() {}";
    let b = "pub(crate) enum Key {}\nstruct Own;\n#[cfg(test)]\npub struct Kind;
        macro_rules! m { ($name:ident) => { pub struct $name; pub struct $name; } }
        impl T for Key { type Item = u8; }
        pub(in crate::ops) type Kind = u8;
        pub unsafe trait Plan {}\npub trait Plan {}
        trait Walk { type Item; }
        macro_rules! n { ($trait:ident) => {$( impl $trait for u8 { type Item = u8; } )*}; }
        fn f(x: impl Walk) -> impl Walk { type Own = u8; }";
    let found = findings(&[("ops/a.rs", a), ("ops/b.rs", b)]);
    let places: Vec<_> = found.iter().map(|f| (f.file.as_str(), f.line, f.rule)).collect();
    let twice = |line| ("nnx-core/src/ops/b.rs", line, Rule::NameTwice);
    let mut expected = vec![twice(1), twice(2), twice(7), twice(9), twice(12)];
    // The made-up unsafe trait.
    expected.insert(3, ("nnx-core/src/ops/b.rs", 8, Rule::Unsafe));
    assert_eq!(places, expected);
    assert!(found[0].message.contains("`Key` is also nnx-core/src/ops/a.rs:1"), "{}", found[0]);
}

#[test]
fn what_git_would_not_hold_is_not_read() {
    let text = "unsafe fn f() {}";
    assert_eq!(findings(&[("repo:target/a.rs", text), ("repo:tests/x/target/b.rs", text)]), []);
}

#[test]
fn a_missing_folder_is_an_error() {
    let message = check(Path::new("no/such/folder")).unwrap_err();
    assert!(message.contains("no/such/folder"), "{message}");
}

#[test]
fn wording_is_found_in_comments_alone() {
    let found =
        "//! What is in a node.\n  // What is left.\n/// An array that is no matrix.\nfn f() {}";
    assert_eq!(lines(found, "ops/sin.rs", Rule::Wording), [1, 2, 3]);
    let right = [
        "/// What's new. Whatever is in it. There is no axis, or it is no longer there.",
        "// is no wider",
        "const WHAT: &str = \"What it is no more is no news\"; // What is this?",
    ];
    let right = right.join("\n");
    assert_eq!(findings(&[("ops/sin.rs", &right)]), []);
}

#[test]
fn links_between_pages_lead_somewhere() {
    let summary = "[One](one.md)\n[Two](guide/two.md)\n";
    let one = "# One\n## Its `second` part\n[here](#its-second-part) [there](guide/two.md#two)\n\
               [far](https://example.org/x#y) `[no](link)`\n\
               ```rust\n# [no](link)\n```\n";
    let good = [
        ("repo:docs/SUMMARY.md", summary),
        ("repo:docs/one.md", one),
        ("repo:docs/guide/two.md", "# Two\n[back](../one.md)\n"),
        ("repo:src/lib.rs", ""),
        ("repo:README.md", "[One](docs/one.md#one) [code](src/lib.rs)\n"),
    ];
    assert_eq!(findings(&good), []);
    let two = "# Two\n[a](one.md)\n[b](../one.md#three) [c](#one)\n[d](../../src/lib.rs)\n";
    let readme = "\n[e](docs/three.md)\n";
    let mut bad = good;
    (bad[2].1, bad[4].1) = (two, readme);
    let found = findings(&bad);
    assert!(found.iter().all(|finding| finding.rule == Rule::DeadLink), "{found:?}");
    let places: Vec<(&str, usize)> = found.iter().map(|f| (f.file.as_str(), f.line)).collect();
    let two = "docs/guide/two.md";
    assert_eq!(places, [("README.md", 2), (two, 2), (two, 3), (two, 3), (two, 4)]);
}

#[test]
fn the_book_has_every_page_once() {
    let summary = "[One](one.md)\n[One again](one.md)\n";
    let pages =
        [("repo:docs/SUMMARY.md", summary), ("repo:docs/one.md", ""), ("repo:docs/two.md", "")];
    let found: Vec<String> = findings(&pages).iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "docs/one.md:1: page not in the book: docs/SUMMARY.md has it 2 times, not once",
            "docs/two.md:1: page not in the book: docs/SUMMARY.md has it 0 times, not once",
        ]
    );
}
