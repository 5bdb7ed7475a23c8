//! The errors of one function, gathered so that they are reported together.

use proc_macro2::TokenStream;
use quote::ToTokens;
use std::fmt::Display;

/// Errors found so far.
#[derive(Default)]
pub(crate) struct Errors(Option<syn::Error>);

impl Errors {
    /// Notes an error that points at `tokens`.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(first) => first.combine(error),
            none => *none = Some(error),
        }
    }

    pub(crate) fn into_compile_errors(self) -> Option<TokenStream> {
        self.0.map(|error| error.into_compile_error())
    }
}

/// A message that names the mistake and, below it, numbered ways out.
pub(crate) fn with_fixes(mistake: impl Display, fixes: &[impl Display]) -> String {
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
pub(crate) fn list(names: impl IntoIterator<Item = impl Display>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// The one of `known` that was probably meant by `name`.
pub(crate) fn similar<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
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
