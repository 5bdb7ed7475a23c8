//! The table as text.

use super::probe::Probe;
use super::probes;
use super::source::{self, Function};
use super::{names, operands};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// Headings, and the files whose functions are listed below them; the first that fits.
const SECTIONS: [(&str, &[&str]); 11] = [
    ("Transforms", &["transform/"]),
    ("Random numbers", &["random/"]),
    ("Activations", &["nn/functions.rs"]),
    ("Linear algebra", &["array/linalg/"]),
    ("Fourier transforms", &["array/fft"]),
    ("Special functions", &["array/special", "ops/special"]),
    ("Images and signals", &["array/image.rs", "array/ndimage.rs", "array/signal/"]),
    ("Statistics", &["array/stats/"]),
    ("Creation", &["array/create.rs", "array/spaces.rs", "array/diagonal.rs"]),
    ("Reductions", &["array/reduce.rs", "array/masked.rs", "array/quantile.rs", "array/window.rs"]),
    ("Arrays", &["array/", "ops/"]),
];

/// Functions that are not operations on arrays: they read, describe or configure.
const NOT_OPERATIONS: &[&str] = &[
    "to_bytes",
    "try_to_vec",
    "to_vec",
    "try_item",
    "item",
    "block_until_ready",
    "device_address",
    "device",
    "to_device",
    "to_sharding",
    "sharding",
    "shards",
    "with_sharding_constraint",
    "absent",
    "shape_only",
    "aval",
    "shape",
    "rank",
    "size",
    "dtype",
    "is_absent",
    "is_traced",
    "keepdims",
    "from_slice",
    "scalar",
    "from_bytes",
    "finfo",
    "iinfo",
];

/// The traits of Rust's operators that arrays have; the `|` is written for a table.
const OPERATORS: [(&str, &str); 12] = [
    ("neg", "-x"),
    ("add", "+"),
    ("sub", "-"),
    ("mul", "*"),
    ("div", "/"),
    ("rem", "%"),
    ("not", "!"),
    ("bitand", "&"),
    ("bitor", "\\|"),
    ("bitxor", "^"),
    ("shl", "<<"),
    ("shr", ">>"),
];

pub(crate) fn table(functions: &[Function], probes: &[Probe]) -> String {
    let mut sections: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let mut missing = Vec::new();
    let mut rows = 0;
    for function in functions {
        let Some(section) = SECTIONS
            .iter()
            .position(|(_, files)| files.iter().any(|file| function.file.starts_with(file)))
        else {
            continue;
        };
        let rows_here = sections.entry(section).or_default();
        let jax = |or: Option<&str>| match function.jax.as_deref().or(or) {
            Some(name) => format!("`{name}`"),
            None => String::new(),
        };
        if section < 2 {
            if !function.name.contains("::") {
                let home = home(function);
                rows_here.push(format!("| `{}` | {home} | {} |", function.name, jax(None)));
                rows += 1;
            }
            continue;
        }
        let name = function.name.as_str();
        // Modules have small letters.
        let is_function = name.starts_with("Masked::") || name.starts_with("At::");
        let is_setting =
            name.contains("::") && !is_function && name.starts_with(|c: char| c.is_uppercase());
        if NOT_OPERATIONS.contains(&name) || is_setting {
            continue;
        }
        let Some(probe) = probes.iter().find(|probe| probe.name == name) else {
            missing.push(format!("{} ({})", name, function.file));
            continue;
        };
        rows_here.push(row(probe, &home(function), &jax(probe.jax)));
        rows += 1;
    }
    // Those that macros make are not in the source by their names.
    for probe in probes.iter().filter(|p| !functions.iter().any(|f| f.name == p.name)) {
        let jax = probe.jax.map_or(String::new(), |name| format!("`{name}`"));
        let home = match OPERATORS.iter().find(|(name, _)| *name == probe.name) {
            Some((_, operator)) => format!("operator `{operator}`"),
            None if probe.name.starts_with("reduce_window_") => "`nnx::array`".into(),
            None => METHOD.into(),
        };
        sections.entry(SECTIONS.len() - 1).or_default().push(row(probe, &home, &jax));
        rows += 1;
    }
    assert!(
        missing.is_empty(),
        "public functions without a probe in tests/api/probes.rs: {missing:#?}"
    );
    text(&sections, rows)
}

const METHOD: &str = "method of `Array`";

/// The type whose method a function is, or the module that it is called in.
fn home(function: &Function) -> String {
    if let Some((of, _)) = function.path.split_once("::") {
        return format!("method of `{of}`");
    }
    let file = function.file.trim_end_matches(".rs").split('/').collect::<Vec<_>>();
    let module = match &file[..] {
        ["transform", "debug", ..] => "nnx::debug".into(),
        ["transform", "metadata" | "shard_map"] => "nnx::sharding".into(),
        ["transform", ..] if is_at_root(&function.name) => "nnx".into(),
        ["array", "stats", "samples"] => "nnx::stats".into(),
        ["array", "stats", distribution] => format!("nnx::stats::{distribution}"),
        [
            "array" | "ops",
            room @ ("linalg" | "fft" | "special" | "image" | "ndimage" | "signal"),
            ..,
        ] => {
            format!("nnx::{room}")
        }
        ["ops", ..] => "nnx::array".into(),
        [room, ..] => format!("nnx::{room}"),
        [] => String::new(),
    };
    // `identity` is `clone`.
    let is_method = operands::is_value(function) && function.name != "identity";
    format!("`{module}`{}", if is_method { ", method" } else { "" })
}

/// Whether the crate's root has a transform under its own name.
fn is_at_root(name: &str) -> bool {
    let root = include_str!("../../src/lib.rs").split_once("pub use transform::{");
    let list = root.and_then(|(_, rest)| rest.split_once('}')).map_or("", |(list, _)| list);
    list.split(',').any(|item| item.trim() == name)
}

fn row(probe: &Probe, home: &str, jax: &str) -> String {
    let verdict = probe.verdict();
    format!(
        "| `{}` | {home} | {jax} | {} | {} | {} |",
        probe.name, verdict.gradient, verdict.batching, verdict.dtypes
    )
}

fn text(sections: &BTreeMap<usize, Vec<String>>, rows: usize) -> String {
    let mut out = String::from(
        "# The public functions\n\nMade by `cargo xtask docs` from the code: names in JAX from the \
         documentation, the rest by tracing every\nfunction. Do not edit it.\n\n\
         Arrays are taken owned or borrowed, and Variables as arrays are; `method` beside a module: a function of a \
         reference,\nwhich can be passed on as a value, and a method of `Array` too.\n\n\
         *Where*: the module to import a function from, or the type whose method it is.\n\
         *Gradient*: `yes` in both modes; `reverse`, `forward` in one; `no`; `–` where the result \
         is not a float.\n*Batching*: whether `vmap` takes it. *Dtypes*: of arguments that are taken \
         (`int` is i8 to i64, `float` is f16,\nbf16, f32 and f64, `complex` is c64 and c128).\n",
    );
    let _ = writeln!(out, "\n{rows} functions.");
    for (&section, rows) in sections.iter().filter(|(_, rows)| !rows.is_empty()) {
        let _ = writeln!(out, "\n## {}\n", SECTIONS[section].0);
        out.push_str(if section < 2 {
            "| nnx | where | JAX, Flax |\n|---|---|---|\n"
        } else {
            "| nnx | where | JAX | gradient | batching | dtypes |\n|---|---|---|---|---|---|\n"
        });
        for row in rows {
            out.push_str(row);
            out.push('\n');
        }
    }
    out
}

/// A file of imports of the functions in the table, from where it says that they are: it compiles.
fn imports(table: &str) -> String {
    let import = |row: &str| {
        let mut cells = row.split('`').skip(1).step_by(2);
        let (name, home) = (cells.next()?, cells.next()?.strip_prefix("nnx")?);
        let name = name.rsplit("::").next()?;
        (home.is_empty() || home.starts_with("::"))
            .then(|| format!("use nnx_core{home}::{name} as _;\n"))
    };
    let rows = table.lines().filter(|line| line.starts_with("| `") && line.contains("| `nnx"));
    let imports: Vec<String> = rows.filter_map(import).collect();
    format!(
        "//! Where docs/api.md says that functions are. Made by `cargo xtask docs`.\n\
         #![allow(unused_imports)]\n\n{}",
        imports.concat()
    )
}

#[test]
fn the_table_says_what_the_code_does() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let functions = source::functions(&root.join("src"));
    let table = table(&functions, &probes::all());
    let imports = imports(&table);
    assert!(imports.lines().count() > 400);
    is_as_made(&root.join("tests/api/homes.rs"), &imports);
    is_as_made(&root.join("../docs/api.md"), &(table + &names::text()));
}

/// Writes the file, or compares it with what would be written.
fn is_as_made(file: &Path, text: &str) {
    if std::env::var_os("NNX_WRITE_DOCS").is_some() {
        return std::fs::write(file, text).unwrap();
    }
    let name = file.file_name().unwrap().display();
    let found = std::fs::read_to_string(file).unwrap_or_default();
    let differs = found.lines().zip(text.lines()).find(|(a, b)| a != b);
    if let Some((found, now)) = differs {
        panic!(
            "{name} is old: it says\n  {found}\nand should say\n  {now}\nrun `cargo xtask docs`"
        );
    }
    assert_eq!(
        found.lines().count(),
        text.lines().count(),
        "{name} is old: run `cargo xtask docs`"
    );
}
