//! The pages of `docs/flax-tests.md` have one row for each test of Flax and name tests of ours that exist.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Flax's tests, a line each: the file, the test, and `tree` if it runs in tree mode.
const LIST: &str = include_str!("../flax/tests.tsv");

const FRONT: &str = include_str!("../../docs/flax-tests.md");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file and a test, such as `transforms_test.py` and `TestTreeJIT.test_tree_jit_basic`.
type Name = (String, String);

/// The sort of a row.
#[derive(Clone, Copy, PartialEq)]
enum Sort {
    Tested,
    NothingToTest,
    NotYet,
}

/// A line of a table.
struct Row {
    flax: Name,
    /// `tree` or `graph`.
    mode: String,
    ours: Vec<String>,
    remark: String,
}

/// The names between backquotes.
fn names(cell: &str) -> impl Iterator<Item = String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned)
}

impl Row {
    /// Nothing where there is neither a test nor a reason, or both.
    fn sort(&self) -> Option<Sort> {
        let sort = [("nothing to test: ", Sort::NothingToTest), ("not yet: ", Sort::NotYet)]
            .into_iter()
            .find(|(start, _)| self.remark.starts_with(start))
            .map(|(_, sort)| sort);
        match (self.ours.is_empty(), sort) {
            (true, sort) => sort,
            (false, None) => Some(Sort::Tested),
            (false, Some(_)) => None,
        }
    }
}

fn list() -> BTreeMap<Name, String> {
    let lines = LIST.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>());
    let found = lines.map(|cells| match cells[..] {
        [file, test, mode] => ((file.to_owned(), test.to_owned()), mode.to_owned()),
        _ => panic!("{cells:?}"),
    });
    found.collect()
}

/// The pages by name.
fn pages() -> BTreeMap<String, String> {
    let entries = fs::read_dir(root().join("docs/flax-tests")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect()
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for (page, text) in pages() {
        let mut section = None;
        for line in text.lines() {
            if let Some(title) = line.strip_prefix("## ") {
                section = title.split_once(": ");
            }
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let ["", test, mode, ours, remark, ""] = cells[..] else {
                assert!(!line.starts_with("| test"), "{page}: {line}");
                continue;
            };
            if !test.starts_with("test") {
                continue;
            }
            let (file, class) =
                section.unwrap_or_else(|| panic!("{page}: {test} is in no section"));
            rows.push(Row {
                flax: (file.to_owned(), format!("{class}.{test}")),
                mode: mode.to_owned(),
                ours: names(ours).collect(),
                remark: remark.to_owned(),
            });
        }
    }
    rows
}

/// The file of tests that the tables call `jit`, `graph/jit` or `core/transforms/vmap`.
fn file_of(name: &str) -> PathBuf {
    let path = match (name.strip_prefix("core/"), name.split_once('/')) {
        (Some(file), _) => format!("nnx-core/tests/{file}.rs"),
        (None, Some(_)) => format!("tests/{name}.rs"),
        (None, None) => format!("tests/behaviour/{name}.rs"),
    };
    root().join(path)
}

/// The tests of a file, by its `#[test]`s.
fn tests_in(file: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let after = text.split("#[test]\n").skip(1);
    after.filter_map(|rest| Some(rest.split_once("fn ")?.1.split_once('(')?.0.to_owned())).collect()
}

/// The cases of reference values, as `golden/layers/linear`.
fn golden() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for folder in ["data", "more"] {
        let path = root().join("tests/golden").join(folder).join("index.json");
        let index: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        for (area, cases) in index["files"].as_object().unwrap() {
            // The name of a case may end in the seed.
            let names = cases.as_object().unwrap().keys().map(|case| case.split('.').next());
            found.extend(names.map(|name| format!("golden/{area}/{}", name.unwrap_or_default())));
        }
    }
    found
}

fn there_is(name: &str, golden: &BTreeSet<String>) -> bool {
    if name.starts_with("golden/") {
        return golden.contains(name);
    }
    match (name.strip_prefix("ui/"), name.split_once("::")) {
        (Some(case), _) => ["rs", "stderr"]
            .iter()
            .all(|end| root().join("tests/ui").join(case).with_extension(end).is_file()),
        (None, Some((file, test))) => tests_in(&file_of(file)).contains(test),
        (None, None) => false,
    }
}

#[test]
fn every_test_of_flax_has_one_row() {
    let (list, mut seen) = (list(), BTreeSet::new());
    let mut wrong = Vec::new();
    for row in rows() {
        match list.get(&row.flax) {
            None => wrong.push(format!("{:?}: Flax has no such test", row.flax)),
            Some(mode) if *mode != row.mode => {
                wrong.push(format!("{:?} is of {mode} mode, not {}", row.flax, row.mode));
            }
            Some(_) => {}
        }
        if !seen.insert(row.flax.clone()) {
            wrong.push(format!("{:?} has two rows", row.flax));
        }
    }
    wrong
        .extend(list.keys().filter(|name| !seen.contains(*name)).map(|n| format!("{n:?}: no row")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(list.len(), LIST.lines().count() - 1, "a test is listed twice");
}

#[test]
fn every_row_names_tests_that_exist_or_says_why_there_is_none() {
    let golden = golden();
    let mut wrong = Vec::new();
    for row in rows() {
        if row.sort().is_none() {
            wrong.push(format!("{:?}: neither a test nor a reason, or both", row.flax));
        }
        let of_a_file =
            |name: &String| name.split_once("::").is_some_and(|(file, _)| file_of(file).is_file());
        let all: Vec<String> =
            row.ours.iter().cloned().chain(names(&row.remark).filter(of_a_file)).collect();
        let missing = all.iter().filter(|name| !there_is(name, &golden));
        wrong.extend(missing.map(|name| format!("{:?}: there is no {name}", row.flax)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `[tested, nothing to test, not yet]`.
fn counts(rows: &[&Row]) -> [usize; 3] {
    [Sort::Tested, Sort::NothingToTest, Sort::NotYet]
        .map(|sort| rows.iter().filter(|row| row.sort() == Some(sort)).count())
}

#[test]
fn the_front_page_says_how_many_rows_are_of_which_sort() {
    let rows = rows();
    let (all, tree): (Vec<&Row>, Vec<&Row>) =
        (rows.iter().collect(), rows.iter().filter(|row| row.mode == "tree").collect());
    let ([a, b, c], [d, e, f]) = (counts(&all), counts(&tree));
    let expected = format!(
        "Of Flax's {} tests {a} have a test of ours, {b} have nothing to test here, and {c} are not there \
         yet. Of the {} that run in tree mode it is {d}, {e} and {f}.",
        all.len(),
        tree.len()
    );
    let said = FRONT.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains(&expected), "docs/flax-tests.md should say: {expected}");
    for page in pages().keys() {
        assert!(FRONT.contains(&format!("(flax-tests/{page})")), "there is no link to {page}");
    }
}

#[test]
fn every_test_written_for_the_tables_is_in_them() {
    let named: BTreeSet<String> = rows().into_iter().flat_map(|row| row.ours).collect();
    let mut files = 0;
    for (folder, start) in [("tests/behaviour", ""), ("tests/graph", "graph/")] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
            if !stem.starts_with("flax_") || stem == "flax_table" {
                continue;
            }
            files += 1;
            for test in tests_in(&path) {
                let name = format!("{start}{stem}::{test}");
                assert!(named.contains(&name), "{name} is in no row");
            }
        }
    }
    assert!(files > 10, "only {files} files were read");
}
