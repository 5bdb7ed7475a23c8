//! The compile-fail cases in `tests/ui`: `docs/errors.md` shows them, and a test fixes them.
//!
//! A case says how it is fixed: `//~ code` comes below the line whose place it takes (several of them for
//! several lines, an empty one for none), and `//+ code` is a line more. That is fix 1 of a numbered list in the
//! message; `//~2 code` and `//+2 code` are what fix 2 does below this line, in place of fix 1. An item (lines without
//! an empty one between them) at which a message points goes the first way that it knows, if fix 1 is not for it.

use std::collections::{BTreeMap, BTreeSet};
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
    /// Its number in the file.
    number: usize,
    /// Which item of the program it belongs to.
    item: usize,
    mends: Vec<Mend>,
}

/// A line of the fixed code, below the line of a case that it is about.
#[derive(Debug)]
struct Mend {
    /// Which fix it belongs to, by its number in the message.
    fix: usize,
    /// Whether it takes the line's place.
    replaces: bool,
    /// The line of the fixed code, if it is one.
    code: Option<String>,
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
        let mut item = 0;
        let numbered = code.lines().zip(1..).skip_while(|(line, _)| line.starts_with("//"));
        for (line, number) in numbered {
            let (indent, text) = line.split_at(line.len() - line.trim_start().len());
            match (mend(indent, text), lines.last_mut()) {
                (Some(mend), Some(line)) => line.mends.push(mend),
                _ => {
                    item += usize::from(text.is_empty());
                    lines.push(Line { code: line.to_owned(), number, item, mends: Vec::new() });
                }
            }
        }
        Case { theme, name, title, lines, message }
    }

    /// How many mistakes the compiler reports.
    pub fn mistakes(&self) -> usize {
        self.message.lines().filter(|line| is_headline(line)).count()
    }

    /// The fixes that the case follows, by their numbers in the message.
    pub fn fixes(&self) -> BTreeSet<usize> {
        self.lines.iter().flat_map(|line| &line.mends).map(|mend| mend.fix).collect()
    }

    /// The fixes that the messages number: the number, and the text without the names that stand in backticks.
    fn offers(&self) -> BTreeSet<(usize, String)> {
        let numbered = self.message.lines().filter_map(|line| {
            let (number, text) = line.trim().split_once(". ")?;
            let text = text.split('`').step_by(2).collect::<Vec<_>>().join("`…`");
            Some((number.parse().ok()?, text))
        });
        numbered.collect()
    }

    /// The lines that the messages point at.
    fn places(&self) -> impl Iterator<Item = usize> {
        let file = format!("--> {FOLDER}/{}/{}.rs:", self.theme, self.name);
        let mut is_next = false;
        self.message.lines().filter_map(move |line| {
            is_next |= is_headline(line);
            let place = line.trim().strip_prefix(&file)?;
            let number = place.split(':').next()?.parse().ok();
            number.filter(|_| std::mem::take(&mut is_next))
        })
    }

    /// The fix that the item of a line goes where it does not know another.
    fn first(&self, item: usize) -> usize {
        let lines = || self.lines.iter().filter(move |line| line.item == item);
        let is_mistaken = || self.places().any(|place| lines().any(|line| line.number == place));
        let of_it = lines().flat_map(|line| &line.mends).map(|mend| mend.fix).min();
        let first = of_it.filter(|_| is_mistaken()).or_else(|| self.fixes().first().copied());
        first.unwrap_or(1)
    }

    /// Whether a fix keeps a line, and the lines that follow it in the fixed code.
    fn fixed<'a>(&self, line: &'a Line, fix: usize) -> (bool, Vec<&'a str>) {
        let is_said = line.mends.iter().any(|mend| mend.fix == fix);
        let fix = if is_said { fix } else { self.first(line.item) };
        let mends = || line.mends.iter().filter(|mend| mend.fix == fix);
        let is_kept = !mends().any(|mend| mend.replaces);
        (is_kept, mends().filter_map(|mend| mend.code.as_deref()).collect())
    }

    /// The code with its mistakes fixed, in the way with this number.
    pub fn mended(&self, fix: usize) -> String {
        let mut lines = Vec::new();
        for line in &self.lines {
            let (is_kept, fixed) = self.fixed(line, fix);
            lines.extend(is_kept.then_some(line.code.as_str()));
            lines.extend(fixed);
        }
        lines.join("\n")
    }

    fn mistaken(&self) -> String {
        let code = self.lines.iter().map(|line| line.code.as_str()).collect::<Vec<_>>().join("\n");
        code.trim().trim_end_matches("fn main() {}").trim_end().to_owned()
    }

    /// The lines that differ in the fixed code: of each item its first way or, with a `fix`, what that does in
    /// place of the first way.
    fn changes(&self, fix: Option<usize>) -> String {
        let mut lines = Vec::new();
        for line in &self.lines {
            let first = self.first(line.item);
            let way = fix.unwrap_or(first);
            let is_said = line.mends.iter().any(|mend| mend.fix == way);
            if !is_said || fix == Some(first) {
                continue;
            }
            let (is_kept, fixed) = self.fixed(line, way);
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
                let comment = ["; // ", "{} // "].iter().find_map(|end| text.split_once(end));
                if let Some((_, comment)) = comment.filter(|_| is_of_nnx) {
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
    let mended = cases.iter().filter(|case| !case.fixes().is_empty()).count();
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
        let others = case.fixes().into_iter().map(|fix| case.changes(Some(fix)));
        let ways = [case.changes(None)].into_iter().chain(others).filter(|way| !way.is_empty());
        for (i, way) in ways.enumerate() {
            let or = if i > 0 { "\nOr:\n" } else { "" };
            let _ = write!(page, "{or}\n```diff\n{way}\n```\n");
        }
    }
    page
}

/// The advice that nothing shows to work: cases without a fix, and the texts of numbered fixes that no case
/// follows.
pub fn unfollowed(cases: &[Case]) -> Vec<String> {
    let mut texts = BTreeMap::<String, (bool, String)>::new();
    let mut unfollowed = Vec::new();
    for case in cases {
        let place = format!("{}/{}", case.theme, case.name);
        let fixes = case.fixes();
        for (number, text) in case.offers() {
            let (is_followed, _) =
                texts.entry(text).or_insert_with(|| (false, format!("{place}, fix {number}")));
            *is_followed |= fixes.contains(&number);
        }
        if fixes.is_empty() {
            unfollowed.push(format!("{place} says nothing of how it is fixed"));
        }
    }
    let texts = texts.into_iter().filter(|(_, (is_followed, _))| !is_followed);
    unfollowed.extend(texts.map(|(text, (_, place))| format!("no case follows ({place}): {text}")));
    unfollowed
}

/// One program with the fixed code of all cases, each in a module.
pub fn mended(cases: &[Case]) -> String {
    let mut program = "#![allow(warnings)]\n\n".to_owned();
    for case in cases {
        let theme = case.theme.replace('-', "_");
        for fix in case.fixes() {
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
        let message = "error[E0277]: no\n --> tests/ui/arrays/brackets.rs:6:5\n  |\n1 | x[0]\n  | ^^^ bad\n  |\n  = note: fix: do\n  \
                       = help: the trait `A` is not\n            more\n\nerror: two\n";
        Case::new("arrays".into(), "brackets".into(), CODE, message.into())
    }

    #[test]
    fn a_mended_case_has_the_lines_of_its_comments() {
        let expected = "use nnx::Array;\n\nfn f(x: &Array) {\n    let y = x.at(0);\n    y.get();\n    \
                        return;\n}\n\nfn main() {}";
        assert_eq!((case().fixes(), case().mended(1).as_str()), ([1, 2].into(), expected));
        assert!(Case::new("a".into(), "b".into(), "fn f() {}", "".into()).fixes().is_empty());
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
    fn a_mistaken_item_that_does_not_know_a_fix_goes_its_first_way() {
        let set = "fn set(x: &Array) {\n    x[2];\n    //~3 x[3];\n}\n\nfn main";
        let code = CODE.replace("fn main", set);
        let case = |message: &str| {
            Case::new("arrays".into(), "brackets".into(), &code, message.to_owned())
        };
        let elsewhere = "error: no\n --> tests/ui/arrays/brackets.rs:6:5";
        assert_eq!(case(elsewhere).fixes(), [1, 2, 3].into());
        assert!(case(elsewhere).mended(2).contains("    x[2];\n}"));
        let here = format!("{elsewhere}\n\nerror: no\n  --> tests/ui/arrays/brackets.rs:16:5");
        assert!([1, 2, 3].iter().all(|&fix| case(&here).mended(fix).contains("    x[3];\n}")));
        let page = super::page(&[case(&here)]);
        let shown = "-    x[1];\n-    x[2];\n+    x[3];\n```\n\nOr:\n\n```diff\n-    x[0]; // the mistake\n\
                     +    x.at([0]);\n```\n";
        assert!(page.ends_with(shown), "{page}");
    }

    #[test]
    fn a_fix_is_followed_if_a_case_that_offers_it_follows_this_number() {
        let case = |name: &str, code: &str, message: &str| {
            Case::new("a".into(), name.into(), code, message.into())
        };
        let message = |name: &str| {
            format!(
                "error: no\n 1 | x\n  = note: fixes:\n     1. own `{name}`\n     2. lend `{name}.a`\n"
            )
        };
        let one = case("one", "x;\n//~ y;", &message("x"));
        let none = case("none", "x;", &message("y"));
        assert_eq!(
            super::unfollowed(&[one, none]),
            ["a/none says nothing of how it is fixed", "no case follows (a/one, fix 2): lend `…`"]
        );
        let two = case("two", "x;\n//~2 y;", &message("z"));
        let one = case("one", "x;\n//~ y;", &message("x"));
        assert_eq!(super::unfollowed(&[one, two]), [""; 0]);
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
