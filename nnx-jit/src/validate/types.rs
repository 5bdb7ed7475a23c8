//! Types that a jitted function cannot take or return, found by their names.
//!
//! Names are all that a macro sees. What hides behind an alias is found by the traits.

use crate::parse::{floats, inside};
use nnx_macro_support::diagnostics::{Errors, with_fixes};
use nnx_macro_support::text::of as text;
use nnx_macro_support::types::{is_container, is_static_str, is_str, last_segment, type_arguments};
use syn::{
    GenericArgument, Generics, PathArguments, PathSegment, Type, TypeImplTrait, TypeParamBound,
    TypeReference, WherePredicate,
};

/// Where a type stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Parameter,
    Static,
    Result,
}

impl Place {
    /// The noun for a type at this place, for messages.
    fn noun(self) -> &'static str {
        match self {
            Place::Parameter => "an argument of a jitted function",
            Place::Static => "a static argument",
            Place::Result => "the result of a jitted function",
        }
    }
}

/// Reports what is wrong with the type of the parameter `name`, without its own `&` or `&mut`.
pub(super) fn parameter(
    name: &str,
    reference: Option<&TypeReference>,
    ty: &Type,
    errors: &mut Errors,
) {
    match (reference, ty) {
        (Some(reference), Type::Slice(slice)) => {
            errors.at(reference, borrowed_slice(reference, slice))
        }
        (Some(reference), ty) if is_str(ty) => errors.at(reference, borrowed_str(name)),
        _ => {
            report(Place::Parameter, ty, errors);
            for float in floats(ty) {
                errors.at(float, float_message(name, float, ty));
            }
        }
    }
}

/// Reports what is wrong with the type of a parameter that is marked static.
pub(super) fn static_parameter(name: &str, ty: &Type, errors: &mut Errors) {
    match ty {
        Type::Reference(reference) if !is_static_str(ty) => {
            let message = with_fixes(
                "a static argument is passed by value",
                &[format!("`#[nnx(static)] {name}: {}`", owned(&reference.elem))],
            );
            errors.at(reference, message);
        }
        _ => report(Place::Static, ty, errors),
    }
}

/// Reports that the type of a parameter is a type parameter that stands for closures.
pub(super) fn closure(ty: &Type, generics: &Generics, errors: &mut Errors) {
    let Type::Path(path) = ty else { return };
    let Some(name) = path.path.get_ident() else { return };
    let declared = generics.type_params().filter(|parameter| parameter.ident == *name);
    let declared = declared.flat_map(|parameter| &parameter.bounds);
    let clauses = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    let wanted = clauses.filter_map(|clause| match clause {
        WherePredicate::Type(clause) if clause.bounded_ty == *ty => Some(&clause.bounds),
        _ => None,
    });
    if declared.chain(wanted.flatten()).any(is_fn_bound) {
        errors.at(ty, function_message(Place::Parameter, &text(name)));
    }
}

/// Reports what is wrong with a return type.
pub(super) fn result(ty: &Type, errors: &mut Errors) {
    report(Place::Result, ty, errors);
}

fn report(place: Place, ty: &Type, errors: &mut Errors) {
    if let Some(message) = why_not(place, ty) {
        errors.at(ty, message);
        return;
    }
    for part in inside(ty) {
        report(place, part, errors);
    }
    // Whatever type this is, there is nothing borrowed in it.
    if let Some(last) = last_segment(ty).filter(|last| !is_container(last)) {
        for part in type_arguments(last) {
            borrows(place, part, errors);
        }
    }
}

fn borrows(place: Place, ty: &Type, errors: &mut Errors) {
    if let Type::Reference(reference) = ty {
        if !is_static_str(ty) {
            errors.at(ty, reference_message(place, reference));
        }
        return;
    }
    inside(ty).into_iter().for_each(|part| borrows(place, part, errors));
}

fn why_not(place: Place, ty: &Type) -> Option<String> {
    match ty {
        Type::Path(_) => borrowing(place, last_segment(ty)?),
        Type::Reference(_) if is_static_str(ty) => None,
        Type::Reference(reference) => Some(reference_message(place, reference)),
        Type::Slice(slice) => Some(slice_message(&slice.elem)),
        Type::Ptr(_) => Some(pointer_message(place)),
        Type::BareFn(function) if place != Place::Static => {
            Some(function_message(place, &text(function)))
        }
        Type::TraitObject(object) => Some(dyn_message(place, &text(object))),
        Type::ImplTrait(bounds) if is_closure(bounds) && place != Place::Static => {
            Some(function_message(place, &text(bounds)))
        }
        _ => None,
    }
}

/// A type with a lifetime in it borrows, which no Module does.
fn borrowing(place: Place, segment: &PathSegment) -> Option<String> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    let borrows = arguments.args.iter().any(|argument| match argument {
        GenericArgument::Lifetime(lifetime) => lifetime.ident != "static",
        _ => false,
    });
    borrows.then(|| {
        with_fixes(
            format!(
                "`{}` borrows, and what borrows cannot be {}: a Module owns its data",
                text(segment),
                place.noun()
            ),
            &["own the data: cloning an `Array` or a `Param` copies no data"],
        )
    })
}

fn reference_message(place: Place, reference: &TypeReference) -> String {
    let owned = owned(&reference.elem);
    match place {
        Place::Result => with_fixes(
            "a jitted function cannot return a reference: its results are new arrays",
            &[
                format!(
                    "return it by value: `{owned}` (cloning an `Array` or a `Param` copies no data)"
                ),
                "return nothing, and read the argument after the call".to_owned(),
            ],
        ),
        _ => with_fixes(
            "there cannot be a reference inside the type of an argument: `&` and `&mut` stand \
             before the whole type, and say whether it is updated",
            &[
                format!("own it: `{owned}` (cloning an `Array` or a `Param` copies no data)"),
                "take it in a parameter of its own".to_owned(),
            ],
        ),
    }
}

/// The owned form of what a reference points to.
fn owned(ty: &Type) -> String {
    match ty {
        Type::Slice(slice) => format!("Vec<{}>", text(&slice.elem)),
        ty if is_str(ty) => "String".to_owned(),
        other => text(other),
    }
}

fn borrowed_slice(reference: &TypeReference, slice: &syn::TypeSlice) -> String {
    let (mutable, element) = (reference.mutability.map_or("", |_| "mut "), text(&slice.elem));
    with_fixes(
        "a slice cannot be an argument of a jitted function: it does not own its elements",
        &[format!("`&{mutable}Vec<{element}>`"), format!("`&{mutable}[{element}; N]`")],
    )
}

fn borrowed_str(name: &str) -> String {
    with_fixes(
        "a string is static, part of the compiled program, and cannot be borrowed for the call",
        &[format!("`{name}: &'static str`"), format!("`{name}: String`")],
    )
}

fn slice_message(element: &Type) -> String {
    let element = text(element);
    with_fixes(
        "a slice has no known size",
        &[format!("`Vec<{element}>`"), format!("`[{element}; N]`")],
    )
}

fn pointer_message(place: Place) -> String {
    let fix = match place {
        Place::Result => "return the value itself",
        Place::Static => "take the value itself",
        Place::Parameter => "take the value itself, by `&`, or by `&mut` to update it",
    };
    with_fixes(
        format!(
            "a raw pointer cannot be {}: the program knows arrays, not addresses",
            place.noun()
        ),
        &[fix],
    )
}

fn function_message(place: Place, ty: &str) -> String {
    let noun = place.noun();
    match place {
        Place::Result => with_fixes(
            format!("`{ty}` cannot be {noun}: its results are arrays"),
            &["return what the function holds, as a struct that derives Module, with a method"],
        ),
        _ => with_fixes(
            format!("`{ty}` cannot be {noun}: there are no arrays in it to pass to the program"),
            &[
                "a plain function: `#[nnx(static)] f: fn(&Array) -> Array`",
                "a function with data: a struct that derives Module, with a method",
            ],
        ),
    }
}

fn dyn_message(place: Place, ty: &str) -> String {
    with_fixes(
        format!("`{ty}` cannot be {}: its arrays must be known when Rust compiles", place.noun()),
        &[
            "boxed, if the trait has `#[nnx::dyn_module]`: `Box<…>`, by `&` or `&mut`",
            "one of several types: an enum that derives Module, with a variant for each",
            "any type, chosen by the caller: a type parameter with the bound `Module`",
        ],
    )
}

fn is_closure(bounds: &TypeImplTrait) -> bool {
    bounds.bounds.iter().any(is_fn_bound)
}

fn is_fn_bound(bound: &TypeParamBound) -> bool {
    let TypeParamBound::Trait(bound) = bound else { return false };
    let last = bound.path.segments.last();
    last.is_some_and(|last| ["Fn", "FnMut", "FnOnce"].iter().any(|name| last.ident == name))
}

fn float_message(name: &str, float: &Type, ty: &Type) -> String {
    let array = match std::ptr::eq(float, ty) {
        true => format!("`{name}: &Array`, with `&Array::scalar(value)` at the call"),
        false => "an `Array` in its place, with `Array::scalar(value)` at the call".to_owned(),
    };
    let mark = match holds_tuple(ty) {
        // Marked as a whole, everything in it would have to be static.
        true => "take it in a parameter of its own with the mark `#[nnx(static)]`".to_owned(),
        false => format!("mark it: `#[nnx(static)] {name}: {}`", text(ty)),
    };
    with_fixes(
        "a float argument would compile the function again for every new value",
        &[array, format!("if it hardly ever changes, {mark}")],
    )
}

fn holds_tuple(ty: &Type) -> bool {
    matches!(ty, Type::Tuple(_)) || inside(ty).into_iter().any(holds_tuple)
}
