//! The types that a type shows in itself, as the template `doubt!` takes them.

use crate::types::{
    elements, is_container, is_str, last_segment, may_be_constant, object, sharing, type_arguments,
};
use proc_macro2::TokenStream;
use quote::quote;
use syn::Type;

/// The brackets after the type, if there are any.
///
/// `words` is the trait that speaks of a type that is called `Rc`, `Cell` or the like, or that is an object in a box.
/// `is_open` says whether a type may have parameters: rustc says what bounds they need, of `Module` itself.
pub fn of(
    ty: &Type,
    words: &impl Fn(&Type) -> TokenStream,
    is_open: &impl Fn(&Type) -> bool,
) -> Option<TokenStream> {
    match ty {
        Type::Paren(inner) => return of(&inner.elem, words, is_open),
        Type::Group(inner) => return of(&inner.elem, words, is_open),
        _ => {}
    }
    match elements(ty) {
        Some(elements) if !elements.is_empty() && elements.iter().all(|ty| is_sized(ty)) => {
            let elements = modules(ty, elements).into_iter().map(|element| {
                let doubt = of(element, words, is_open);
                quote!((#element #doubt))
            });
            return Some(quote!([#(#elements)*]));
        }
        Some(_) => return None,
        None => {}
    }
    if sharing(ty).is_some() || object(ty).is_some() {
        let words = words(ty);
        return Some(quote!([as #words]));
    }
    // The trait of its kind says why a Variable is not one.
    if is_open(ty) || last_segment(ty).is_some_and(|last| last.ident == "Variable") {
        return Some(quote!([as __nnx::HoldsModules]));
    }
    // Of it nothing is asked, and its argument may be of any size.
    if last_segment(ty)?.ident == "PhantomData" {
        return None;
    }
    let arguments: Vec<&Type> = last_segment(ty).map(type_arguments)?.collect();
    if arguments.is_empty() || !arguments.iter().all(|ty| is_sized(ty)) {
        return None;
    }
    match arguments.iter().any(|ty| may_be_constant(ty)) {
        true => Some(quote!([as __nnx::HoldsModules])),
        false => Some(quote!([: #(#arguments),*])),
    }
}

/// Those of the elements that have to be Modules: of a map, the values.
fn modules<'t>(ty: &Type, elements: Vec<&'t Type>) -> Vec<&'t Type> {
    let is_map = last_segment(ty)
        .is_some_and(|last| is_container(last) && last.ident.to_string().ends_with("Map"));
    match is_map {
        true => elements.into_iter().skip(1).take(1).collect(),
        false => elements,
    }
}

fn is_sized(ty: &Type) -> bool {
    !matches!(ty, Type::Slice(_) | Type::TraitObject(_)) && !is_str(ty)
}
