//! Tokens as their author would write them, for messages and for the names of static parts.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Ident;
use syn::ext::IdentExt;

/// An identifier as it is shown in paths: `r#type` is `type`.
pub fn plain_name(ident: &Ident) -> String {
    ident.unraw().to_string()
}

/// A type as a user would write it: `Vec<(A, B)>`, not the spaced-out form of a token stream.
pub fn of(tokens: impl ToTokens) -> String {
    let mut text = String::new();
    write(tokens.to_token_stream(), &mut text);
    text
}

/// How many tokens there are, delimiters among them: the length of an expansion.
pub fn length(tokens: TokenStream) -> usize {
    let of_one = |token| match token {
        TokenTree::Group(group) => 2 + length(group.stream()),
        _ => 1,
    };
    tokens.into_iter().map(of_one).sum()
}

fn write(tokens: TokenStream, text: &mut String) {
    for token in tokens {
        if ends_with_single_word(text) {
            text.push(' ');
        }
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::None => ("", ""),
                };
                text.push_str(open);
                write(group.stream(), text);
                text.push_str(close);
            }
            TokenTree::Punct(punct) => match punct.as_char() {
                c @ (',' | ';') => text.extend([c, ' ']),
                c @ ('+' | '=') => text.extend([' ', c, ' ']),
                '-' if punct.spacing() == Spacing::Joint => text.push_str(" -"),
                '>' if text.ends_with('-') => text.push_str("> "),
                c => text.push(c),
            },
            word => {
                // Two words in a row, as in `dyn Layer`, or a word after `for<'a>`.
                if text.ends_with(|c| is_word(c) || c == '>' || c == '"') {
                    text.push(' ');
                }
                text.push_str(&word.to_string());
            }
        }
    }
}

/// Whether the text ends with a word that stands by itself: a keyword, or a lifetime before a type.
fn ends_with_single_word(text: &str) -> bool {
    let before = text.trim_end_matches(is_word);
    let word = &text[before.len()..];
    ["as", "dyn", "mut", "const", "impl"].contains(&word)
        || (!word.is_empty() && before.ends_with("&'"))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    #[test]
    fn types_read_as_written() -> syn::Result<()> {
        for text in [
            "Vec<(A, B<'static>)>",
            "&'static str",
            "&'a [A]",
            "&'a mut (A, B)",
            "&'a &'b A",
            "*const [A]",
            "Box<dyn Layer + Send>",
            "Box<dyn for<'a> Fn(&'a A) -> B + 'static>",
            "unsafe extern \"C\" fn(A)",
            "fn(&Array, usize) -> [f32; 3]",
            "<T as ::a::Family>::Layer",
            "<Vec<T> as Family>::Layer",
            "HashMap<K, V, { 1 }>",
            "dyn Fn(&'a mut X, &mut [u8]) -> (A, B)",
            "Box<dyn Iterator<Item = u8>>",
            "impl Fn(&Array) -> Array",
            "Grid<-1>",
        ] {
            let expected = text.replace("{ 1 }", "{1}");
            assert_eq!(super::of(syn::parse_str::<syn::Type>(text)?), expected);
        }
        Ok(())
    }
}
