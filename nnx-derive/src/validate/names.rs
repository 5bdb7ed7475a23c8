//! Names in paths.

use crate::parse::{Field, Item, Role};
use nnx_macro_support::diagnostics::Errors;

/// Two fields must not answer to one path.
pub(super) fn distinct(item: &Item<'_>, errors: &mut Errors) {
    for fields in item.field_lists() {
        let visible: Vec<_> = fields.iter().filter(|field| field.role != Role::Skip).collect();
        for (i, field) in visible.iter().enumerate() {
            if let Some(other) = clash(field, &visible, i) {
                let member = match &other.member {
                    syn::Member::Named(ident) => ident.to_string(),
                    syn::Member::Unnamed(index) => index.index.to_string(),
                };
                errors.at(
                    &field.renamed,
                    format!("the field `{member}` is called `{}` in paths already", field.key),
                );
            }
        }
    }
}

/// The field that has the name that `field` was given: one that comes before, or that was not
/// renamed itself and so is the one with the older right to it.
fn clash<'a, 'b>(
    field: &Field<'_>,
    fields: &[&'b Field<'a>],
    position: usize,
) -> Option<&'b Field<'a>> {
    field.renamed.as_ref()?;
    let older = |(i, other): &(usize, &&'b Field<'a>)| {
        *i != position && other.key == field.key && (*i < position || other.renamed.is_none())
    };
    fields.iter().enumerate().find(older).map(|(_, other)| *other)
}
