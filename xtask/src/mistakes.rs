//! The compile-fail cases in `tests/ui`: `docs/errors.md` shows them, and a test fixes them.
//!
//! A case may say how it is fixed: `//~ code` comes below the line whose place it takes (several of them for
//! several lines, an empty one for none), and `//+ code` is a line more. Where the message offers more than one
//! fix, `//~2 code` and `//+2 code` are what the second does below this line, in place of the first.

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
struct Line {
    code: String,
    mends: Vec<Mend>,
}

/// A line of the fixed code, below the line of a case that it is about.
#[derive(Debug)]
struct Mend {
    /// Which fix it belongs to, from 1. The first is that of all others that say nothing here.
    fix: usize,
    /// Whether it takes the line's place.
    replaces: bool,
    /// The line of the fixed code, if it is one.
    code: Option<String>,
}

impl Line {
    /// The part of a fix that is here.
    fn mends(&self, fix: usize) -> Vec<&Mend> {
        let of = |fix| self.mends.iter().filter(|mend| mend.fix == fix).collect::<Vec<_>>();
        Some(of(fix)).filter(|mends| !mends.is_empty()).unwrap_or_else(|| of(1))
    }

    /// Whether a fix keeps the line, and the lines that follow it in the fixed code.
    fn fixed(&self, fix: usize) -> (bool, Vec<&str>) {
        let mends = self.mends(fix);
        let is_kept = !mends.iter().any(|mend| mend.replaces);
        (is_kept, mends.into_iter().filter_map(|mend| mend.code.as_deref()).collect())
    }
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
        let mut lines: Vec<Line> = Vec::new();
        for line in code.lines().skip_while(|line| line.starts_with("//")) {
            let (indent, text) = line.split_at(line.len() - line.trim_start().len());
            match (mend(indent, text), lines.last_mut()) {
                (Some(mend), Some(line)) => line.mends.push(mend),
                _ => lines.push(Line { code: line.to_owned(), mends: Vec::new() }),
            }
        }
        Case { theme, name, title, lines, message }
    }

    /// How many mistakes the compiler reports.
    pub fn mistakes(&self) -> usize {
        self.message.lines().filter(|line| is_headline(line)).count()
    }

    /// How many ways there are to fix the case.
    pub fn fixes(&self) -> usize {
        self.lines.iter().flat_map(|line| &line.mends).map(|mend| mend.fix).max().unwrap_or(0)
    }

    /// The code with its mistakes fixed, in the way with this number, from 1.
    pub fn mended(&self, fix: usize) -> String {
        let mut lines = Vec::new();
        for line in &self.lines {
            let (is_kept, fixed) = line.fixed(fix);
            lines.extend(is_kept.then_some(line.code.as_str()));
            lines.extend(fixed);
        }
        lines.join("\n")
    }

    fn mistaken(&self) -> String {
        let code = self.lines.iter().map(|line| line.code.as_str()).collect::<Vec<_>>().join("\n");
        code.trim().trim_end_matches("fn main() {}").trim_end().to_owned()
    }

    /// The lines that differ in the fixed code. Of another fix than the first, those that it says itself.
    fn changes(&self, fix: usize) -> String {
        let mut lines = Vec::new();
        for line in self.lines.iter().filter(|line| line.mends.iter().any(|mend| mend.fix == fix)) {
            let (is_kept, fixed) = line.fixed(fix);
            if fixed == [line.code.as_str()] && !is_kept {
                continue;
            }
            lines.extend((!is_kept).then(|| format!("-{}", line.code)));
            lines.extend(fixed.into_iter().map(|code| format!("+{code}")));
        }
        lines.join("\n")
    }

    /// The messages without the pieces of source that they show, and without what rustc adds about types that
    /// are not the user's. Advice that was given before is not given again.
    fn words(&self) -> String {
        let mut words: Vec<String> = Vec::new();
        let mut is_shown = true;
        let mut is_of_nnx = false;
        for line in self.message.lines() {
            let text = line.trim();
            if is_source(line) {
                // A line of nnx may say something to the user whom rustc shows it.
                is_of_nnx =
                    text.strip_prefix("--> ").map_or(is_of_nnx, |at| !at.starts_with(FOLDER));
                if let Some((_, comment)) = text.split_once("; // ").filter(|_| is_of_nnx) {
                    let comment = format!("  {comment}");
                    if !words.contains(&comment) {
                        words.push(comment);
                    }
                }
                continue;
            }
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

/// The line as what it says about the one above it, if it is such a line.
fn mend(indent: &str, text: &str) -> Option<Mend> {
    let (replaces, rest) = match (text.strip_prefix("//~"), text.strip_prefix("//+")) {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (false, rest),
        _ => return None,
    };
    let number = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let fix = rest[..number].parse().unwrap_or(1);
    let code = rest[number..].strip_prefix(' ').map(|code| format!("{indent}{code}"));
    Some(Mend { fix, replaces, code })
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
    let mended = cases.iter().filter(|case| case.fixes() > 0).count();
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
        for fix in 1..=case.fixes() {
            let or = if fix > 1 { "\nOr:\n" } else { "" };
            let _ = write!(page, "{or}\n```diff\n{}\n```\n", case.changes(fix));
        }
    }
    page
}

/// One program with the fixed code of all cases, each in a module.
pub fn mended(cases: &[Case]) -> String {
    let mut program = "#![allow(warnings)]\n\n".to_owned();
    for case in cases {
        let theme = case.theme.replace('-', "_");
        for fix in 1..=case.fixes() {
            let code = case.mended(fix);
            let _ = write!(program, "mod {theme}_{}_{fix} {{\n{code}\n}}\n\n", case.name);
        }
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
    //~2 x.at([0]);
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
        assert_eq!((case().fixes(), case().mended(1).as_str()), (2, expected));
        assert_eq!(Case::new("a".into(), "b".into(), "fn f() {}", "".into()).fixes(), 0);
    }

    #[test]
    fn another_fix_is_the_first_but_for_its_own_lines() {
        let expected =
            "use nnx::Array;\n\nfn f(x: &Array) {\n    x.at([0]);\n    x[1];\n}\n\nfn main() {}";
        let code = CODE.replace("    x[1];\n    //~\n", "    x[1];\n    //~\n    //~2 x[1];\n");
        let case = Case::new("arrays".into(), "brackets".into(), &code, "".into());
        assert_eq!(case.mended(2), expected);
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
            "\nOr:\n\n```diff\n-    x[0]; // the mistake\n+    x.at([0]);\n```\n",
        ] {
            assert!(page.contains(part), "{part}\n{page}");
        }
    }
}
