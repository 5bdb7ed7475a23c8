//! `docs/flax-tests.md` names tests that exist, and each test of Flax once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const TABLE: &str = include_str!("../../docs/flax-tests.md");

/// How a remark begins where there is no test of ours.
const REASONS: [&str; 2] = ["with ", "nothing to test: "];

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// A line of a table.
struct Row {
    /// `TestTreeJIT.test_tree_jit_basic`.
    flax: String,
    ours: Vec<String>,
    remark: String,
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut section = "";
    for line in TABLE.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            section = title;
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let ["", flax, ours, remark, ""] = cells[..] else { continue };
        if !flax.contains("test_") {
            continue;
        }
        // The class comes before the test, or in the title of the section.
        let class = section.rsplit(' ').next().unwrap();
        let flax = if flax.contains('.') { flax.into() } else { format!("{class}.{flax}") };
        let ours = ours.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        rows.push(Row { flax, ours, remark: remark.into() });
    }
    rows
}

/// The file of tests that the table calls `jit` or, if it is of graph mode, `graph/jit`.
fn file_of(name: &str) -> PathBuf {
    let (folder, file) = name.split_once('/').unwrap_or(("behaviour", name));
    tests().join(folder).join(file).with_extension("rs")
}

/// The tests of a file, by its `#[test]`s.
fn tests_in(file: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let after = text.split("#[test]\n").skip(1);
    after.filter_map(|rest| Some(rest.split_once("fn ")?.1.split_once('(')?.0.to_owned())).collect()
}

#[test]
fn every_test_of_flax_has_one_row() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for row in rows() {
        assert!(row.flax.contains("Test") && row.flax.matches('.').count() == 1, "{}", row.flax);
        *seen.entry(row.flax).or_default() += 1;
    }
    let twice: Vec<_> = seen.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    assert!(seen.len() > 150, "only {} rows were read", seen.len());
}

#[test]
fn every_row_names_tests_that_exist_or_says_why_there_is_none() {
    let mut missing = Vec::new();
    for Row { flax, ours, remark } in rows() {
        if ours.is_empty() && !REASONS.iter().any(|reason| remark.starts_with(reason)) {
            missing.push(format!("{flax}: neither a test nor a reason"));
        }
        for name in ours {
            let there = match (name.strip_prefix("ui/"), name.split_once("::")) {
                (Some(case), _) => ["rs", "stderr"]
                    .iter()
                    .all(|end| tests().join("ui").join(case).with_extension(end).is_file()),
                (None, Some((file, test))) => tests_in(&file_of(file)).contains(test),
                (None, None) => false,
            };
            if !there {
                missing.push(format!("{flax}: there is no {name}"));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_test_written_for_the_table_is_in_it() {
    let named: BTreeSet<String> = rows().into_iter().flat_map(|row| row.ours).collect();
    for file in [
        "flax_grad",
        "flax_jit",
        "flax_transforms",
        "flax_trees",
        "graph/flax_transforms",
        "graph/flax_trees",
    ] {
        let tests = tests_in(&file_of(file));
        assert!(!tests.is_empty(), "{file}");
        for test in tests {
            assert!(named.contains(&format!("{file}::{test}")), "{file}::{test} is in no row");
        }
    }
}
