//! `self` under another name, so that the body of a method can stand in a closure.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use syn::visit_mut::{self, VisitMut};
use syn::{Block, Item, Macro};

/// What `self` is called inside the closure.
pub(crate) fn name(span: Span) -> Ident {
    Ident::new("__self", span)
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

    fn visit_macro_mut(&mut self, call: &mut Macro) {
        call.tokens = tokens(std::mem::take(&mut call.tokens));
    }

    fn visit_item_mut(&mut self, item: &mut Item) {
        if let Item::Macro(item) = item {
            self.visit_macro_mut(&mut item.mac);
        }
    }
}

fn tokens(stream: TokenStream) -> TokenStream {
    stream
        .into_iter()
        .map(|token| match token {
            TokenTree::Ident(ident) if ident == "self" => name(ident.span()).into(),
            TokenTree::Group(group) => {
                let mut renamed = Group::new(group.delimiter(), tokens(group.stream()));
                renamed.set_span(group.span());
                renamed.into()
            }
            other => other,
        })
        .collect()
}
