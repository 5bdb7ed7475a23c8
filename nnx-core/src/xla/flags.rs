//! Checking `XLA_FLAGS` before XLA reads it.
//!
//! XLA ends the process when the variable holds a flag that it does not know, or a value that it
//! cannot read. Which flags it knows is written in its shared library: each name as a C string, and
//! for most of them also the type, in the description of the protocol buffer that holds them.

use crate::error::{Error, Result};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The variable that XLA reads flags from.
pub(super) const VAR: &str = "XLA_FLAGS";

/// Checks the flags in the environment against what XLA in `libraries` knows: a plugin, or the
/// several files of its C++ library.
///
/// # Errors
/// [`Error::Invalid`] that names the flag.
pub(super) fn check(libraries: &[&Path]) -> Result<()> {
    let flags = given()?;
    if flags.is_empty() {
        return Ok(());
    }
    let mut known = vec![Known::default(); flags.len()];
    for library in libraries {
        look_up(library, &flags, &mut known)
            .map_err(|error| Error::io(*library, "looking for the flags of XLA_FLAGS", &error))?;
    }
    let name = libraries.first().map(|path| path.display().to_string()).unwrap_or_default();
    let mut cases = Vec::new();
    for library in libraries {
        cases.extend(
            enum_cases(library, &known).map_err(|error| {
                Error::io(*library, "looking for the flags of XLA_FLAGS", &error)
            })?,
        );
    }
    for (flag, known) in flags.iter().zip(&known) {
        flag.check(known, &cases, &name)?;
    }
    Ok(())
}

/// The names of the flags in the environment.
pub(super) fn names() -> Result<Vec<String>> {
    Ok(given()?.into_iter().map(|flag| flag.name).collect())
}

/// The flags in the environment, as text; `None` if one of them asks the compiler to write files.
pub(super) fn described() -> Result<Option<String>> {
    let flags = given()?;
    let dumps = flags.iter().any(|flag| flag.name.starts_with("xla_dump"));
    Ok((!dumps).then(|| {
        let value =
            |flag: &GivenFlag| flag.value.as_ref().map_or(String::new(), |v| format!("={v:?}"));
        let words: Vec<_> = flags.iter().map(|f| format!("--{}{}", f.name, value(f))).collect();
        words.join(" ")
    }))
}

/// The flags in the environment.
fn given() -> Result<Vec<GivenFlag>> {
    let Some(value) = std::env::var_os(VAR).filter(|value| !value.is_empty()) else {
        return Ok(Vec::new());
    };
    let text = value.to_string_lossy();
    // As XLA does: what does not start like a flag is the name of a file that holds flags.
    if text.trim_start().starts_with('-') {
        return parse(&text);
    }
    let content = std::fs::read_to_string(&value).map_err(|error| {
        Error::Invalid(format!(
            "{VAR} is `{text}`, which starts with no `--`, so XLA takes it for a file that \
             holds flags; that file cannot be read: {error}"
        ))
    })?;
    parse(&content)
}

/// The flags in the environment and one more, as text; `None` if it is there already.
#[cfg(feature = "xla-rs")]
pub(super) fn with(name: &str, value: &str) -> Result<Option<String>> {
    let mut flags = given()?;
    if flags.iter().any(|flag| flag.name == name) {
        return Ok(None);
    }
    flags.push(GivenFlag { name: name.to_string(), value: Some(value.to_string()) });
    let words: Vec<String> = flags.iter().map(GivenFlag::text).collect();
    Ok(Some(words.join(" ")))
}

/// A flag as the user wrote it.
#[derive(Debug, PartialEq, Eq)]
struct GivenFlag {
    /// The flag's name, without the dashes.
    name: String,
    /// The text after `=`.
    value: Option<String>,
}

/// XLA's knowledge of a flag.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Known {
    exists: bool,
    kind: Option<FlagKind>,
}

/// The types of flags whose values can be checked here.
#[derive(Clone, Debug, PartialEq, Eq)]
enum FlagKind {
    Bool,
    /// An integer between the two numbers.
    Int(i128, i128),
    Float,
    /// One of the cases of the enumeration with this name.
    Enum(String),
    Other,
}

impl GivenFlag {
    /// As XLA reads it; what is in quotes may hold the other kind of quotes alone.
    #[cfg(feature = "xla-rs")]
    fn text(&self) -> String {
        let name = &self.name;
        match &self.value {
            None => format!("--{name}"),
            Some(value) if value.contains('"') => format!("--{name}='{value}'"),
            Some(value) if value.contains(char::is_whitespace) => format!("--{name}=\"{value}\""),
            Some(value) => format!("--{name}={value}"),
        }
    }

    fn check(&self, known: &Known, cases: &[(String, Vec<String>)], library: &str) -> Result<()> {
        let name = &self.name;
        let refuse = |why: String| {
            Err(Error::Invalid(format!(
                "{VAR}: {why} (in {library}). XLA would end the process; correct the variable or \
                 unset it"
            )))
        };
        if !known.exists {
            return refuse(format!("XLA knows no flag `--{name}`"));
        }
        match (&known.kind, &self.value) {
            (Some(FlagKind::Bool) | None, None) => Ok(()),
            (Some(_), None) => refuse(format!("`--{name}` needs a value: `--{name}=…`")),
            (Some(FlagKind::Bool), Some(v))
                if !matches!(v.to_lowercase().as_str(), "true" | "false" | "0" | "1") =>
            {
                refuse(format!("`--{name}` is true or false, not `{v}`"))
            }
            (Some(FlagKind::Int(low, high)), Some(v)) => match v.trim().parse::<i128>() {
                Ok(n) if (*low..=*high).contains(&n) => Ok(()),
                Ok(n) => refuse(format!("`--{name}` is between {low} and {high}, not {n}")),
                Err(_) => refuse(format!("`--{name}` is a whole number, not `{v}`")),
            },
            (Some(FlagKind::Float), Some(v)) if v.trim().parse::<f64>().is_err() => {
                refuse(format!("`--{name}` is a number, not `{v}`"))
            }
            (Some(FlagKind::Enum(of)), Some(v)) => {
                let cases = cases.iter().find(|(name, _)| name == of).map(|(_, cases)| cases);
                // A flag may take the case without the words that all cases begin with.
                let word = v.trim().to_uppercase();
                let fits = |case: &String| {
                    let case = case.to_uppercase();
                    case == word || case.strip_suffix(&word).is_some_and(|c| c.ends_with('_'))
                };
                match cases {
                    Some(cases) if !cases.iter().any(fits) => {
                        refuse(format!("`--{name}` is one of {}, not `{v}`", cases.join(", ")))
                    }
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}

/// Splits a list of flags: words separated by white space, up to the first that does not start
/// with a dash; a value may be put in single or double quotes.
fn parse(text: &str) -> Result<Vec<GivenFlag>> {
    let mut flags = Vec::new();
    let mut rest = text.trim_start();
    while rest.starts_with('-') {
        let end = rest.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(rest.len());
        let (word, tail) = rest.split_at(end);
        let (value, tail) = match tail.strip_prefix('=') {
            Some(tail) => {
                let (value, tail) = parse_value(tail);
                (Some(value), tail)
            }
            None => (None, tail),
        };
        let Some(name) = word.strip_prefix("--").filter(|name| !name.is_empty()) else {
            return Err(Error::Invalid(format!(
                "{VAR}: `{word}` is not a flag; flags are `--name`"
            )));
        };
        flags.push(GivenFlag { name: name.to_string(), value });
        rest = tail.trim_start();
    }
    Ok(flags)
}

/// The value at the start of `text`, and what follows it.
fn parse_value(text: &str) -> (String, &str) {
    match text.chars().next() {
        Some(quote @ ('\'' | '"')) => {
            let inner = &text[1..];
            match inner.find(quote) {
                Some(end) => (inner[..end].to_string(), &inner[end + 1..]),
                None => (inner.to_string(), ""),
            }
        }
        _ => {
            let end = text.find(char::is_whitespace).unwrap_or(text.len());
            (text[..end].to_string(), &text[end..])
        }
    }
}

/// Adds to `known` what the XLA in `library` knows about each flag, by reading its file once.
fn look_up(library: &Path, flags: &[GivenFlag], known: &mut [Known]) -> std::io::Result<()> {
    /// Longer than any flag's name and the few bytes around it.
    const OVERLAP: usize = 512;
    let finders: Vec<_> = flags.iter().map(|f| memchr::memmem::Finder::new(&f.name)).collect();
    let mut file = File::open(library)?;
    let mut window = Vec::new();
    loop {
        let kept = window.len().min(OVERLAP);
        window.drain(..window.len() - kept);
        let read = file.by_ref().take(1 << 22).read_to_end(&mut window)?;
        for (finder, known) in finders.iter().zip(&mut *known) {
            for start in finder.find_iter(&window) {
                inspect(&window, start, finder.needle().len(), known);
            }
        }
        if read == 0 {
            return Ok(());
        }
    }
}

/// The field with this tag at the start of `bytes`, which is a short text, and what follows it.
fn text(bytes: &[u8], tag: u8) -> Option<(&str, &[u8])> {
    let (&[found, len], rest) = bytes.split_first_chunk::<2>()?;
    if found != tag || len >= 0x80 {
        return None;
    }
    let (text, rest) = rest.split_at_checked(len.into())?;
    Some((std::str::from_utf8(text).ok()?, rest))
}

/// The names of the cases of each enumeration in `known` that `library` describes.
fn enum_cases(library: &Path, known: &[Known]) -> std::io::Result<Vec<(String, Vec<String>)>> {
    let names: Vec<&str> = known
        .iter()
        .filter_map(|known| match &known.kind {
            Some(FlagKind::Enum(name)) => Some(name.as_str()),
            _ => None,
        })
        .collect();
    let mut found = Vec::new();
    if names.is_empty() {
        return Ok(found);
    }
    let bytes = std::fs::read(library)?;
    for name in names {
        for start in memchr::memmem::find_iter(&bytes, name) {
            // The name (field 1, with its length), then the cases (field 2, short messages) which
            // begin with their names.
            if start < 2 || bytes[start - 2] != 0x0a || usize::from(bytes[start - 1]) != name.len()
            {
                continue;
            }
            let mut cases = Vec::new();
            let mut rest = &bytes[start + name.len()..];
            while let Some((&[0x12, len], tail)) = rest.split_first_chunk::<2>() {
                let Some((case, after)) = tail.split_at_checked(len.into()) else { break };
                let Some((case, _)) = text(case, 0x0a) else { break };
                cases.push(case.to_string());
                rest = after;
            }
            if !cases.is_empty() {
                found.push((name.to_string(), cases));
            }
        }
    }
    Ok(found)
}

/// Looks at one place where a flag's name was found.
fn inspect(bytes: &[u8], start: usize, len: usize, known: &mut Known) {
    let after = &bytes[start + len..];
    // A longer name may end in this one.
    let whole =
        start == 0 || !matches!(bytes[start - 1], b'_' | b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9');
    known.exists |= whole && after.first() == Some(&0);
    // A field's description: name (field 1, with its length), number (3), label (4), type (5).
    let named = start >= 2 && bytes[start - 2] == 0x0a && usize::from(bytes[start - 1]) == len;
    if named && after.first() == Some(&0x18) {
        let number_len = after[1..].iter().position(|b| b & 0x80 == 0).map_or(0, |p| p + 1);
        if let Some(&[0x20, label, 0x28, kind]) = after.get(1 + number_len..5 + number_len) {
            const REPEATED: u8 = 3;
            known.exists = true;
            known.kind = Some(match (label, kind) {
                (REPEATED, _) => FlagKind::Other,
                (_, 8) => FlagKind::Bool,
                (_, 1 | 2) => FlagKind::Float,
                (_, 3) => FlagKind::Int(i64::MIN.into(), i64::MAX.into()),
                (_, 4) => FlagKind::Int(0, u64::MAX.into()),
                (_, 5) => FlagKind::Int(i32::MIN.into(), i32::MAX.into()),
                (_, 13) => FlagKind::Int(0, u32::MAX.into()),
                // The type's name (field 6), as `.xla.DebugOptions.Name`.
                (_, 14) => match after.get(5 + number_len..).and_then(|rest| text(rest, 0x32)) {
                    Some((of, _)) => {
                        FlagKind::Enum(of.rsplit('.').next().unwrap_or(of).to_string())
                    }
                    None => FlagKind::Other,
                },
                _ => FlagKind::Other,
            });
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const INT: FlagKind = FlagKind::Int(i32::MIN as i128, i32::MAX as i128);

    fn flag(name: &str, value: Option<&str>) -> GivenFlag {
        GivenFlag { name: name.to_string(), value: value.map(str::to_string) }
    }

    #[test]
    fn flags_are_split_as_xla_splits_them() {
        assert_eq!(
            parse(" --a --b=1\t--c='x y' --d=\"z\" junk --e").unwrap(),
            [flag("a", None), flag("b", Some("1")), flag("c", Some("x y")), flag("d", Some("z"))]
        );
        assert!(parse("-a").is_err());
        assert!(parse("--").is_err());
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config {
            cases: 2000,
            failure_persistence: None,
            ..Default::default()
        })]

        #[test]
        fn any_text_may_stand_in_the_variable(text in "(--?[a-z_=]{0,6}[ \t'\"=a1é]{0,6}){0,4}|.*") {
            if let Ok(flags) = parse(&text) {
                for flag in &flags {
                    proptest::prop_assert!(!flag.name.is_empty(), "{flag:?}");
                    for kind in [None, Some(FlagKind::Bool), Some(INT), Some(FlagKind::Float)] {
                        let _ = flag.check(&Known { exists: true, kind }, &[], "x");
                    }
                }
            }
        }

        #[test]
        fn any_bytes_may_surround_a_flag(
            before in proptest::collection::vec(0_u8..0x30, 0..6),
            after in proptest::collection::vec(0_u8..0x40, 0..24),
        ) {
            let bytes = [&before[..], b"xla_flag", &after[..]].concat();
            let mut known = Known::default();
            inspect(&bytes, before.len(), 8, &mut known);
            if let Some(&[tag, len]) = after.first_chunk() {
                let found = text(&after, tag);
                proptest::prop_assert!(found.is_none_or(|(text, _)| text.len() == usize::from(len)));
            }
        }
    }

    #[test]
    fn names_and_types_are_read_from_a_plugin() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        // Names lie on both sides of the window's edge.
        let mut bytes = vec![b'x'; (1 << 22) - 5];
        bytes.extend(b"\0xla_flag_a\0xla_flag_bc\0");
        bytes.extend(b"\x0a\x0axla_flag_a\x18\x8f\x01\x20\x01\x28\x08");
        bytes.extend(b"\x0a\x0bxla_flag_bc\x18\x05\x20\x01\x28\x05");
        bytes.extend(b"\0longer_xla_end\0");
        bytes.extend(b"\x0a\x0axla_flag_e\x18\x05\x20\x01\x28\x0e\x32\x08.x.D.Enu\x3a");
        bytes.extend(b"\x0a\x03Enu\x12\x07\x0a\x03A_B\x10\0\x12\x07\x0a\x03A_C\x10\x01\x1a\0");
        std::io::Write::write_all(&mut file, &bytes).unwrap();
        let flags = ["xla_flag_a", "xla_flag_b", "xla_flag_bc", "xla_end", "xla_flag_e"]
            .map(|n| flag(n, None));
        let mut known = vec![Known::default(); 5];
        look_up(file.path(), &flags, &mut known).unwrap();
        assert_eq!(known[3], Known::default());
        assert_eq!(known[0], Known { exists: true, kind: Some(FlagKind::Bool) });
        assert_eq!(known[1], Known { exists: false, kind: None });
        assert_eq!(known[2], Known { exists: true, kind: Some(INT) });
        assert_eq!(known[4].kind, Some(FlagKind::Enum("Enu".into())));
        let cases = enum_cases(file.path(), &known).unwrap();
        assert_eq!(cases, [("Enu".into(), vec!["A_B".to_string(), "A_C".into()])]);
        let refusal = |value: &str| {
            flag("xla_flag_e", Some(value)).check(&known[4], &cases, "x").map_err(|e| e.to_string())
        };
        assert!(refusal("A_B").is_ok() && refusal("c").is_ok());
        assert!(refusal("A").unwrap_err().contains("one of A_B, A_C, not `A`"));
    }
}
