//! Types that a jitted function cannot take or return, found by their names.
//!
//! Names are all that a macro sees. What hides behind an alias is found by the traits.

use crate::parse::{Role, floats, inside};
use nnx_macro_support::diagnostics::{Errors, with_fixes};
use nnx_macro_support::text::of as text;
use nnx_macro_support::types::{
    is_container, is_object_of_module, is_static_str, is_str, last_segment, object, type_arguments,
};
use syn::{
    GenericArgument, Generics, PathArguments, PathSegment, Type, TypeImplTrait, TypeParamBound,
    TypeReference, WherePredicate,
};

/// Where a type is.
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

/// Reports that the type of a parameter stands for closures: a type parameter with such a bound, or,
/// under the mark, an `impl Trait`. Under the mark it may be one if it is said to be a part of the key.
pub(super) fn closure(ty: &Type, role: Role, generics: &Generics, errors: &mut Errors) {
    let bounds: Vec<&TypeParamBound> = match ty {
        Type::ImplTrait(ty) if role == Role::Static => ty.bounds.iter().collect(),
        Type::Path(path) => path.path.get_ident().map_or_else(Vec::new, |name| {
            let declared = generics.type_params().filter(|parameter| parameter.ident == *name);
            let declared = declared.flat_map(|parameter| &parameter.bounds);
            let clauses = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
            let wanted = clauses.filter_map(|clause| match clause {
                WherePredicate::Type(clause) if clause.bounded_ty == *ty => Some(&clause.bounds),
                _ => None,
            });
            declared.chain(wanted.flatten()).collect()
        }),
        _ => return,
    };
    let is_of_the_key =
        |bound: &&TypeParamBound| is_bound(bound, &["Hash", "StaticArgument", "StaticValue"]);
    if !bounds.iter().any(|bound| is_fn_bound(bound)) {
        return;
    }
    match role {
        Role::Input => errors.at(ty, function_message(Place::Parameter, &text(ty))),
        Role::Static if bounds.iter().any(is_of_the_key) => {}
        Role::Static => errors.at(ty, static_closure_message(&text(ty))),
    }
}

/// Reports a primitive behind `&mut`.
pub(super) fn setting_behind_mut(name: &str, written: &Type, ty: &Type, errors: &mut Errors) {
    let ty = text(ty);
    let mut fixes = Vec::new();
    if ty != "String" && ty != "char" {
        fixes.push(format!(
            "a number that the program computes with: `{name}: &mut Array`, with `Array::scalar(value)` \
             before the first call"
        ));
    }
    fixes.push(format!("a setting: `{name}: {ty}`, and change it outside of the function"));
    let message = format!(
        "`&mut {ty}` cannot be an argument of a jitted function: a `{ty}` is static, part of the compiled \
         program, and with each new value the function would be compiled again"
    );
    errors.at(written, with_fixes(message, &fixes));
}

/// Reports what is wrong with a return type.
pub(super) fn result(ty: &Type, errors: &mut Errors) {
    report(Place::Result, ty, errors);
}

fn report(place: Place, ty: &Type, errors: &mut Errors) {
    if let (Place::Parameter, Some(reference)) = (place, reference_in_option(ty)) {
        errors.at(reference, optional_reference_message(reference));
        return;
    }
    if let Some(message) = why_not(place, ty) {
        errors.at(ty, message);
        return;
    }
    if let Some(object) = object(ty).filter(|object| is_object_of_module(object)) {
        errors.at(object, dyn_message(place, &text(object)));
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
                match last_segment(&reference.elem).filter(|last| last.ident == "Shared") {
                    Some(_) => format!(
                        "return another handle: `{owned}`, with `.clone()`; the caller gets the node itself"
                    ),
                    None => format!(
                        "return it by value: `{owned}` (cloning an `Array` or a `Param` copies no data)"
                    ),
                },
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

/// `&A` for `Option<&A>`.
fn reference_in_option(ty: &Type) -> Option<&TypeReference> {
    let option = last_segment(ty).filter(|last| last.ident == "Option")?;
    match type_arguments(option).next()? {
        ty if is_static_str(ty) => None,
        Type::Reference(reference) => Some(reference),
        _ => None,
    }
}

fn optional_reference_message(reference: &TypeReference) -> String {
    let owned = owned(&reference.elem);
    let (mutable, at_the_call) = match reference.mutability {
        None => (format!("`Option<{owned}>`"), ", with `.cloned()` at the call"),
        Some(_) => (format!("`&mut Option<{owned}>`"), ""),
    };
    with_fixes(
        "there cannot be a reference inside the type of an argument: `&` and `&mut` stand before the whole \
         type, and say whether it is updated",
        &[format!("{mutable}{at_the_call} (cloning an `Array` or a `Param` copies no data)")],
    )
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

fn static_closure_message(ty: &str) -> String {
    with_fixes(
        format!(
            "`{ty}` cannot be a static argument: static arguments are compared, as part of the key of a \
             compiled program, and nothing compares closures"
        ),
        &[
            "a plain function: `#[nnx(static)] f: fn(&Array) -> Array`",
            "a function with data: a struct that derives Module, with a method",
        ],
    )
}

fn dyn_message(place: Place, ty: &str) -> String {
    let boxed = match place {
        Place::Result => "boxed, if the trait has `#[nnx::dyn_module]`: `Box<…>`",
        _ => "boxed, if the trait has `#[nnx::dyn_module]`: `Box<…>`, by `&` or `&mut`",
    };
    with_fixes(
        format!("`{ty}` cannot be {}: its arrays must be known when Rust compiles", place.noun()),
        &[
            boxed,
            "one of several types: an enum that derives Module, with a variant for each",
            "any type, chosen by the caller: a type parameter with the bound `Module`",
        ],
    )
}

fn is_closure(bounds: &TypeImplTrait) -> bool {
    bounds.bounds.iter().any(is_fn_bound)
}

fn is_fn_bound(bound: &TypeParamBound) -> bool {
    is_bound(bound, &["Fn", "FnMut", "FnOnce"])
}

fn is_bound(bound: &TypeParamBound, traits: &[&str]) -> bool {
    let TypeParamBound::Trait(bound) = bound else { return false };
    let last = bound.path.segments.last();
    last.is_some_and(|last| traits.iter().any(|name| last.ident == name))
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
