//! Whether a field's type can play the part that the field was given.

use super::types;
use crate::parse::{Field, Role};
use nnx_macro_support::diagnostics::{Errors, with_fixes};
use syn::visit::{self, Visit};
use syn::{Ident, TypePath};

pub(super) fn field(field: &Field<'_>, errors: &mut Errors) {
    match field.role {
        Role::Module => types::module(field.ty, errors),
        Role::Static | Role::Skip => no_data(field, errors),
    }
}

/// Variables and arrays that the walks don't see would be constants of the compiled program.
fn no_data(field: &Field<'_>, errors: &mut Errors) {
    let mut search = Data(None);
    search.visit_type(field.ty);
    let Some(data) = search.0 else { return };
    let (option, why) = match field.role {
        Role::Static => ("static", "static data is hashed and compared, which arrays are not"),
        _ => ("skip", "a jitted function would go on with the value that it saw first"),
    };
    errors.at(
        data,
        with_fixes(
            format!("`{data}` cannot be under `{option}`: {why}"),
            &[
                format!("remove `{option}`: the walks then see `{data}` as data"),
                "to keep it from being trained, use another kind of Variable or leave it out of \
                 the filter that grad and the optimizer are given"
                    .to_owned(),
            ],
        ),
    );
}

/// The first name in a type that stands for numbers on a device.
struct Data<'a>(Option<&'a Ident>);

impl<'a> Visit<'a> for Data<'a> {
    fn visit_type_path(&mut self, ty: &'a TypePath) {
        if let Some(last) = ty.path.segments.last() {
            if last.ident == "PhantomData" {
                return;
            }
            let names = ["Array", "Variable", "Param", "LoRAParam"];
            if self.0.is_none() && names.iter().any(|name| last.ident == name) {
                self.0 = Some(&last.ident);
            }
        }
        visit::visit_type_path(self, ty);
    }

    // The arguments of functions are no data of theirs.
    fn visit_type_bare_fn(&mut self, _: &'a syn::TypeBareFn) {}
    fn visit_parenthesized_generic_arguments(&mut self, _: &'a syn::ParenthesizedGenericArguments) {
    }
}
