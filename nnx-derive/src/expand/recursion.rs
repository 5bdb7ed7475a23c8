//! Types that hold themselves, as `enum Block { One(Linear), Many(Vec<Block>) }`.
//!
//! A constant cannot speak of itself, so the schema of such a type ends where the type comes up
//! again: there stands an uninhabited type whose schema is `Schema::Recursive`.

use super::walks;
use crate::bounds::mentions_self;
use crate::parse::{Item, Role};
use nnx_macro_support::text::plain_name;
use proc_macro2::TokenStream;
use quote::quote;
use syn::visit_mut::{self, VisitMut};
use syn::{Ident, Type, parse_quote};

/// `ty` with the stand-in where it speaks of the item.
pub(super) fn cut(item: &Item<'_>, ty: &Type) -> Type {
    struct Cut<'a>(&'a Ident);
    impl VisitMut for Cut<'_> {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            let is_self = |path: &syn::Path| {
                path.segments.len() == 1
                    && path
                        .segments
                        .first()
                        .is_some_and(|s| s.ident == *self.0 || s.ident == "Self")
            };
            match ty {
                Type::Path(path) if path.qself.is_none() && is_self(&path.path) => {
                    *ty = parse_quote!(__Recursive);
                }
                _ => visit_mut::visit_type_mut(self, ty),
            }
        }
    }
    let mut ty = ty.clone();
    Cut(item.ident).visit_type_mut(&mut ty);
    ty
}

/// The stand-in, if the item needs it.
pub(super) fn stand_in(item: &Item<'_>) -> TokenStream {
    let needed = item.fields().any(|f| f.role == Role::Module && mentions_self(item, f.ty));
    if !needed {
        return TokenStream::new();
    }
    let name = plain_name(item.ident);
    let never = quote!(match *self {});
    let body = walks(&quote!(__nnx::Schema::Recursive(#name)), &never, &never, &never);
    quote! {
        enum __Recursive {}

        #[automatically_derived]
        impl __nnx::Module for __Recursive {
            #body
        }
    }
}
