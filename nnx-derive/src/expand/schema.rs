//! The constant `SCHEMA`.

use super::recursion;
use crate::bounds::module_trait;
use crate::parse::{Data, Field, Item, Role};
use crate::recursion::mentions_self;
use nnx_macro_support::text::{self, plain_name};
use nnx_macro_support::types::{object, sharing};
use proc_macro2::{Span, TokenStream};
use quote::quote;

/// The `Schema` of the item.
pub(super) fn of(item: &Item<'_>) -> TokenStream {
    let name = plain_name(item.ident);
    match &item.data {
        Data::Struct(list) => {
            let fields = fields(item, list);
            quote!(__nnx::Schema::Struct(#name, #fields))
        }
        Data::Enum(variants) => {
            let variants = variants.iter().map(|variant| {
                let name = plain_name(variant.ident);
                let fields = fields(item, &variant.fields);
                quote!(__nnx::Variant { name: #name, fields: #fields })
            });
            quote!(__nnx::Schema::Enum(#name, &[#(#variants),*]))
        }
        Data::Union => TokenStream::new(),
    }
}

fn fields(item: &Item<'_>, fields: &[Field<'_>]) -> TokenStream {
    let fields = fields.iter().map(|field| {
        let name = field.key.to_string();
        let schema = field_schema(item, field);
        quote!(#name #schema)
    });
    quote!(__nnx::fields![#(#fields),*])
}

/// The part after the name of a field in `fields!`.
fn field_schema(item: &Item<'_>, field: &Field<'_>) -> TokenStream {
    match field.role {
        Role::Skip => quote!(),
        Role::Static => {
            let name = text::of(field.ty);
            quote!(= #name)
        }
        Role::Module if field.recursive => {
            let ty = recursion::marked(item, field);
            quote!(: #ty)
        }
        Role::Module => {
            let ty = field.ty;
            if (sharing(ty).is_some() || object(ty).is_some()) && !mentions_self(item, ty) {
                let module = module_trait(ty, Span::call_site());
                return quote!(=> <#ty as #module>::SCHEMA);
            }
            match recursion::cut(item, ty) {
                (cut, None) => quote!(: #cut),
                (cut, Some(module)) => quote! {
                    => if __nnx::is_module(::core::module_path!(), #module) {
                        __nnx::schema_of::<#cut>()
                    } else {
                        __nnx::schema_of::<#ty>()
                    }
                },
            }
        }
    }
}
