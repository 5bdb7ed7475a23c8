//! The programs of the guide that print something.
//!
//! A page has, below a line `<!-- program: NAME -->`, the program `programs/NAME.rs` and then, as the next block of
//! text, what it prints; below `<!-- prints: NAME -->` only what it prints; below `<!-- file: PATH -->` the contents of a
//! file. `cargo xtask docs` writes them; this test compares them. That all other code of the pages compiles and runs is
//! for the doc tests to say.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Termination};

/// Programs by their names.
macro_rules! programs {
    ($($name:ident)*) => {
        $(mod $name {
            include!(concat!("programs/", stringify!($name), ".rs"));
            pub(super) fn run() -> std::process::ExitCode {
                super::code(main())
            }
        })*
        const PROGRAMS: &[(&str, fn() -> ExitCode)] = &[$((stringify!($name), $name::run)),*];
    };
}

programs! {
    circle inspect printed state why_traced shapes memory checked
    product lost_in_a_branch two_axes guarded
}

/// The variable that makes this process one of the programs.
const PROGRAM: &str = "NNX_GUIDE_PROGRAM";

fn code(result: impl Termination) -> ExitCode {
    result.report()
}

fn main() -> ExitCode {
    if let Some(name) = std::env::var_os(PROGRAM) {
        let program = PROGRAMS.iter().find(|(known, _)| name == *known);
        return program.map_or(ExitCode::FAILURE, |(_, run)| run());
    }
    let writes = std::env::var_os("NNX_WRITE_DOCS").is_some();
    let mut failed = false;
    // The other backend does not tell what memory a program takes.
    let xla_rs = std::env::var_os("NNX_BACKEND").is_some_and(|backend| backend == "xla-rs");
    let is_left_out = |name: &str| xla_rs && name == "memory";
    for (name, _) in PROGRAMS.iter().filter(|(name, _)| !is_left_out(name)) {
        if let Err(why) = check(name, writes) {
            println!("{name}: {why}");
            failed = true;
        }
    }
    for page in pages().unwrap_or_default() {
        if let Err(why) = check_files(&page, writes) {
            println!("{}: {why}", page.display());
            failed = true;
        }
    }
    match untested() {
        Ok(pages) if pages.is_empty() => {}
        Ok(pages) => {
            println!("src/lib.rs leaves out {}, so that nobody tests their code", pages.join(", "));
            failed = true;
        }
        Err(why) => {
            println!("{why}");
            failed = true;
        }
    }
    println!("{} programs of the guide", PROGRAMS.len());
    ExitCode::from(u8::from(failed))
}

/// Compares a program and what it prints with its page, or writes them there.
fn check(name: &str, writes: bool) -> Result<(), String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = format!("tests/guide/programs/{name}.rs");
    let code = std::fs::read_to_string(folder.join(&file)).map_err(|e| format!("{file}: {e}"))?;
    // In the reader's crate it is another file.
    let printed = print(name)?.replace(&file, "src/main.rs");
    let Shown { path, page, start, with_code } = shown(name)?;
    let (code_at, shown_code) = match with_code {
        true => block(&page, start, "rust")?,
        false => (start, ""),
    };
    let (text_at, shown) = block(&page, code_at + shown_code.len(), "text")?;
    if writes {
        let between = &page[code_at + shown_code.len()..text_at];
        let (before, after) = (&page[..code_at], &page[text_at + shown.len()..]);
        let code = if with_code { &code } else { "" };
        let new = [before, code, between, &printed, after].concat();
        return std::fs::write(&path, new).map_err(|e| format!("{}: {e}", path.display()));
    }
    if with_code && shown_code != code {
        return Err(format!("{} has other code; `cargo xtask docs` writes it", path.display()));
    }
    match alike(shown, &printed) {
        true => Ok(()),
        false => Err(format!("{} shows\n{shown}but it prints\n{printed}", path.display())),
    }
}

/// Compares the files that a page shows with it, or writes them there.
fn check_files(path: &Path, writes: bool) -> Result<(), String> {
    const MARK: &str = "<!-- file: ";
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut page = std::fs::read_to_string(path).map_err(|e| e.to_string())?;
    let mut from = 0;
    while let Some(at) = page[from..].find(MARK) {
        let start = from + at + MARK.len();
        let (file, _) = page[start..].split_once(" -->").ok_or("a mark has no end")?;
        let text =
            std::fs::read_to_string(folder.join(file)).map_err(|e| format!("{file}: {e}"))?;
        let (text_at, shown) = block(&page, start, "text")?;
        if shown != text && !writes {
            return Err(format!("it does not show {file}; `cargo xtask docs` writes it"));
        }
        page.replace_range(text_at..text_at + shown.len(), &text);
        from = text_at;
    }
    if writes { std::fs::write(path, page).map_err(|e| e.to_string()) } else { Ok(()) }
}

/// The pages of the guide that are not among the doc tests.
fn untested() -> Result<Vec<String>, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guide");
    let cannot = |e: std::io::Error| format!("{}: {e}", folder.display());
    let mut pages = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(cannot)? {
        pages.push(entry.map_err(cannot)?.file_name().to_string_lossy().into_owned());
    }
    let tests = include_str!("../../src/lib.rs");
    pages.retain(|page| !tests.contains(&format!("\"../docs/guide/{page}\"")));
    Ok(pages)
}

/// The output of a program, which runs in a folder of its own.
fn print(name: &str) -> Result<String, String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let this = std::env::current_exe().map_err(|e| e.to_string())?;
    let mut command = Command::new(this);
    let output = command.env(PROGRAM, name).current_dir(folder.path()).output();
    let output = output.map_err(|e| e.to_string())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match output.status.success() {
        true => Ok(text(&output.stdout)),
        false => Err(format!("{}\n{}", output.status, text(&output.stderr))),
    }
}

/// The pages that show programs.
fn pages() -> Result<Vec<PathBuf>, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let cannot = |e: std::io::Error| format!("docs/guide: {e}");
    let mut pages = vec![folder.join("README.md"), folder.join("docs/sharing.md")];
    for entry in std::fs::read_dir(folder.join("docs/guide")).map_err(cannot)? {
        pages.push(entry.map_err(cannot)?.path());
    }
    Ok(pages)
}

/// Where a program is shown.
struct Shown {
    path: PathBuf,
    page: String,
    /// The end of its mark.
    start: usize,
    /// Whether the page has its code too, and not only what it prints.
    with_code: bool,
}

fn shown(name: &str) -> Result<Shown, String> {
    for path in pages()? {
        let page =
            std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        for (what, with_code) in [("program", true), ("prints", false)] {
            let mark = format!("<!-- {what}: {name} -->\n");
            if let Some(at) = page.find(&mark) {
                return Ok(Shown { path, start: at + mark.len(), page, with_code });
            }
        }
    }
    Err("no page has its mark".to_owned())
}

/// Where the contents of the next block in a language begin, and the contents.
fn block<'p>(page: &'p str, from: usize, language: &str) -> Result<(usize, &'p str), String> {
    let fence = format!("\n```{language}\n");
    let found = || {
        // The line break before the first fence is that of the mark.
        let from = from.saturating_sub(1);
        let at = from + page.get(from..)?.find(&fence)? + fence.len();
        Some((at, &page[at..at + page[at..].find("```")?]))
    };
    found().ok_or_else(|| format!("no block of `{language}` follows"))
}

/// Whether two outputs are the same up to the last digits of fractions, which depend on the processor: it
/// decides in which order a compiled program adds.
fn alike(shown: &str, printed: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        text.split_inclusive([' ', '\n']).map(str::to_owned).collect()
    };
    let (shown, printed) = (words(shown), words(printed));
    shown.len() == printed.len() && shown.iter().zip(&printed).all(|(a, b)| word_alike(a, b))
}

fn word_alike(shown: &str, printed: &str) -> bool {
    let fraction = |word: &str| {
        let word = word.trim_end().trim_end_matches([',', ';', ']']);
        word.contains('.').then(|| word.parse::<f64>().ok()).flatten()
    };
    match (fraction(shown), fraction(printed)) {
        (Some(a), Some(b)) => (a - b).abs() <= 0.05 * a.abs().max(b.abs()),
        _ => shown == printed,
    }
}
