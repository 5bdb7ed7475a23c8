//! Lifetime parameters.

use crate::diagnostics::{Errors, with_fixes};
use crate::parse::{Item, Role};
use syn::visit::{self, Visit};
use syn::{Lifetime, TypeReference};

/// Rejects lifetime parameters, unless a reference with that lifetime was reported already.
pub(super) fn lifetimes(item: &Item<'_>, errors: &mut Errors) {
    for parameter in item.generics.lifetimes() {
        let lifetime = &parameter.lifetime;
        let reported = item.fields().any(|field| {
            let mut search = Borrows { lifetime, found: false };
            search.visit_type(field.ty);
            search.found && field.role == Role::Module
        });
        if !reported {
            errors.at(lifetime, message(lifetime));
        }
    }
}

fn message(lifetime: &Lifetime) -> String {
    with_fixes(
        format!("a Module owns its data: it cannot have the lifetime parameter `{lifetime}`"),
        &["own the value (cloning an `Array` or a `Param` copies no data)".to_owned()],
    )
}

/// Looks for a reference with a certain lifetime.
struct Borrows<'a> {
    lifetime: &'a Lifetime,
    found: bool,
}

impl<'ast> Visit<'ast> for Borrows<'_> {
    fn visit_type_reference(&mut self, reference: &'ast TypeReference) {
        self.found |= reference.lifetime.as_ref() == Some(self.lifetime);
        visit::visit_type_reference(self, reference);
    }
}
