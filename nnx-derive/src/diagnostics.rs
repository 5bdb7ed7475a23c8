//! The errors of one item, gathered so that they are reported together.

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
