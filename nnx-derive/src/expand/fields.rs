//! The fields of an item as the template `module!` takes them: each is named once, and the template writes
//! the constant `SCHEMA` and the three walks from that.

use super::recursion;
use crate::bounds::module_trait;
use crate::parse::{Data, Field, Item, Key, Role};
use crate::recursion::mentions_self;
use nnx_macro_support::text::{self, plain_name};
use nnx_macro_support::types::{object, sharing};
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote};
use syn::Member;

/// The fields of a struct, or the variants of an enum.
pub(super) fn of(item: &Item<'_>) -> TokenStream {
    match &item.data {
        Data::Struct(fields) => in_braces(item, fields),
        Data::Enum(variants) => {
            let variants = variants.iter().enumerate().map(|(position, variant)| {
                let position = Literal::usize_unsuffixed(position);
                let (ident, name) = (variant.ident, plain_name(variant.ident));
                let fields = in_braces(item, &variant.fields);
                quote!(#position #ident #name #fields)
            });
            variants.collect()
        }
        Data::Union => TokenStream::new(),
    }
}

fn in_braces(item: &Item<'_>, fields: &[Field<'_>]) -> TokenStream {
    let fields = fields.iter().map(|field| {
        let (member, binding, key) = (&field.member, binding(field), key(&field.key));
        let rest = rest(item, field);
        quote!(#member #binding #key #rest)
    });
    quote!({ #(#fields),* })
}

/// The type of a field, with its part in the walks.
fn rest(item: &Item<'_>, field: &Field<'_>) -> TokenStream {
    let ty = field.ty;
    match field.role {
        Role::Skip => quote!([skip] #ty),
        Role::Static => {
            let name = text::of(ty);
            quote!(= #name #ty)
        }
        Role::Module => {
            let schema = schema(item, field);
            match sharing(ty).is_some() || object(ty).is_some() {
                true => {
                    let doubting = module_trait(ty, Span::call_site());
                    quote!(as #ty: #doubting #schema)
                }
                false => quote!(: #ty #schema),
            }
        }
    }
}

/// The schema of a field whose type may hold the item, where it is not that of the type.
fn schema(item: &Item<'_>, field: &Field<'_>) -> Option<TokenStream> {
    let ty = field.ty;
    if field.recursive {
        let ty = recursion::marked(item, field);
        return Some(quote!({ <#ty as __nnx::Module>::SCHEMA }));
    }
    match recursion::cut(item, ty) {
        (cut, None) => mentions_self(item, ty).then(|| quote!({ <#cut as __nnx::Module>::SCHEMA })),
        (cut, Some(module)) => Some(quote! {
            {
                if __nnx::is_module(::core::module_path!(), #module) {
                    __nnx::schema_of::<#cut>()
                } else {
                    __nnx::schema_of::<#ty>()
                }
            }
        }),
    }
}

/// The name of a field's reference in the walks.
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
