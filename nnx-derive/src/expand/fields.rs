//! The fields of an item as the template `module!` takes them: each is named once, and the template writes
//! the constant `SCHEMA` and the three walks from that.

use super::recursion;
use crate::bounds::mentions_parameter;
use crate::parse::{Data, Field, Item, Key, Role};
use crate::recursion::mentions_self;
use nnx_macro_support::doubt;
use nnx_macro_support::text::{self, plain_name};
use nnx_macro_support::types::{Sharing, innermost, is_data, object, sharing};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};
use syn::{Member, Type};

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
            let is_open = |ty: &Type| mentions_parameter(item.generics, ty);
            let (doubt, schema) = (doubt::of(ty, &words, &is_open), schema(item, field));
            quote!(: #ty #doubt #schema)
        }
    }
}

/// The trait that says of a type with the name of one of the standard library's that it is not a Module.
fn words(ty: &Type) -> TokenStream {
    let inner = innermost(ty);
    match sharing(ty) {
        Some((Sharing::Counted, _)) if is_data(&inner) => quote!(__nnx::CountedData<#inner>),
        Some(_) if is_data(&inner) => quote!(__nnx::InteriorData<#inner>),
        Some((Sharing::Counted, _)) if matches!(inner, Type::TraitObject(_)) => {
            quote!(__nnx::CountedObject<#inner>)
        }
        Some((Sharing::Counted, _)) => quote!(__nnx::CountedField<#inner>),
        Some(_) => quote!(__nnx::InteriorField<#inner>),
        None => {
            let object = object(ty).unwrap_or(ty);
            quote!(__nnx::ObjectField<#object>)
        }
    }
}

/// The schema of a field whose type may hold the item, where it is not that of the type.
fn schema(item: &Item<'_>, field: &Field<'_>) -> Option<TokenStream> {
    let ty = field.ty;
    if field.recursive {
        let ty = recursion::marked(item, field);
        return Some(quote!({ __nnx::FieldWalk::<#ty>::SCHEMA }));
    }
    match recursion::cut(item, ty) {
        (cut, None) => {
            mentions_self(item, ty).then(|| quote!({ __nnx::FieldWalk::<#cut>::SCHEMA }))
        }
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
