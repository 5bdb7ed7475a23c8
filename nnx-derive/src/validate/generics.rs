//! Lifetime parameters.

use crate::parse::{Item, Role};
use nnx_macro_support::diagnostics::{Errors, with_fixes};
use nnx_macro_support::types::parts;
use syn::{Lifetime, Type};

/// Rejects lifetime parameters, unless a reference with that lifetime is reported as a field.
pub(super) fn lifetimes(item: &Item<'_>, errors: &mut Errors) {
    for parameter in item.generics.lifetimes() {
        let lifetime = &parameter.lifetime;
        let mut modules = item.fields().filter(|field| field.role == Role::Module);
        let is_borrow = |ty: &Type| match ty {
            Type::Reference(reference) => reference.lifetime.as_ref() == Some(lifetime),
            _ => false,
        };
        if !modules.any(|field| parts(field.ty).into_iter().any(is_borrow)) {
            errors.at(lifetime, message(lifetime));
        }
    }
}

fn message(lifetime: &Lifetime) -> String {
    with_fixes(
        format!("a Module owns its data: it cannot have the lifetime parameter `{lifetime}`"),
        &["own the value (cloning an `Array` or a `Param` copies no data)"],
    )
}
