//! The English of comments: two turns of phrase that come from other languages.

use super::{Finding, Rule, Source};

/// Words after "is no" with which it is right: "is no longer there", "is no larger than".
const COMPARED: [&str; 6] = ["longer", "more", "less", "larger", "worse", "better"];

/// Finds comments on lines of their own that open with a relative clause or say "is no X" of
/// something that is not an X.
pub(super) fn check(source: &Source, findings: &mut Vec<Finding>) {
    for (line, text) in (1..).zip(source.text.lines()) {
        let Some(comment) = text.trim_start().strip_prefix("//") else { continue };
        let comment = comment.trim_start_matches(['/', '!']).trim();
        if comment.starts_with("What ") {
            let message = "name the thing: \"The contents of a node\", not \"What is in a node\"";
            findings.push(source.finding(line, Rule::Wording, message.into()));
        }
        if is_no(comment) {
            let message = "write \"is not a\" for \"is no\", unless it is \"there is no\"";
            findings.push(source.finding(line, Rule::Wording, message.into()));
        }
    }
}

fn is_no(comment: &str) -> bool {
    let words: Vec<&str> = comment.split_whitespace().collect();
    words.windows(3).enumerate().any(|(at, three)| {
        let &[is, no, next] = three else { return false };
        let before = at.checked_sub(1).map(|at| words[at]);
        // Without the word before, on the line above, it cannot be told.
        let is_there = before.is_none_or(|word| word.eq_ignore_ascii_case("there"));
        let is_word = next.starts_with(|c: char| c.is_ascii_lowercase());
        is == "is" && no == "no" && is_word && !is_there && !COMPARED.contains(&next)
    })
}
