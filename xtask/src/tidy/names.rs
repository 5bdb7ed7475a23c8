//! Names of types.

use super::tokens::{Token, close};
use super::{Finding, Rule, Source};
use std::collections::HashMap;

/// Finds the types that share a name with an earlier one. Those that only their own module sees
/// are left alone.
pub(super) fn twice(house: &[(&Source, Vec<Token<'_>>)], findings: &mut Vec<Finding>) {
    let mut known: HashMap<&str, (&str, usize)> = HashMap::new();
    for (source, tokens) in house {
        for name in types(tokens) {
            let place = (source.file.as_str(), name.line);
            let (file, line) = *known.entry(name.text).or_insert(place);
            if (file, line) != place {
                let message = format!("`{}` is also {file}:{line}", name.text);
                findings.push(source.finding(name.line, Rule::NameTwice, message));
            }
        }
    }
}

/// The names of the types that a file defines with `pub`, `pub(crate)` or the like.
fn types<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut names = Vec::new();
    for (at, _) in tokens.iter().enumerate().filter(|(_, token)| token.text == "pub") {
        let mut at = at + 1;
        if tokens.get(at).is_some_and(|token| token.text == "(") {
            at = close(tokens, at);
        }
        while tokens.get(at).is_some_and(|token| token.text == "unsafe") {
            at += 1;
        }
        let defines = tokens.get(at).is_some_and(|token| {
            matches!(token.text, "struct" | "enum" | "trait" | "type" | "union")
        });
        // A macro's definition has a placeholder where the name would be.
        names.extend(tokens.get(at + 1).filter(|token| defines && token.is_name()));
    }
    names
}
