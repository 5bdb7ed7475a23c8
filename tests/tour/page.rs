//! The page shows the program as it is, and the library has what the page names.

use std::path::{Path, PathBuf};

fn page() -> String {
    include_str!("../../docs/tour.md").replace("\r\n", "\n")
}

/// The words of a text that stand between backquotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The text without its blocks.
fn prose(page: &str) -> String {
    page.split("```").step_by(2).collect()
}

/// A file as the page names it.
fn file(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_elsewhere =
        ["docs/", "nnx-core/", "tests/"].iter().any(|folder| name.starts_with(folder));
    root.join(if is_elsewhere { "" } else { "nnx-core/src" }).join(name)
}

fn is_path(word: &str) -> bool {
    word.contains('/') && !word.contains(' ')
}

/// Whether a source defines a function or a type.
fn defines(text: &str, name: &str) -> bool {
    let is_end = |c: char| !c.is_alphanumeric() && c != '_';
    ["fn", "struct", "enum", "trait", "type"].iter().any(|keyword| {
        let definition = format!("{keyword} {name}");
        text.split(&definition).skip(1).any(|rest| rest.starts_with(is_end))
    })
}

#[test]
fn the_blocks_of_the_page_are_the_program() {
    let page = page();
    let blocks = page.split("```rust\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let shown = blocks.collect::<Vec<_>>().join("\n");
    let program = [
        include_str!("1_programs.rs"),
        include_str!("2_transforms.rs"),
        include_str!("3_solutions.rs"),
    ];
    let program = program.join("\n").replace("\r\n", "\n");
    for (i, (shown, line)) in shown.lines().zip(program.lines()).enumerate() {
        assert_eq!(shown, line, "line {} of the program", i + 1);
    }
    assert_eq!(shown.len(), program.len());
}

#[test]
fn the_files_that_the_page_names_are_there() {
    let prose = prose(&page());
    let paths: Vec<&str> = quoted(&prose).filter(|word| is_path(word)).collect();
    assert!(paths.len() > 40, "{paths:?}");
    let missing: Vec<_> = paths.iter().filter(|path| !file(path).exists()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_names_in_the_table_are_those_of_the_library() {
    let page = page();
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    assert!(rows.len() > 15, "{rows:?}");
    for row in rows {
        let theirs = row.split('|').nth(2).unwrap();
        // Names, then the file that they are in.
        let mut names = vec![];
        for word in quoted(theirs) {
            if !is_path(word) {
                names.push(word);
                continue;
            }
            let text = std::fs::read_to_string(file(word)).unwrap();
            for name in names.drain(..) {
                assert!(defines(&text, name), "{word} defines no {name}");
            }
        }
        assert!(names.is_empty(), "{names:?}: no file");
    }
}
