//! Names for types that a macro makes. Each mention of such a type is another expansion to rustc, and
//! what is wrong with it another error.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{DeriveInput, Type, parse_quote};

/// The item with a name in place of each such type, and the names as items. An item with parameters stays
/// as it is: its types may name them.
pub(crate) fn of_macros(input: &DeriveInput) -> (DeriveInput, TokenStream) {
    let mut aliases = Aliases::default();
    let mut input = input.clone();
    if input.generics.params.is_empty() {
        aliases.visit_data_mut(&mut input.data);
    }
    (input, aliases.items)
}

#[derive(Default)]
struct Aliases {
    items: TokenStream,
    count: usize,
}

impl VisitMut for Aliases {
    // A field with options may be static, and is then described by its type as it is written.
    fn visit_field_mut(&mut self, field: &mut syn::Field) {
        if !field.attrs.iter().any(|attribute| attribute.path().is_ident("module")) {
            self.visit_type_mut(&mut field.ty);
        }
    }

    fn visit_type_mut(&mut self, ty: &mut Type) {
        if !matches!(ty, Type::Macro(_)) {
            return visit_mut::visit_type_mut(self, ty);
        }
        let span = Span::mixed_site().located_at(ty.span());
        let name = format_ident!("__Type{}", self.count, span = span);
        self.count += 1;
        self.items.extend(quote!(type #name = #ty;));
        *ty = parse_quote!(#name);
    }
}
