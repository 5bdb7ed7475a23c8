//! From the tokens of an item to what the other rooms work with.

mod attributes;
mod container;
mod field;

pub(crate) use field::{Field, Key, Role};

use nnx_macro_support::Krate;
use nnx_macro_support::diagnostics::Errors;
use syn::{DeriveInput, Generics, Ident};

/// The item under `#[derive(Module)]`.
pub(crate) struct Item<'a> {
    /// Where the crate `nnx` is.
    pub(crate) krate: Krate,
    pub(crate) ident: &'a Ident,
    pub(crate) generics: &'a Generics,
    pub(crate) data: Data<'a>,
}

pub(crate) enum Data<'a> {
    Struct(Vec<Field<'a>>),
    Enum(Vec<Variant<'a>>),
    /// Rejected, but carried along so that it gets an impl.
    Union,
}

pub(crate) struct Variant<'a> {
    pub(crate) ident: &'a Ident,
    pub(crate) fields: Vec<Field<'a>>,
}

impl<'a> Item<'a> {
    /// Every field, of all variants.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &Field<'a>> {
        self.field_lists().flatten()
    }

    /// The fields of the struct, or of each variant.
    pub(crate) fn field_lists(&self) -> impl Iterator<Item = &Vec<Field<'a>>> {
        let (one, variants) = match &self.data {
            Data::Struct(fields) => (Some(fields), [].as_slice()),
            Data::Enum(variants) => (None, variants.as_slice()),
            Data::Union => (None, [].as_slice()),
        };
        one.into_iter().chain(variants.iter().map(|variant| &variant.fields))
    }
}

/// Reads the item; what is wrong with its attributes goes to `errors`.
pub(crate) fn item<'a>(input: &'a DeriveInput, errors: &mut Errors) -> Item<'a> {
    let krate = container::krate(&input.attrs, errors);
    let data = match &input.data {
        syn::Data::Struct(data) => Data::Struct(field::fields(&data.fields, errors)),
        syn::Data::Enum(data) => {
            Data::Enum(data.variants.iter().map(|v| variant(v, errors)).collect())
        }
        syn::Data::Union(data) => {
            errors.at(
                data.union_token,
                "a union cannot be a Module: nothing tells which of its fields holds a value\n\
                 fix: make it an enum",
            );
            Data::Union
        }
    };
    Item { krate, ident: &input.ident, generics: &input.generics, data }
}

fn variant<'a>(variant: &'a syn::Variant, errors: &mut Errors) -> Variant<'a> {
    container::no_options(&variant.attrs, errors);
    Variant { ident: &variant.ident, fields: field::fields(&variant.fields, errors) }
}
