//! What does not compile, and what its author is told: `tests/ui/<theme>/*.rs` beside the message
//! in `*.stderr`. After a change: `TRYBUILD=overwrite cargo test --test ui`, then read the messages.
//! Some of them: `cargo test --test ui -- ui trybuild=sharing/ trybuild=pass/`. Without a case that
//! passes, trybuild generates no code, and the constants of generic functions are not evaluated.

// What a mistake's author is told does not depend on the backend, and trybuild would build the crate
// `xla`, minutes of C++, once more for its own project.
#[test]
#[cfg_attr(feature = "xla-rs", ignore = "the same on every backend")]
fn ui() {
    // One instance: all cases share one build of the library.
    let cases = trybuild::TestCases::new();
    for theme in [
        "attributes",
        "captures",
        "donation",
        "enums",
        "fields",
        "generics",
        "jit-attributes",
        "jit-signatures",
        "objects",
        "output",
        "paths",
        "recursion",
        "sharing",
        "statics",
    ] {
        cases.compile_fail(format!("tests/ui/{theme}/*.rs"));
    }
    cases.pass("tests/ui/pass/*.rs");
}
