//! Mistakes in items that cannot be jitted, each reported at its place.

mod signature;
mod types;

use crate::parse::{Form, Item, Role};
use nnx_macro_support::diagnostics::Errors;
use nnx_macro_support::types::is_setting;
use syn::{ReturnType, Type};

/// Checks everything that the tokens of the function can tell.
pub(crate) fn item(item: &Item, errors: &mut Errors) {
    let signature = &item.function.sig;
    signature::check(signature, &item.function.attrs, errors);
    for parameter in &item.parameters {
        let (label, written) = (&parameter.label, &parameter.written);
        match (parameter.role, parameter.form, written) {
            (Role::Static, ..) => types::static_parameter(label, written, errors),
            (Role::Input, Form::Mut, Type::Reference(_)) if is_setting(&parameter.ty) => {
                types::setting_behind_mut(label, written, &parameter.ty, errors);
            }
            (Role::Input, Form::Ref | Form::Mut, Type::Reference(reference)) => {
                types::parameter(label, Some(reference), &reference.elem, errors);
            }
            (Role::Input, ..) => types::parameter(label, None, written, errors),
        }
    }
    for parameter in &item.parameters {
        types::closure(&parameter.ty, parameter.role, &signature.generics, errors);
    }
    if let ReturnType::Type(_, ty) = &signature.output {
        types::result(ty, errors);
    }
}
