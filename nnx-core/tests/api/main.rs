//! `docs/api.md`: what the public functions are called in JAX, and what works on them, found out by
//! tracing each of them. The test fails when a public function has no probe, or when the table is
//! not what the code says; `cargo xtask docs` writes it anew.
#![allow(clippy::unwrap_used)]

mod probe;
mod probes;
mod source;
mod table;

use std::path::Path;

#[test]
fn the_table_says_what_the_code_does() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let functions = source::functions(&root.join("src"));
    let text = table::table(&functions, &probes::all());
    let file = root.join("../docs/api.md");
    if std::env::var_os("NNX_WRITE_DOCS").is_some() {
        std::fs::write(&file, text).unwrap();
        return;
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    let differs = found.lines().zip(text.lines()).find(|(a, b)| a != b);
    if let Some((found, now)) = differs {
        panic!(
            "docs/api.md is old: it says\n  {found}\nand should say\n  {now}\nrun `cargo xtask docs`"
        );
    }
    assert_eq!(
        found.lines().count(),
        text.lines().count(),
        "docs/api.md is old: run `cargo xtask docs`"
    );
}
