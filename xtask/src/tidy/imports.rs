//! Imports between rooms.

use super::tokens::Token;
use super::{Finding, Rule, Source, rooms};
use std::collections::HashMap;

/// Finds imports that point upwards, and those that go through the crate's root.
pub(super) fn check(house: &[(&Source, Vec<Token<'_>>)], findings: &mut Vec<Finding>) {
    let exported = exported_macros(house);
    for (source, tokens) in house {
        let Some(own) = rooms::room(&source.file) else { continue };
        for path in paths(&rooms::module(&source.file), tokens) {
            if let Some((rule, message)) = judge(own, &path, &exported) {
                findings.push(source.finding(path.line, rule, message));
            }
        }
    }
}

/// Which room each macro of the crate's root comes from: `#[macro_export]` puts them there.
fn exported_macros<'a>(house: &[(&'a Source, Vec<Token<'a>>)]) -> HashMap<&'a str, &'a str> {
    let mut exported = HashMap::new();
    for (source, tokens) in house {
        let Some(room) = rooms::room(&source.file) else { continue };
        let mut pending = false;
        for window in tokens.windows(3) {
            pending |= window[0].text == "macro_export";
            if pending && window[0].text == "macro_rules" {
                exported.insert(window[2].text, room);
                pending = false;
            }
        }
    }
    exported
}

/// A path that begins in a known module, from the crate's root on.
struct Named<'a> {
    segments: Vec<&'a str>,
    line: usize,
    /// Written `$crate`, for a macro's expansion.
    in_macro: bool,
    /// Followed by `!`.
    is_macro: bool,
}

fn judge(own: &str, path: &Named<'_>, exported: &HashMap<&str, &str>) -> Option<(Rule, String)> {
    let first = *path.segments.first()?;
    let text = path.segments.join("::");
    let alone = path.segments.len() == 1;
    // An exported macro is in the root for the compiler, and in its file's room for us.
    let room = match exported.get(first) {
        Some(room) if alone => room,
        _ => first,
    };
    if room == own || (path.in_macro && room == "__private") || (alone && path.is_macro) {
        return None;
    }
    let Some(floor) = rooms::floor(room) else {
        let message = format!("`crate::{text}`: import it from the room that defines it");
        return Some((Rule::ThroughTheRoot, message));
    };
    let closed = rooms::CLOSED.iter().find(|(closed, _)| *closed == own);
    if let Some((_, allowed)) = closed.filter(|(_, allowed)| !allowed.contains(&room)) {
        let allowed = allowed.join("` and `");
        let message = format!("`{text}`: `{own}` imports from `{allowed}` alone");
        return Some((Rule::Upwards, message));
    }
    let reserved = rooms::RESERVED.iter().find(|(module, _)| path.segments.starts_with(module));
    if let Some((_, allowed)) = reserved.filter(|(_, allowed)| !allowed.contains(&own)) {
        let message = format!("`{text}`: only `{}` import it", allowed.join("` and `"));
        return Some((Rule::Upwards, message));
    }
    // A room without a place has its own finding.
    let upwards = rooms::floor(own).is_some_and(|own| floor > own);
    upwards.then(|| (Rule::Upwards, format!("`{text}`: `{room}` lies above `{own}`")))
}

/// Every path in a file that begins with `crate`, `self` or `super`.
fn paths<'a>(module: &[&'a str], tokens: &[Token<'a>]) -> Vec<Named<'a>> {
    let mut found = Vec::new();
    // The modules written out in the file that are open here, each with the depth of its brace.
    let mut inline: Vec<(&str, usize)> = Vec::new();
    let mut depth = 0;
    let mut at = 0;
    while at < tokens.len() {
        let before = |n: usize| at.checked_sub(n).and_then(|i| tokens.get(i)).map(|t| t.text);
        match tokens[at].text {
            "{" => {
                depth += 1;
                if before(2) == Some("mod") {
                    inline.push((tokens[at - 1].text, depth));
                }
            }
            "}" => {
                inline.pop_if(|(_, opened)| *opened == depth);
                depth = depth.saturating_sub(1);
            }
            "crate" | "self" | "super"
                if before(1) != Some("::") && text(tokens, at + 1) == Some("::") =>
            {
                let here: Vec<&str> =
                    module.iter().copied().chain(inline.iter().map(|(name, _)| *name)).collect();
                let in_macro = before(1) == Some("$");
                let tree = Tree { tokens, here, in_macro };
                at = tree.walk(at, Vec::new(), true, &mut found);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

fn text<'a>(tokens: &[Token<'a>], at: usize) -> Option<&'a str> {
    tokens.get(at).map(|token| token.text)
}

/// The context for following one path, or the tree of paths of a `use`.
struct Tree<'a, 't> {
    tokens: &'t [Token<'a>],
    /// The module that the path is in.
    here: Vec<&'a str>,
    in_macro: bool,
}

impl<'a> Tree<'a, '_> {
    /// Follows the path that goes on at a place; returns the place after it.
    fn walk(
        &self,
        mut at: usize,
        mut segments: Vec<&'a str>,
        mut first: bool,
        found: &mut Vec<Named<'a>>,
    ) -> usize {
        let line = self.tokens.get(at).map_or(0, |token| token.line);
        while let Some(token) = self.tokens.get(at) {
            match token.text {
                "{" => return self.branches(at + 1, &segments, found),
                "crate" if first => segments.clear(),
                "self" if first => segments.clone_from(&self.here),
                "super" if first => {
                    segments.clone_from(&self.here);
                    segments.pop();
                }
                "super" => {
                    segments.pop();
                }
                "self" => {}
                name if token.is_name() || name == "*" => segments.push(name),
                _ => break,
            }
            first = false;
            at += 1;
            let goes_on = text(self.tokens, at) == Some("::")
                && self.tokens.get(at + 1).is_some_and(|t| t.is_name() || "{*".contains(t.text));
            if !goes_on {
                break;
            }
            at += 1;
        }
        let is_macro = text(self.tokens, at) == Some("!");
        found.push(Named { segments, line, in_macro: self.in_macro, is_macro });
        at
    }

    /// Follows the paths between braces.
    fn branches(&self, mut at: usize, segments: &[&'a str], found: &mut Vec<Named<'a>>) -> usize {
        while let Some(token) = self.tokens.get(at) {
            match token.text {
                "}" => return at + 1,
                "," => at += 1,
                // The new name of an import.
                "as" => at += 2,
                name if token.is_name() || "{*".contains(name) => {
                    at = self.walk(at, segments.to_vec(), false, found);
                }
                _ => at += 1,
            }
        }
        at
    }
}
