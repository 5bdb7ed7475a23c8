//! From the tokens of a function and its options to what the other rooms work with.

mod function;
mod options;
mod parameters;
mod types;

pub(crate) use function::{NoFunction, function};
pub(crate) use options::{OptionValue, Options};
pub(crate) use parameters::{Form, Parameter, Role, can_be_named, take_marks};
pub(crate) use types::{floats, inside};

use nnx_macro_support::diagnostics::Errors;
use proc_macro2::TokenStream;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, ItemFn, Signature, Type};

/// A function under `#[nnx::jit]`.
pub(crate) struct Item {
    pub(crate) options: Options,
    /// The function with a plain name for each parameter, and without our marks.
    pub(crate) function: ItemFn,
    pub(crate) parameters: Vec<Parameter>,
}

/// Reads the options and the parameters; what is wrong with them goes to `errors`.
pub(crate) fn item(attribute: TokenStream, function: &ItemFn, errors: &mut Errors) -> Item {
    let options = options::parse(attribute, errors);
    let mut function = function.clone();
    peel(&mut function.sig);
    let parameters = parameters::parse(&mut function, &options.statics, errors);
    Item { options, function, parameters }
}

/// Takes the invisible brackets off the types that a `macro_rules!` macro was given.
fn peel(signature: &mut Signature) {
    struct Peel;
    impl VisitMut for Peel {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            while let Type::Group(group) = ty {
                *ty = (*group.elem).clone();
            }
            visit_mut::visit_type_mut(self, ty);
        }
    }
    Peel.visit_signature_mut(signature);
}

/// Whether this is another `#[nnx::jit]`.
pub(crate) fn is_jit(attribute: &Attribute) -> bool {
    let segments = &attribute.path().segments;
    match segments.len() {
        1 => segments[0].ident == "jit",
        2 => segments[0].ident == "nnx" && segments[1].ident == "jit",
        _ => false,
    }
}
