//! From a checked item to its impl.
//!
//! The impl is inside `const _: () = { … };`, where it can name the room of the expansions `__nnx`
//! without adding a name to the user's scope. Everything else is written with absolute paths.

mod checks;
mod recursion;
mod schema;
mod walks;

use crate::bounds;
use crate::parse::Item;
use nnx_macro_support::text::plain_name;
use proc_macro2::TokenStream;
use quote::quote;

/// The impl of `Module`; `aliases` are items that it needs.
pub(crate) fn module(item: &Item<'_>, aliases: &TokenStream) -> TokenStream {
    let recursion = recursion::stand_ins(item);
    let checks = checks::of(item);
    let schema = schema::of(item);
    let of_instances = checks.of_instances;
    let schema = match of_instances.is_empty() {
        true => schema,
        false => quote!({ #of_instances #schema }),
    };
    let flatten = walks::flatten(item);
    let flatten_mut = walks::flatten_mut(item);
    let unflatten = walks::unflatten(item);
    let where_clause = bounds::where_clause(item);
    let body = walks(&schema, &flatten, &flatten_mut, &unflatten);
    let mut implementation = implementation(item, &where_clause, &body);
    implementation.extend(checks.early);
    in_const(item, &quote!(#aliases #recursion), &implementation)
}

/// An impl that does nothing, for an item with errors: whatever uses the item as a Module gives no
/// further errors.
pub(crate) fn placeholder(item: &Item<'_>) -> TokenStream {
    let name = plain_name(item.ident);
    let schema = quote!(__nnx::Schema::Struct(#name, &[]));
    let nothing = TokenStream::new();
    let body = walks(&schema, &nothing, &nothing, &quote!(::core::unreachable!()));
    let where_clause = bounds::placeholder_clause(item);
    in_const(item, &TokenStream::new(), &implementation(item, &where_clause, &body))
}

/// The body of the impl; the template in `__nnx` writes the signatures.
fn walks(
    schema: &TokenStream,
    flatten: &TokenStream,
    flatten_mut: &TokenStream,
    unflatten: &TokenStream,
) -> TokenStream {
    quote! {
        __nnx::walks! { self __walker #schema, { #flatten } { #flatten_mut } { #unflatten } }
    }
}

fn implementation(
    item: &Item<'_>,
    where_clause: &syn::WhereClause,
    body: &TokenStream,
) -> TokenStream {
    let ident = item.ident;
    let (impl_generics, type_generics, _) = item.generics.split_for_impl();
    // Where a type is no Module, rustc lists some that are. nnx's own say nothing to a user. (Others stay
    // in the list, for where there is no prelude, there is no such attribute.)
    let unlisted = item.krate.is_own().then(|| quote!(#[diagnostic::do_not_recommend]));
    quote! {
        #[automatically_derived]
        #unlisted
        #[allow(
            deprecated,
            private_bounds,
            clippy::trait_duplication_in_bounds,
            clippy::type_repetition_in_bounds
        )]
        impl #impl_generics __nnx::Module for #ident #type_generics #where_clause {
            #body
        }
    }
}

fn in_const(item: &Item<'_>, recursion: &TokenStream, implementation: &TokenStream) -> TokenStream {
    let import = item.krate.import();
    quote! {
        const _: () = {
            #import
            #recursion
            #implementation
        };
    }
}
