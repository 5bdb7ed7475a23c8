//! Names of types.

use super::tokens::{Token, close};
use super::{Finding, Rule, Source};
use std::collections::HashMap;

/// Finds the types that share a name with another one, whoever sees them. The names of traits' own types are left
/// alone: the trait gives them.
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

/// The names of the types that a file defines.
fn types<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut names = Vec::new();
    let mut ends_of_owners: Vec<usize> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        ends_of_owners.retain(|end| at < *end);
        let defines = match token.text {
            _ if follows_dollar(tokens, at) => false,
            "impl" if !is_item(tokens, at) => false,
            "impl" | "trait" => {
                let open = tokens[at..].iter().position(|token| token.text == "{");
                ends_of_owners.extend(open.map(|open| close(tokens, at + open)));
                token.text == "trait"
            }
            "struct" | "enum" | "union" => true,
            "type" => ends_of_owners.is_empty(),
            _ => false,
        };
        // A macro's definition has a placeholder where the name would be.
        names.extend(tokens.get(at + 1).filter(|token| defines && token.is_name()));
    }
    names
}

/// Whether the word at a place names a macro's part, as in `$trait`.
fn follows_dollar(tokens: &[Token<'_>], at: usize) -> bool {
    at.checked_sub(1).is_some_and(|before| tokens[before].text == "$")
}

/// Whether the `impl` at a place begins an item, and is not the type of a value.
fn is_item(tokens: &[Token<'_>], at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else { return true };
    match tokens[before].text {
        "{" | "}" | ";" | "]" | "unsafe" => true,
        // The repetition of a macro.
        "(" => follows_dollar(tokens, before),
        _ => false,
    }
}
