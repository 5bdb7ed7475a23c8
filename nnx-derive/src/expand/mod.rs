//! From a checked item to its impl.
//!
//! The impl stands in `const _: () = { … };`, where it can name the room of the expansions `__nnx`
//! without adding a name to the user's scope. Everything else is written with absolute paths.

mod recursion;
mod schema;
mod walks;

use crate::bounds;
use crate::parse::Item;
use nnx_macro_support::text::plain_name;
use proc_macro2::TokenStream;
use quote::quote;

/// The impl of `Module`.
pub(crate) fn module(item: &Item<'_>) -> TokenStream {
    let recursion = recursion::stand_in(item);
    let schema = schema::of(item);
    let flatten = walks::flatten(item);
    let flatten_mut = walks::flatten_mut(item);
    let unflatten = walks::unflatten(item);
    let where_clause = bounds::where_clause(item);
    let body = quote! {
        const SCHEMA: &'static __nnx::Schema = &#schema;

        #[inline]
        fn flatten<'__a, __V: __nnx::Visitor<'__a>>(&'__a self, __visitor: &mut __V) {
            #flatten
        }

        #[inline]
        fn flatten_mut<__V: __nnx::VisitorMut>(&mut self, __visitor: &mut __V) {
            #flatten_mut
        }

        #[inline]
        fn unflatten<__L: __nnx::Leaves>(&self, __leaves: &mut __L) -> Self {
            #unflatten
        }
    };
    in_const(item, &recursion, &implementation(item, &where_clause, &body))
}

/// An impl that does nothing, for an item with errors: whatever uses the item as a Module gives no
/// further errors.
pub(crate) fn placeholder(item: &Item<'_>) -> TokenStream {
    let name = plain_name(item.ident);
    let body = quote! {
        const SCHEMA: &'static __nnx::Schema = &__nnx::Schema::Struct(#name, &[]);
        fn flatten<'__a, __V: __nnx::Visitor<'__a>>(&'__a self, _: &mut __V) {}
        fn flatten_mut<__V: __nnx::VisitorMut>(&mut self, _: &mut __V) {}
        fn unflatten<__L: __nnx::Leaves>(&self, _: &mut __L) -> Self {
            ::core::unreachable!()
        }
    };
    let where_clause = bounds::placeholder_clause(item);
    in_const(item, &TokenStream::new(), &implementation(item, &where_clause, &body))
}

fn implementation(
    item: &Item<'_>,
    where_clause: &syn::WhereClause,
    body: &TokenStream,
) -> TokenStream {
    let ident = item.ident;
    let (impl_generics, type_generics, _) = item.generics.split_for_impl();
    quote! {
        #[automatically_derived]
        #[allow(deprecated, private_bounds)]
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
