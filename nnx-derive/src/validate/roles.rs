//! Whether a field's type can play the part that the field was given, as far as its name tells. What
//! a field under `skip` or `static` holds is asked of its type: `expand::checks`.

use super::types;
use crate::parse::{Field, Item, Role};
use crate::recursion;
use nnx_macro_support::diagnostics::{Errors, with_fixes};
use nnx_macro_support::text;
use syn::Type;

pub(super) fn field(item: &Item<'_>, field: &Field<'_>, errors: &mut Errors) {
    if field.role != Role::Module {
        return;
    }
    types::module(field.ty, errors);
    if let Some(other) = recursion::with_others(item, field.ty).filter(|_| !field.recursive) {
        errors.at(other, other_arguments(item, other));
    }
}

fn other_arguments(item: &Item<'_>, other: &Type) -> String {
    let (_, own, _) = item.generics.split_for_impl();
    let own = text::of(own);
    with_fixes(
        format!(
            "`{}` inside of `{name}{own}` is the same type with other arguments: the schema, a constant, \
             would have to go on in it without an end",
            text::of(other),
            name = item.ident,
        ),
        &[
            format!("hold a `{}{own}`", item.ident),
            "mark the field `#[module(recursive)]`: `path!` and the rules of tree mode then do not see \
             into it"
                .to_owned(),
        ],
    )
}
