//! `docs/api.md`: what the public functions are called in JAX, and what works on them, found out by
//! tracing each of them. The test fails when a public function has no probe, or when the table is
//! not what the code says; `cargo xtask docs` writes it anew.
#![allow(clippy::unwrap_used)]

mod mistakes;
mod points;
mod probe;
mod probes;
mod source;
mod table;
mod values;

use nnx_core::DType;
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

/// f64 where it is taken, else integers.
#[test]
fn every_function_has_the_values_that_the_table_promises() {
    let dtypes = [DType::F64, DType::I32, DType::Bool];
    values::check_all(&probes::all(), |probe| dtypes.into_iter().find(|&d| probe.takes(d)));
}

/// Each function with one of them, the next one with the next, because compiling takes the time;
/// the primitives are tried with each in tests/properties/dtypes.rs.
#[test]
fn every_function_of_less_precision() {
    let mut turn = 0;
    values::check_all(&probes::all(), |probe| {
        turn += 1;
        let dtype = [DType::F32, DType::F16, DType::BF16][turn % 3];
        probe.takes(dtype).then_some(dtype)
    });
}

#[test]
fn every_function_refuses_at_the_users_line() {
    mistakes::check(&probes::all());
}
