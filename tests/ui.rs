//! Programs that do not compile, and their messages: `tests/ui/<theme>/*.rs` next to the message
//! in `*.stderr`. After a change: `TRYBUILD=overwrite cargo test --test ui`, then read the messages.
//! Some of them: `cargo test --test ui -- at_check trybuild=sharing/`. Nearly all are seen at `cargo check`;
//! those in `at-build` when code is generated, because the constants of generic functions are not evaluated before.
//!
//! A case says how it is mended (`xtask/src/mistakes.rs`): the mended code compiles, and docs/errors.md shows it.

#![allow(clippy::unwrap_used)]

use std::path::Path;

#[path = "../xtask/src/mistakes.rs"]
#[allow(dead_code, unreachable_pub)]
mod mistakes;

/// The page that `cargo xtask docs` writes.
#[test]
fn the_page_of_errors_shows_these_cases() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join(mistakes::PAGE)).unwrap();
    let now = mistakes::page(&mistakes::cases(root).unwrap());
    assert!(page == now, "{} is out of date: run `cargo xtask docs`", mistakes::PAGE);
}

/// Advice of a new message has to be followed in a case, with its number: `at_build` compiles the result.
#[test]
fn every_fix_that_a_message_offers_is_followed_in_a_case() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let unfollowed = mistakes::unfollowed(&mistakes::cases(root).unwrap());
    assert!(unfollowed.is_empty(), "{}", unfollowed.join("\n"));
}

// The message for a mistake does not depend on the backend, and trybuild would build the crate
// `xla`, minutes of C++, once more for its own project.
#[test]
#[cfg_attr(feature = "xla-rs", ignore = "the same on every backend")]
fn at_check() {
    // Without a case that passes, trybuild generates no code, and checks all cases in one run of cargo.
    let cases = trybuild::TestCases::new();
    for theme in [
        "arrays",
        "attributes",
        "captures",
        "closures",
        "crates",
        "derives",
        "donation",
        "enums",
        "fields",
        "filters",
        "functions",
        "generics",
        "jit-attributes",
        "jit-signatures",
        "layers",
        "nodes",
        "objects",
        "output",
        "paths",
        "recursion",
        "sharing",
        "statics",
        "training",
        "transforms",
    ] {
        cases.compile_fail(format!("tests/ui/{theme}/*.rs"));
    }
}

#[test]
#[cfg_attr(feature = "xla-rs", ignore = "the same on every backend")]
fn at_build() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/at-build/*.rs");
    cases.pass("tests/ui/pass/*.rs");
    // The fixes that the messages advise, followed.
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mended = mistakes::mended(&mistakes::cases(root).unwrap());
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mended.rs");
    std::fs::write(&file, mended).unwrap();
    cases.pass(file);
}
