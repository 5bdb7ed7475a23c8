//! The three walks: one straight line of calls per struct, or per variant of an enum.

use crate::bounds::module_trait;
use crate::parse::{Data, Field, Item, Key, Role, Variant};
use nnx_macro_support::text::plain_name;
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote};
use syn::Member;

/// The body of `flatten`.
pub(super) fn flatten(item: &Item<'_>) -> TokenStream {
    let visit = |field: &Field<'_>, place: &TokenStream| {
        let (ty, key) = (field.ty, key(&field.key));
        let part = match field.role {
            Role::Module => module_trait(ty, Span::call_site()),
            Role::Static => quote!(__nnx::StaticField),
            Role::Skip => return None,
        };
        Some(quote!(<#ty as #part>::flatten_at(#place, #key, __walker);))
    };
    match &item.data {
        Data::Struct(fields) => on_self(fields, &quote!(&), visit),
        Data::Enum(variants) => per_variant(variants, visit, |position, variant| {
            let position = Literal::usize_unsuffixed(position);
            let name = plain_name(variant.ident);
            quote! {
                __nnx::Visitor::structure(__walker, __nnx::Structure::Variant(#position, #name));
            }
        }),
        Data::Union => TokenStream::new(),
    }
}

/// The body of `flatten_mut`.
pub(super) fn flatten_mut(item: &Item<'_>) -> TokenStream {
    let visit = |field: &Field<'_>, place: &TokenStream| {
        if field.role != Role::Module {
            return None;
        }
        let (ty, key) = (field.ty, key(&field.key));
        let module = module_trait(ty, Span::call_site());
        Some(quote!(<#ty as #module>::flatten_mut_at(#place, #key, __walker);))
    };
    match &item.data {
        Data::Struct(fields) => on_self(fields, &quote!(&mut), visit),
        Data::Enum(variants) => per_variant(variants, visit, |_, _| TokenStream::new()),
        Data::Union => TokenStream::new(),
    }
}

/// The body of `unflatten`.
pub(super) fn unflatten(item: &Item<'_>) -> TokenStream {
    match &item.data {
        Data::Struct(fields) => {
            let values = fields.iter().map(|field| {
                let member = &field.member;
                let value = rebuilt(field, &quote!(&self.#member));
                quote!(#member: #value)
            });
            quote!(Self { #(#values),* })
        }
        Data::Enum(variants) => {
            let arms = variants.iter().map(|variant| {
                let ident = variant.ident;
                let bindings = variant.fields.iter().map(|field| {
                    let (member, binding) = (&field.member, binding(field));
                    quote!(#member: #binding)
                });
                let values = variant.fields.iter().map(|field| {
                    let (member, binding) = (&field.member, binding(field));
                    let value = rebuilt(field, &quote!(#binding));
                    quote!(#member: #value)
                });
                quote!(Self::#ident { #(#bindings),* } => Self::#ident { #(#values),* },)
            });
            match_self(arms)
        }
        Data::Union => TokenStream::new(),
    }
}

/// The value of a field of the new tree, made from the one at `place`.
fn rebuilt(field: &Field<'_>, place: &TokenStream) -> TokenStream {
    let ty = field.ty;
    match field.role {
        Role::Static => quote!(<#ty as __nnx::StaticField>::copy(#place)),
        Role::Skip => quote!(<#ty as ::core::clone::Clone>::clone(#place)),
        Role::Module => {
            let key = key(&field.key);
            let module = module_trait(ty, Span::call_site());
            quote!(<#ty as #module>::unflatten_at(#place, #key, __walker))
        }
    }
}

/// `visit` for each field of a struct, in place.
fn on_self(
    fields: &[Field<'_>],
    borrow: &TokenStream,
    visit: impl Fn(&Field<'_>, &TokenStream) -> Option<TokenStream>,
) -> TokenStream {
    fields
        .iter()
        .filter_map(|field| {
            let member = &field.member;
            visit(field, &quote!(#borrow self.#member))
        })
        .collect()
}

/// A match whose arms hold `first` and then `visit` for each field of the variant.
fn per_variant(
    variants: &[Variant<'_>],
    visit: impl Fn(&Field<'_>, &TokenStream) -> Option<TokenStream>,
    first: impl Fn(usize, &Variant<'_>) -> TokenStream,
) -> TokenStream {
    let arms = variants.iter().enumerate().map(|(position, variant)| {
        let ident = variant.ident;
        let first = first(position, variant);
        let mut bindings = TokenStream::new();
        let mut visits = TokenStream::new();
        for field in &variant.fields {
            let (member, binding) = (&field.member, binding(field));
            if let Some(tokens) = visit(field, &quote!(#binding)) {
                bindings.extend(quote!(#member: #binding,));
                visits.extend(tokens);
            }
        }
        quote!(Self::#ident { #bindings .. } => { #first #visits })
    });
    match_self(arms)
}

fn match_self(arms: impl ExactSizeIterator<Item = TokenStream>) -> TokenStream {
    if arms.len() == 0 {
        return quote!(match *self {});
    }
    quote!(match self { #(#arms)* })
}

fn binding(field: &Field<'_>) -> Ident {
    match &field.member {
        Member::Named(ident) => format_ident!("__field_{}", plain_name(ident)),
        Member::Unnamed(index) => format_ident!("__field_{}", index.index),
    }
}

/// The step of a path, which the walks make of a name or a number.
fn key(key: &Key) -> Literal {
    match key {
        Key::Name(name) => Literal::string(name),
        Key::Index(index) => Literal::usize_suffixed(*index),
    }
}
