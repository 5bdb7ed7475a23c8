//! The errors of one item, gathered so that they are reported together.

use proc_macro2::TokenStream;
use quote::ToTokens;
use std::fmt::Display;

/// Errors found so far. They must be taken with [`into_compile_errors`](Errors::into_compile_errors):
/// errors that nobody looked at would be mistakes that compile.
#[derive(Default)]
pub struct Errors {
    found: Option<syn::Error>,
    taken: bool,
}

impl Errors {
    /// Notes an error that points at `tokens`.
    pub fn at(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    /// Notes an error.
    pub fn push(&mut self, error: syn::Error) {
        match &mut self.found {
            Some(first) => first.combine(error),
            none => *none = Some(error),
        }
    }

    /// All of them as tokens; `None` if nothing is wrong.
    pub fn into_compile_errors(mut self) -> Option<TokenStream> {
        self.taken = true;
        self.found.take().map(|error| error.into_compile_error())
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        // A second panic while one is on its way would end the compiler without a message.
        if !self.taken && !std::thread::panicking() {
            panic!("a macro dropped its errors without looking at them");
        }
    }
}

/// A message that names the mistake and, below it, numbered ways out.
pub fn with_fixes(mistake: impl Display, fixes: &[impl Display]) -> String {
    let mut message = mistake.to_string();
    if let [only] = fixes {
        return format!("{message}\nfix: {only}");
    }
    message.push_str("\nfixes:");
    for (i, fix) in fixes.iter().enumerate() {
        message.push_str(&format!("\n  {}. {fix}", i + 1));
    }
    message
}

/// A list for a message: "`a`, `b`, `c`".
pub fn list(names: impl IntoIterator<Item = impl Display>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// The one of `known` that was probably meant by `name`.
pub fn similar<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let near = |candidate: &&&str| {
        let longest = candidate.chars().count().max(name.chars().count());
        distance(name, candidate) <= longest / 3
    };
    known.iter().filter(near).min_by_key(|candidate| distance(name, candidate)).copied()
}

/// How many letters must be added, removed or exchanged to get from `a` to `b`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for j in 0..b.len() {
            let exchanged = before + usize::from(letter != b[j]);
            before = row[j + 1];
            row[j + 1] = exchanged.min(before + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::{Errors, similar, with_fixes};
    use proc_macro2::Span;

    #[test]
    #[should_panic(expected = "without looking at them")]
    fn errors_that_nobody_looked_at_panic() {
        let mut errors = Errors::default();
        errors.push(syn::Error::new(Span::call_site(), "a mistake"));
    }

    // Even without a mistake: whoever forgets to look would miss the next one.
    #[test]
    #[should_panic(expected = "without looking at them")]
    fn an_unread_list_panics_when_it_is_empty_too() {
        drop(Errors::default());
    }

    #[test]
    fn errors_come_together() {
        let mut errors = Errors::default();
        errors.push(syn::Error::new(Span::call_site(), "one"));
        errors.at(quote::quote!(token), "two");
        let tokens = errors.into_compile_errors().map(|tokens| tokens.to_string());
        assert!(tokens.is_some_and(|text| text.contains("one") && text.contains("two")));
        assert!(Errors::default().into_compile_errors().is_none());
    }

    #[test]
    fn fixes_are_numbered_if_there_are_several() {
        assert_eq!(with_fixes("wrong", &["do"]), "wrong\nfix: do");
        assert_eq!(with_fixes("wrong", &["a", "b"]), "wrong\nfixes:\n  1. a\n  2. b");
    }

    #[test]
    fn misspelt_names_are_recognized() {
        assert_eq!(similar("donatte", &["graph", "donate"]), Some("donate"));
        assert_eq!(similar("x", &["graph", "donate"]), None);
    }
}
