//! `cargo xtask tidy`: the rules of the house that a compiler does not know. docs/architecture.md
//! says what they are for.

mod imports;
mod names;
mod pages;
mod rooms;
mod tokens;
mod wording;

use std::fmt;
use std::path::{Path, PathBuf};

/// The longest file, in lines.
const LONGEST: usize = 600;

/// The short programs, and the longest of them: one that a person would start from is read in minutes.
const GALLERY: &str = "examples/gallery";
const LONGEST_IN_GALLERY: usize = 250;

/// The crate that has rooms.
const HOUSE: &str = "nnx-core/src";

/// The one folder with unsafe code.
const UNSAFE: &str = "nnx-core/src/xla";

/// Programs that must not compile, each a test of the message.
const MISTAKES: &str = "tests/ui";

/// The rule that a finding breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// A room imports from those below it alone.
    Upwards,
    /// An item is imported from the room that defines it.
    ThroughTheRoot,
    /// Every room has its place in the table.
    UnknownRoom,
    /// Unsafe code is in one room.
    Unsafe,
    /// A file is read at one sitting.
    TooLong,
    /// A type's name stands for one thing.
    NameTwice,
    /// A comment is in plain English.
    Wording,
    /// A link in the documentation leads somewhere.
    DeadLink,
    /// The book has every page once.
    NotInTheBook,
}

impl Rule {
    const ALL: [Rule; 9] = [
        Rule::Upwards,
        Rule::ThroughTheRoot,
        Rule::UnknownRoom,
        Rule::Unsafe,
        Rule::TooLong,
        Rule::NameTwice,
        Rule::Wording,
        Rule::DeadLink,
        Rule::NotInTheBook,
    ];
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Rule::Upwards => "import upwards",
            Rule::ThroughTheRoot => "import through the root",
            Rule::UnknownRoom => "room not in the table",
            Rule::Unsafe => "unsafe outside xla",
            Rule::TooLong => "file too long",
            Rule::NameTwice => "type name twice",
            Rule::Wording => "comment's wording",
            Rule::DeadLink => "dead link",
            Rule::NotInTheBook => "page not in the book",
        })
    }
}

/// A place that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file, from the workspace's folder, with `/` between folders.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// Which rule.
    pub rule: Rule,
    /// In which way.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.file, self.line, self.rule, self.message)
    }
}

/// A file of the workspace.
struct Source {
    /// As in [`Finding::file`].
    file: String,
    text: String,
}

impl Source {
    fn finding(&self, line: usize, rule: Rule, message: String) -> Finding {
        Finding { file: self.file.clone(), line, rule, message }
    }

    fn is_in(&self, folder: &str) -> bool {
        self.file.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
    }
}

/// Everything in a workspace that breaks a rule, by file and line.
///
/// # Errors
/// Returns an error if a file cannot be read.
pub fn check(workspace: &Path) -> Result<Vec<Finding>, String> {
    let mut sources = Vec::new();
    read(workspace, "", ".rs", &mut sources)?;
    sources.sort_by(|a, b| a.file.cmp(&b.file));
    let mut findings = Vec::new();
    let mut house = Vec::new();
    for source in &sources {
        let tokens = tokens::tokens(&source.text);
        let lines = source.text.lines().count();
        let longest = if source.is_in(GALLERY) { LONGEST_IN_GALLERY } else { LONGEST };
        if lines > longest {
            let message = format!("{lines} lines; a file has {longest} at most");
            findings.push(source.finding(lines, Rule::TooLong, message));
        }
        if !source.is_in(UNSAFE) && !source.is_in(MISTAKES) {
            findings.extend(tokens.iter().filter(|token| token.text == "unsafe").map(|token| {
                let message = format!("unsafe code stands in {UNSAFE} alone");
                source.finding(token.line, Rule::Unsafe, message)
            }));
        }
        wording::check(source, &mut findings);
        if source.is_in(HOUSE) {
            house.push((source, tokens));
        }
    }
    // A room's unit tests may use the whole house.
    house.retain(|(source, _)| !rooms::is_test(&source.file));
    for (_, tokens) in &mut house {
        tokens::drop_tests(tokens);
    }
    rooms::unknown(house.iter().map(|(source, _)| *source), &mut findings);
    imports::check(&house, &mut findings);
    names::twice(&house, &mut findings);
    pages::check(workspace, &mut findings)?;
    findings.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    Ok(findings)
}

/// `cargo xtask tidy`: prints what breaks a rule; the exit code is 1 if anything does.
///
/// # Errors
/// As for [`check`].
pub fn run(workspace: &Path) -> Result<u8, String> {
    let findings = check(workspace)?;
    for finding in &findings {
        println!("{finding}");
    }
    for rule in Rule::ALL {
        let count = findings.iter().filter(|finding| finding.rule == rule).count();
        println!("{count:5} {rule}");
    }
    Ok(u8::from(!findings.is_empty()))
}

/// Reads the files in `workspace/folder` whose names end so.
fn read(
    workspace: &Path,
    folder: &str,
    ending: &str,
    sources: &mut Vec<Source>,
) -> Result<(), String> {
    let cannot = |path: &Path, e: std::io::Error| format!("cannot read {}: {e}", path.display());
    let path: PathBuf = workspace.join(folder);
    for entry in std::fs::read_dir(&path).map_err(|e| cannot(&path, e))? {
        let entry = entry.map_err(|e| cannot(&path, e))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let file = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        let kind = entry.file_type().map_err(|e| cannot(&entry.path(), e))?;
        if kind.is_dir() {
            // Build folders and hidden ones hold no source of ours.
            if name != "target" && !name.starts_with('.') {
                read(workspace, &file, ending, sources)?;
            }
        } else if kind.is_file() && name.ends_with(ending) {
            let text = std::fs::read_to_string(entry.path()).map_err(|e| cannot(&path, e))?;
            sources.push(Source { file, text });
        }
    }
    Ok(())
}
