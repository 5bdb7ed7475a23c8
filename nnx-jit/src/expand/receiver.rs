//! `self` under another name, so that the body of a method can be put into a closure.

use proc_macro2::{Delimiter, Group, Ident, Literal, Spacing, Span, TokenStream, TokenTree};
use syn::visit_mut::{self, VisitMut};
use syn::{Block, Expr, Item, Lit, LitStr, Macro};

/// The name of `self` inside the closure. No variable of the user's has this name, for none has the
/// macro's hygiene.
pub(crate) fn name(span: Span) -> Ident {
    Ident::new("this", Span::mixed_site().located_at(span))
}

/// Renames `self` in `block`, also inside macro calls, but not in items nested in it.
pub(crate) fn rename(block: &mut Block) {
    Rename.visit_block_mut(block);
}

struct Rename;

impl VisitMut for Rename {
    fn visit_ident_mut(&mut self, ident: &mut Ident) {
        if ident == "self" {
            *ident = name(ident.span());
        }
    }

    // `self::item` is a module path, not the receiver.
    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        if path.segments.len() == 1 {
            visit_mut::visit_path_mut(self, path);
        } else {
            for segment in path.segments.iter_mut() {
                self.visit_path_arguments_mut(&mut segment.arguments);
            }
        }
    }

    // A body that only rustc can read.
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        match expr {
            Expr::Verbatim(body) => *body = tokens(std::mem::take(body), None),
            expr => visit_mut::visit_expr_mut(self, expr),
        }
    }

    fn visit_macro_mut(&mut self, call: &mut Macro) {
        let format = call.path.segments.last().and_then(|last| Format::of(&last.ident));
        call.tokens = tokens(std::mem::take(&mut call.tokens), format);
    }

    fn visit_item_mut(&mut self, item: &mut Item) {
        if let Item::Macro(item) = item {
            self.visit_macro_mut(&mut item.mac);
        }
    }
}

/// Which argument of a macro is a format string, which may say `{self}`.
#[derive(Clone, Copy)]
enum Format {
    At(usize),
    Somewhere,
}

impl Format {
    fn of(macro_name: &Ident) -> Option<Self> {
        match macro_name.to_string().as_str() {
            "format" | "format_args" | "print" | "println" | "eprint" | "eprintln" | "panic"
            | "unreachable" | "todo" | "unimplemented" | "bail" | "anyhow" => Some(Format::At(0)),
            "write" | "writeln" | "assert" | "debug_assert" | "ensure" => Some(Format::At(1)),
            "assert_eq" | "assert_ne" | "debug_assert_eq" | "debug_assert_ne" => {
                Some(Format::At(2))
            }
            // After fields, in logs.
            "trace" | "debug" | "info" | "warn" | "error" => Some(Format::Somewhere),
            _ => None,
        }
    }

    fn is_at(self, argument: usize) -> bool {
        match self {
            Format::At(at) => at == argument,
            Format::Somewhere => true,
        }
    }
}

/// Renames `self` in the arguments of a macro.
fn tokens(stream: TokenStream, format: Option<Format>) -> TokenStream {
    let mut renamed: Vec<TokenTree> = Vec::new();
    let mut rest = stream.into_iter().peekable();
    // Between the `fn` of a nested function and the end of its body, `self` is another one.
    let mut in_fn = false;
    let mut argument = 0;
    while let Some(token) = rest.next() {
        let token = match token {
            TokenTree::Ident(ident) if ident == "fn" => {
                in_fn = matches!(rest.peek(), Some(TokenTree::Ident(_)));
                ident.into()
            }
            token if in_fn => {
                in_fn = !ends_fn(&token);
                token
            }
            TokenTree::Ident(ident) if ident == "self" && !starts_path(rest.peek()) => {
                name(ident.span()).into()
            }
            TokenTree::Group(group) => {
                let stream = tokens(group.stream(), called(&renamed).and_then(Format::of));
                let mut inner = Group::new(group.delimiter(), stream);
                inner.set_span(group.span());
                inner.into()
            }
            TokenTree::Literal(literal) if format.is_some_and(|format| format.is_at(argument)) => {
                rename_in_format(literal).into()
            }
            other => other,
        };
        argument += usize::from(matches!(&token, TokenTree::Punct(p) if p.as_char() == ','));
        renamed.push(token);
    }
    renamed.into_iter().collect()
}

/// The macro whose arguments follow: `name` in `name!`.
fn called(before: &[TokenTree]) -> Option<&Ident> {
    match before {
        [.., TokenTree::Ident(name), TokenTree::Punct(bang)] if bang.as_char() == '!' => Some(name),
        _ => None,
    }
}

/// Whether `::` follows: `self::item` is a module path.
fn starts_path(next: Option<&TokenTree>) -> bool {
    matches!(next, Some(TokenTree::Punct(punct))
        if punct.as_char() == ':' && punct.spacing() == Spacing::Joint)
}

fn ends_fn(token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        _ => false,
    }
}

/// `"{self:?}"` with the other name.
fn rename_in_format(literal: Literal) -> Literal {
    let Lit::Str(text) = Lit::new(literal.clone()) else { return literal };
    let Some(renamed) = renamed_format(&text.value()) else { return literal };
    // The name in the string is looked up with the hygiene of the string.
    LitStr::new(&renamed, Span::mixed_site().located_at(literal.span())).token()
}

fn renamed_format(format: &str) -> Option<String> {
    let mut renamed = String::new();
    let mut rest = format;
    while let Some(at) = rest.find('{') {
        let (before, after) = rest.split_at(at + 1);
        renamed.push_str(before);
        rest = after;
        if let Some(escaped) = rest.strip_prefix('{') {
            renamed.push('{');
            rest = escaped;
        } else if let Some(after) = rest.strip_prefix("self")
            && after.trim_start().starts_with([':', '}'])
        {
            renamed.push_str("this");
            rest = after;
        }
    }
    renamed.push_str(rest);
    (renamed != format).then_some(renamed)
}

#[cfg(test)]
mod tests {
    use super::renamed_format;

    #[test]
    fn only_the_receiver_is_renamed_in_a_format_string() {
        let renamed = |text| renamed_format(text).unwrap_or_else(|| "unchanged".to_owned());
        assert_eq!(renamed("{self:?} of {x}"), "{this:?} of {x}");
        assert_eq!(renamed("{{{self}}}"), "{{{this}}}");
        assert_eq!(renamed("{{self}} {selfish} {0:self}"), "unchanged");
    }
}
