//! From a checked item to its impl.
//!
//! The impl is inside `const _: () = { … };`, where it can name the room of the expansions `__nnx`
//! without adding a name to the user's scope. Everything else is written with absolute paths.

mod checks;
mod fields;
mod recursion;

use crate::bounds;
use crate::parse::{Data, Item};
use crate::recursion::mentions_self;
use nnx_macro_support::text::plain_name;
use proc_macro2::TokenStream;
use quote::quote;

/// The impl of `Module`; `aliases` are items that it needs.
pub(crate) fn module(item: &Item<'_>, aliases: &TokenStream) -> TokenStream {
    let recursion = recursion::stand_ins(item);
    let checks = checks::of(item);
    let header = header(item, &bounds::where_clause(item));
    let (body, of_instances, early) = (fields::of(item), checks.of_instances, checks.early);
    let name = plain_name(item.ident);
    let form = match item.data {
        Data::Enum(_) => quote!(enum),
        Data::Struct(_) | Data::Union => quote!(struct),
    };
    // An item inside of the impl can name neither its parameters nor `Self`.
    let is_open = !item.generics.params.is_empty()
        || item.fields().any(|field| mentions_self(item, field.ty));
    let place = if is_open { quote!(body) } else { quote!(item) };
    let implementation = quote! {
        __nnx::module! { [#header] #place #form #name [#of_instances] #body }
        #early
    };
    in_const(item, &quote!(#aliases #recursion), &implementation)
}

/// An impl that does nothing, for an item with errors: whatever uses the item as a Module gives no
/// further errors.
pub(crate) fn placeholder(item: &Item<'_>) -> TokenStream {
    let name = plain_name(item.ident);
    let header = header(item, &bounds::placeholder_clause(item));
    let implementation = quote!(__nnx::module! { [#header] unusable #name });
    in_const(item, &TokenStream::new(), &implementation)
}

/// The first line of the impl, which the template in `__nnx` gives its body.
fn header(item: &Item<'_>, where_clause: &syn::WhereClause) -> TokenStream {
    let ident = item.ident;
    let (impl_generics, type_generics, _) = item.generics.split_for_impl();
    // Where a type is no Module, rustc lists some that are. nnx's own say nothing to a user. (Others stay
    // in the list, for where there is no prelude, there is no such attribute.)
    let unlisted = item.krate.is_own().then(|| quote!(#[diagnostic::do_not_recommend]));
    quote!(#unlisted impl #impl_generics __nnx::Module for #ident #type_generics #where_clause)
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
