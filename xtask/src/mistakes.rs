//! The compile-fail cases in `tests/ui`: `docs/errors.md` shows them, and a test fixes them.
//!
//! A case may say how it is fixed: `//~ code` comes below the line whose place it takes (several of them for
//! several lines, an empty one for none), and `//+ code` is a line more.

use std::fmt::Write;
use std::fs;
use std::path::Path;

/// The folder of the cases, from the workspace's.
pub const FOLDER: &str = "tests/ui";

/// The page, from the workspace's folder.
pub const PAGE: &str = "docs/errors.md";

/// A program that does not compile.
#[derive(Debug)]
pub struct Case {
    /// Its folder.
    pub theme: String,
    /// The name of its file, without the ending.
    pub name: String,
    /// The text in front of the code.
    title: String,
    /// The lines of the code.
    lines: Vec<Line>,
    /// The compiler's messages.
    message: String,
}

#[derive(Debug)]
enum Line {
    Kept(String),
    /// Not in the fixed code.
    Mistake(String),
    /// In the fixed code alone.
    Mended(String),
}

/// All cases, by theme and name.
///
/// # Errors
/// Returns an error if a file cannot be read.
pub fn cases(workspace: &Path) -> Result<Vec<Case>, String> {
    let mut cases = Vec::new();
    let folder = workspace.join(FOLDER);
    for theme in names(&folder)? {
        let folder = folder.join(&theme);
        if !folder.is_dir() {
            continue;
        }
        for file in names(&folder)? {
            let Some(name) = file.strip_suffix(".stderr") else { continue };
            let code = read(&folder.join(format!("{name}.rs")))?;
            let message = read(&folder.join(&file))?;
            cases.push(Case::new(theme.clone(), name.to_owned(), &code, message));
        }
    }
    Ok(cases)
}

fn names(folder: &Path) -> Result<Vec<String>, String> {
    let cannot = |error| format!("cannot read {}: {error}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(cannot)? {
        names.push(entry.map_err(cannot)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))
}

impl Case {
    fn new(theme: String, name: String, code: &str, message: String) -> Self {
        let title: Vec<&str> = code.lines().map_while(|line| line.strip_prefix("//")).collect();
        let title = title.iter().map(|line| line.trim_start_matches('!').trim());
        let title = title.collect::<Vec<_>>().join(" ");
        let mut lines = Vec::new();
        for line in code.lines().skip_while(|line| line.starts_with("//")) {
            let (indent, text) = line.split_at(line.len() - line.trim_start().len());
            if let Some(code) = text.strip_prefix("//~") {
                // The first of several takes the line's place.
                if let Some(Line::Kept(last)) = lines.last_mut() {
                    let mistake = std::mem::take(last);
                    lines.pop();
                    lines.push(Line::Mistake(mistake));
                }
                if !code.is_empty() {
                    lines.push(Line::Mended(format!("{indent}{}", &code[1..])));
                }
            } else if let Some(code) = text.strip_prefix("//+ ") {
                lines.push(Line::Mended(format!("{indent}{code}")));
            } else {
                lines.push(Line::Kept(line.to_owned()));
            }
        }
        Case { theme, name, title, lines, message }
    }

    /// How many mistakes the compiler reports.
    pub fn mistakes(&self) -> usize {
        self.message.lines().filter(|line| is_headline(line)).count()
    }

    /// The code with its mistakes fixed, if the case says how.
    pub fn mended(&self) -> Option<String> {
        let is_mended = self.lines.iter().any(|line| !matches!(line, Line::Kept(_)));
        let lines = self.lines.iter().filter_map(|line| match line {
            Line::Kept(code) | Line::Mended(code) => Some(code.as_str()),
            Line::Mistake(_) => None,
        });
        is_mended.then(|| lines.collect::<Vec<_>>().join("\n"))
    }

    fn mistaken(&self) -> String {
        let lines = self.lines.iter().filter_map(|line| match line {
            Line::Kept(code) | Line::Mistake(code) => Some(code.as_str()),
            Line::Mended(_) => None,
        });
        let code = lines.collect::<Vec<_>>().join("\n");
        code.trim().trim_end_matches("fn main() {}").trim_end().to_owned()
    }

    /// The lines that differ in the fixed code.
    fn changes(&self) -> String {
        let lines = self.lines.iter().filter_map(|line| match line {
            Line::Kept(_) => None,
            Line::Mistake(code) => Some(format!("-{code}")),
            Line::Mended(code) => Some(format!("+{code}")),
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The messages without the pieces of source that they show, and without what rustc adds about types that
    /// are not the user's. Advice that was given before is not given again.
    fn words(&self) -> String {
        let mut words: Vec<String> = Vec::new();
        let mut is_shown = true;
        for line in self.message.lines().filter(|line| !is_source(line)) {
            let text = line.trim();
            let marks = ["= note: ", "= help: ", "note: ", "help: "];
            if is_headline(line) {
                is_shown = true;
                words.push(text.to_owned());
            } else if let Some(note) = marks.iter().find_map(|mark| text.strip_prefix(mark)) {
                is_shown = !adds_nothing(note);
                if is_shown {
                    words.push(format!("  {note}"));
                }
            } else if is_shown && !text.is_empty() {
                let indent =
                    if text.starts_with(|c: char| c.is_ascii_digit()) { "    " } else { "  " };
                words.push(format!("{indent}{text}"));
            }
        }
        let mut page = String::new();
        let mut given: Vec<&[String]> = Vec::new();
        for message in words.chunk_by(|_, next| !is_headline(next)) {
            let (headline, advice) = message.split_at(1);
            if !page.is_empty() {
                page.push('\n');
            }
            let _ = writeln!(page, "{}", headline[0]);
            if !given.contains(&advice) {
                advice.iter().for_each(|line| page.extend([line.as_str(), "\n"]));
                given.push(advice);
            }
        }
        page
    }
}

/// Whether a line of a message shows source, or says where it is.
fn is_source(line: &str) -> bool {
    let text = line.trim_start();
    let code = text.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
    let is_numbered = code.len() < text.len();
    let is_change = is_numbered && ["- ", "+ ", "~ "].iter().any(|mark| code.starts_with(mark));
    let is_shown = ["|", "...", "-->", ":::"].iter().any(|start| code.starts_with(start));
    is_shown || is_change
}

fn is_headline(line: &str) -> bool {
    line.starts_with("error:") || line.starts_with("error[")
}

/// Whether a note is about the library's insides.
fn adds_nothing(note: &str) -> bool {
    const STARTS: [&str; 12] = [
        "the trait `",
        "the following other types",
        "required for `",
        "required by",
        "this error originates",
        "erroneous constant",
        "the above error",
        "for more information",
        "within `",
        "the full name",
        "consider using `--verbose`",
        "multiple `impl`s",
    ];
    STARTS.iter().any(|start| note.starts_with(start))
        || note.ends_with("redundant requirements hidden")
        || note.ends_with("redundant requirement hidden")
}

/// The page of all cases.
pub fn page(cases: &[Case]) -> String {
    let mistakes: usize = cases.iter().map(Case::mistakes).sum();
    let mended = cases.iter().filter(|case| case.mended().is_some()).count();
    let mut page = format!(
        "# What the compiler says\n\
         \n\
         {mistakes} mistakes in {count} programs, what the compiler says of each, and, for {mended} of the \
         programs, the code that compiles. Generated from `{FOLDER}` by `cargo xtask docs`; tests check that the \
         messages are these and that the fixed code compiles. Left out here: the pieces of source that rustc \
         shows, with the place of each mistake, and advice that another message of the program gave.\n",
        count = cases.len(),
    );
    let mut theme = "";
    for case in cases {
        if case.theme != theme {
            theme = &case.theme;
            let _ = write!(page, "\n## {theme}\n");
        }
        let _ = write!(page, "\n### {}\n", case.name.replace('_', " "));
        if !case.title.is_empty() {
            let _ = write!(page, "\n{}\n", case.title);
        }
        let _ = write!(page, "\n```rust\n{}\n```\n", case.mistaken());
        let _ = write!(page, "\n```text\n{}```\n", case.words());
        if case.mended().is_some() {
            let _ = write!(page, "\n```diff\n{}\n```\n", case.changes());
        }
    }
    page
}

/// One program with the fixed code of all cases, each in a module.
pub fn mended(cases: &[Case]) -> String {
    let mut program = "#![allow(warnings)]\n\n".to_owned();
    for case in cases {
        let Some(code) = case.mended() else { continue };
        let theme = case.theme.replace('-', "_");
        let _ = write!(program, "mod {theme}_{} {{\n{code}\n}}\n\n", case.name);
    }
    program.push_str("fn main() {}\n");
    program
}

#[cfg(test)]
mod tests {
    use super::Case;

    const CODE: &str = "\
// A title
// in two lines.
use nnx::Array;

fn f(x: &Array) {
    x[0]; // the mistake
    //~ let y = x.at(0);
    //~ y.get();
    //+ return;
    x[1];
    //~
}

fn main() {}
";

    fn case() -> Case {
        let message = "error[E0277]: no\n --> a.rs:1\n  |\n1 | x[0]\n  | ^^^ bad\n  |\n  = note: fix: do\n  \
                       = help: the trait `A` is not\n            more\n\nerror: two\n";
        Case::new("arrays".into(), "brackets".into(), CODE, message.into())
    }

    #[test]
    fn a_mended_case_has_the_lines_of_its_comments() {
        let expected = "use nnx::Array;\n\nfn f(x: &Array) {\n    let y = x.at(0);\n    y.get();\n    \
                        return;\n}\n\nfn main() {}";
        assert_eq!(case().mended().as_deref(), Some(expected));
        assert_eq!(
            Case::new("a".into(), "b".into(), "fn f() {}", "".into()).mended().as_deref(),
            None
        );
    }

    #[test]
    fn the_page_shows_the_mistake_the_message_and_what_changes() {
        let page = super::page(&[case()]);
        assert!(page.starts_with("# What the compiler says\n\n2 mistakes in 1 programs"), "{page}");
        for part in [
            "\n## arrays\n\n### brackets\n\nA title in two lines.\n",
            "\n```rust\nuse nnx::Array;\n\nfn f(x: &Array) {\n    x[0]; // the mistake\n    x[1];\n}\n```\n",
            "\n```text\nerror[E0277]: no\n  fix: do\n\nerror: two\n```\n",
            "\n```diff\n-    x[0]; // the mistake\n+    let y = x.at(0);\n+    y.get();\n+    return;\n-    x[1];\n```\n",
        ] {
            assert!(page.contains(part), "{part}\n{page}");
        }
    }
}
