//! What does not compile, and what its author is told: `tests/ui/<theme>/*.rs` beside the message
//! in `*.stderr`. After a change: `TRYBUILD=overwrite cargo test --test ui`, then read the messages.

#[test]
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
        "output",
        "paths",
        "sharing",
        "statics",
    ] {
        cases.compile_fail(format!("tests/ui/{theme}/*.rs"));
    }
    cases.pass("tests/ui/pass/*.rs");
}
