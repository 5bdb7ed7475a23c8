//! The check of a field under `skip` or `static` that needs its type: whether data would be lost in it.
//! A constant asks the type, and the names in it, for their schemas.

use super::recursion;
use crate::bounds::is_of_an_instance;
use crate::parse::{Field, Item, Role};
use nnx_macro_support::contents::{ends, part};
use nnx_macro_support::types::{is_float, is_setting, parts};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Type;

/// The checks of an item's fields, as statements.
#[derive(Default)]
pub(super) struct Checks {
    /// Those that are items by themselves, and that `cargo check` evaluates.
    pub(super) early: TokenStream,
    /// Those that name type parameters. They are part of the schema.
    pub(super) of_instances: TokenStream,
}

/// The checks of an item's fields.
pub(super) fn of(item: &Item<'_>) -> Checks {
    let mut checks = Checks::default();
    for field in item.fields().filter(|field| needs_check(field)) {
        let check = check(item, field);
        match is_of_an_instance(item.generics, field.ty) {
            true => checks.of_instances.extend(check),
            false => checks.early.extend(quote!(const _: () = { #check };)),
        }
    }
    let unmarked = item.fields().filter(|field| !field.is_marked);
    // nnx's own settings say in their docs what they are.
    for float in unmarked.filter(|_| !item.krate.is_own()).flat_map(floats) {
        // rustc warns of it, at the type.
        let (span, _) = ends(float);
        let warning = quote_spanned!(span=> __nnx::FLOAT_WITHOUT_A_MARK);
        checks.early.extend(quote!(const _: () = #warning;));
    }
    if !checks.of_instances.is_empty() {
        let of_instances = checks.of_instances;
        checks.of_instances = quote!(use __nnx::UnknownPart as _; #of_instances);
    }
    checks
}

/// The floats that a field's type shows.
fn floats<'t>(field: &Field<'t>) -> impl Iterator<Item = &'t Type> {
    parts(field.ty).into_iter().filter(|part| is_float(part))
}

/// Whether a field has a check: its type is looked at, in place of a Module's.
pub(super) fn needs_check(field: &Field<'_>) -> bool {
    let is_plain = |ty: &Type| is_setting(ty) || is_float(ty);
    field.role != Role::Module && !parts(field.ty).into_iter().all(is_plain)
}

fn check(item: &Item<'_>, field: &Field<'_>) -> TokenStream {
    let name = field.key.to_string();
    let ty = &recursion::cut(item, field.ty).0;
    let rule = match field.role {
        Role::Static => quote!(static_field),
        _ => quote!(skipped),
    };
    let part = part(ty);
    // So that the compiler points at the type.
    let (first, last) = ends(field.ty);
    let path = quote_spanned!(first=> __nnx::report);
    let arguments = quote_spanned!(last=> (&__nnx::#rule(#name, __nnx::part!(#part))));
    match is_of_an_instance(item.generics, field.ty) {
        true => quote!(#path #arguments;),
        false => quote!(use __nnx::UnknownPart as _; #path #arguments),
    }
}
