//! Types as text, for messages and for the names of static parts.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;

/// A type as a user would write it: `Vec<(A, B)>`, not the spaced-out form of a token stream.
pub(crate) fn of(ty: &syn::Type) -> String {
    let mut text = String::new();
    write(ty.to_token_stream(), &mut text);
    text
}

fn write(tokens: TokenStream, text: &mut String) {
    for token in tokens {
        if ["as", "dyn", "mut"].iter().any(|word| ends_with_word(text, word)) {
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
                '-' => text.push_str(" -"),
                '>' if text.ends_with('-') => text.push_str("> "),
                c => text.push(c),
            },
            word => {
                // Two words in a row, as in `dyn Layer`.
                if text.ends_with(is_word) {
                    text.push(' ');
                }
                text.push_str(&word.to_string());
            }
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn ends_with_word(text: &str, word: &str) -> bool {
    text.strip_suffix(word).is_some_and(|before| !before.ends_with(is_word))
}

#[cfg(test)]
mod tests {
    #[test]
    fn types_read_as_written() -> syn::Result<()> {
        for text in [
            "Vec<(A, B<'static>)>",
            "&'static str",
            "Box<dyn Layer + Send>",
            "fn(&Array, usize) -> [f32; 3]",
            "<T as ::a::Family>::Layer",
            "HashMap<K, V, { 1 }>",
            "dyn Fn(&'a mut X, &mut [u8]) -> (A, B)",
            "Box<dyn Iterator<Item = u8>>",
        ] {
            let expected = text.replace("{ 1 }", "{1}");
            assert_eq!(super::of(&syn::parse_str(text)?), expected);
        }
        Ok(())
    }
}
