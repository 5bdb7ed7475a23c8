//! Mistakes in items that cannot be Modules, each reported at its place.

mod generics;
mod names;
mod roles;
mod types;

use crate::parse::Item;
use nnx_macro_support::diagnostics::Errors;

/// Checks everything that the tokens of the item can tell.
pub(crate) fn item(item: &Item<'_>, errors: &mut Errors) {
    for field in item.fields() {
        roles::field(item, field, errors);
    }
    generics::lifetimes(item, errors);
    names::distinct(item, errors);
}
